from collections import defaultdict
from datetime import date, timedelta
from typing import Any, NamedTuple

_DAY = timedelta(days=1)


class Part(NamedTuple):
    """Days, the last included, and what was used in them by these dimensions."""

    first: date
    last: date
    combinations: tuple[str, ...]


class Slice(NamedTuple):
    """What one price rates at once: consecutive days under one discount."""

    first: date
    last: date
    price: Any
    discount: Any
    parts: tuple[Part, ...]


def split_tracks(segments, last_day):
    """Usage of a product sorted by the price that rates it.

    A track is what prices of the same dimensions rate in a period, one after the
    other: tiers, free units and packages count all that one price rates, in whatever
    region it was used.

    :param segments: ``{combination: its Segments}``, each partitioning the period
    :return: ``{dimension key: its Slices, in order}``; what has no price is in the
        track of the price that is not there, ``None``
    """
    starts = sorted({segment.first for own in segments.values() for segment in own})
    tracks = defaultdict(list)
    for start, after in zip(starts, [*starts[1:], last_day + _DAY], strict=True):
        rated = defaultdict(list)
        for combination, own in segments.items():
            [segment] = [s for s in own if s.first <= start <= s.last]
            rated[segment.price].append((combination, segment))
        for price, found in rated.items():
            key = (price.dimension_key or "") if price else None
            # A border between segments stays one; that usage of other dimensions
            # leaves the track or joins it is none.
            goes_on = any(segment.first < start for _key, segment in found)
            part = Part(start, after - _DAY, tuple(combo for combo, _segment in found))
            if goes_on:
                tracks[key][-1] = _extend(tracks[key][-1], part)
            else:
                segment = found[0][1]
                tracks[key].append(
                    Slice(part.first, part.last, price, segment.discount, (part,))
                )
    return dict(sorted(tracks.items(), key=lambda item: item[0] or ""))


def _extend(slice_, part):
    parts = slice_.parts
    if parts[-1].combinations == part.combinations:
        parts = (*parts[:-1], parts[-1]._replace(last=part.last))
    else:
        parts = (*parts, part)
    return slice_._replace(last=part.last, parts=parts)
