"""What a sender may send: a token bucket, and bodies that must not swell.

Both are pure: the bucket is told the time, the inflater the limit.
"""

import zlib
from dataclasses import dataclass

from .events import Refused

_STEP = 1024 * 1024


class TooLarge(ValueError):
    """A body that is, or becomes, larger than the limit."""


def inflate(content, limit):
    """Decompress a gzip body, of one member or several.

    Never holds more than ``limit`` bytes of it, whatever the body would become.

    :raise TooLarge: above the limit
    :raise Refused: malformed_event, when it is not gzip or not whole

    >>> import gzip
    >>> inflate(gzip.compress(b"abc") + gzip.compress(b"d"), 4)
    b'abcd'
    """
    inflated = bytearray()
    while content:
        member = zlib.decompressobj(wbits=31)
        try:
            while not member.eof:
                room = limit - len(inflated) + 1
                inflated += member.decompress(content, min(room, _STEP))
                content = member.unconsumed_tail
                if len(inflated) > limit:
                    raise TooLarge(f"the body is larger than {limit} bytes")
                if not content and not member.eof:
                    # Nothing is left to read: what zlib still holds must end it.
                    inflated += member.decompress(b"", min(room, _STEP))
                    if len(inflated) > limit:
                        raise TooLarge(f"the body is larger than {limit} bytes")
                    if not member.eof:
                        raise Refused("malformed_event", "cut off gzip data")
        except zlib.error as error:
            raise Refused("malformed_event", f"not gzip data: {error}") from error
        # Padding of zeros may follow the last member.
        content = member.unused_data.lstrip(b"\0")
    return bytes(inflated)


@dataclass
class Bucket:
    """Holds up to a minute's allowance and fills again evenly.

    A sender may take as long as something is left, even if it takes more than that:
    a batch is never too large to be sent at all, it is paid for by waiting after.
    """

    per_minute: int
    left: object
    at: object

    @classmethod
    def full(cls, per_minute, now):
        return cls(per_minute, per_minute, now)

    def wait(self, now):
        """Seconds until something is left, 0 when there is something.

        >>> bucket = Bucket.full(60, 0)
        >>> bucket.take(90)
        >>> bucket.wait(0), bucket.wait(31), bucket.wait(100)
        (31, 0, 0)
        """
        self.left = min(
            self.per_minute, self.left + (now - self.at) * self.per_minute / 60
        )
        self.at = now
        if self.left > 0:
            return 0
        return int(-self.left * 60 / self.per_minute) + 1

    def take(self, amount):
        """Take what was sent."""
        self.left -= amount
