"""What a batch of statements needs to be rated, read in few queries.

``Terms`` answers which price and discount hold on which days, ``Usage`` how much each
resource has used in them, ``split_tracks`` which of it one price rates together,
``Charges`` what that comes to, ``Elapsed`` how much of a period is over. The amounts
themselves come from the pure packages ``pricing`` and ``metering``.
"""

from .charges import Charges
from .elapsed import Elapsed
from .terms import Segment, Terms
from .tracks import Part, Slice, split_tracks
from .usage import Usage

__all__ = [
    "Charges",
    "Elapsed",
    "Part",
    "Segment",
    "Slice",
    "Terms",
    "Usage",
    "split_tracks",
]
