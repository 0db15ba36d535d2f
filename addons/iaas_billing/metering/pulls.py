"""Turns what metering systems answer into usage events.

Each answer is a decoded JSON document, its numbers ``int`` or ``Decimal``. Events get
ids made of what was measured, of whom and when: fetched twice, they are the same.
"""

import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import NamedTuple

from .events import Refused
from .tables import identity, time_text

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_COMPACT_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z", re.ASCII)
_EPOCH = datetime(1970, 1, 1)


def pick(document, path):
    """What stands under a path like ``data.items[0].id``; None where nothing does.

    >>> pick({"data": [{"id": 7}]}, "data[0].id")
    7
    >>> pick({"data": 1}, "$")
    {'data': 1}
    """
    found = document
    for name, index in _STEP.findall(path.removeprefix("$").lstrip(".")):
        if name and isinstance(found, dict):
            found = found.get(name)
        elif index and isinstance(found, list) and int(index) < len(found):
            found = found[int(index)]
        else:
            return None
    return found


def _malformed(what):
    return Refused("malformed_event", what)


# --- CloudKitty v2 dataframes -------------------------------------------------------


def read_cloudkitty(document, source, subject_path, meters):
    """The events of a page of CloudKitty's ``GET /v2/dataframes``.

    A point of a metric becomes an event of the type of that name at the beginning of
    its period, with what it was grouped by and its metadata as dimensions.

    :param subject_path: where a point names its resource, e.g. ``groupby.id``
    :return: (events, how many points there are in all)
    :raise Refused: when the document is something else
    """
    frames = document.get("dataframes") if isinstance(document, dict) else None
    if not isinstance(frames, list):
        raise _malformed("the answer has no list of dataframes")
    events = []
    for frame in frames:
        begin, end = (
            iso_time(pick(frame, f"period.{name}")) for name in ("begin", "end")
        )
        usage = pick(frame, "usage")
        if not isinstance(usage, dict):
            raise _malformed("a dataframe has no usage")
        for metric, points in usage.items():
            if not isinstance(points, list):
                raise _malformed(f"the usage of {metric!r} is no list")
            for point in points:
                events.append(
                    _cloudkitty_event(
                        metric, point, begin, end, source, subject_path, meters
                    )
                )
    total = document.get("total")
    return events, total if isinstance(total, int) else None


def _cloudkitty_event(metric, point, begin, end, source, subject_path, meters):
    groupby = pick(point, "groupby") or {}
    metadata = pick(point, "metadata") or {}
    if not isinstance(groupby, dict) or not isinstance(metadata, dict):
        raise _malformed(f"a point of {metric!r} is not as CloudKitty writes it")
    data = {**metadata, **groupby, "unit": pick(point, "vol.unit")}
    data = {name: value for name, value in data.items() if value not in (None, "")}
    data[_property(metric, meters)] = pick(point, "vol.qty")
    return {
        "specversion": "1.0",
        "id": identity(
            "cloudkitty",
            [metric, begin, end, sorted(groupby.items()), sorted(metadata.items())],
        ),
        "source": source,
        "type": metric,
        "subject": _text(pick(point, subject_path)),
        "time": begin,
        "data": data,
    }


# --- Prometheus range queries -------------------------------------------------------


class Series(NamedTuple):
    """How the samples of a Prometheus query become events."""

    type: str
    subject_label: str
    step: int
    #: a sample tells of the step that ends with it, as ``increase()`` does, and is
    #: dated at its beginning: else midnight's would fall into the next period
    covers_step: bool = False
    #: a series that ends means that its level is zero from then on
    ends_at_zero: bool = False


def read_prometheus(document, source, series, start, end, meters, alive=None):
    """The events of the answer to a range query over the samples in [start, end).

    :param start: unix time of the first sample, a multiple of the step
    :param alive: ``{key: labels}`` of the series that had a sample before ``start``;
        only looked at when series end at zero
    :return: (events, the series that have one now, in the same form)
    :raise Refused: when the document is something else
    """
    levels = _read_series(document, start, end)
    if series.ends_at_zero:
        for key, labels in (alive or {}).items():
            levels.setdefault(key, (labels, {}))
    events, still = [], {}
    for key, (labels, samples) in levels.items():
        if series.ends_at_zero:
            is_alive = key in (alive or {})
            for moment in range(start, end, series.step):
                if moment in samples:
                    is_alive = True
                elif is_alive:
                    samples[moment], is_alive = "0", False
            if is_alive:
                still[key] = labels
        events += [
            _sample_event(labels, moment, value, source, series, meters)
            for moment, value in sorted(samples.items())
        ]
    return events, still


def _read_series(document, start, end):
    """``{key: (labels, {unix time: value})}`` of the samples in [start, end)."""
    if pick(document, "status") != "success":
        raise _malformed(f"Prometheus answers: {pick(document, 'error')}")
    result = pick(document, "data.result")
    if pick(document, "data.resultType") != "matrix" or not isinstance(result, list):
        raise _malformed("the answer is no matrix")
    found = {}
    for one in result:
        labels, values = pick(one, "metric"), pick(one, "values")
        if not isinstance(labels, dict) or not isinstance(values, list):
            raise _malformed("a series is not as Prometheus writes it")
        samples = {}
        for sample in values:
            if not isinstance(sample, list) or len(sample) != 2:
                raise _malformed("a sample is not as Prometheus writes it")
            if not _is_number(sample[0]):
                raise _malformed(f"{sample[0]!r} is no time of a sample")
            if start <= sample[0] < end:
                samples[int(sample[0])] = sample[1]
        found[identity("series", sorted(labels.items()))] = (labels, samples)
    return found


def _sample_event(labels, moment, value, source, series, meters):
    data = {name: label for name, label in labels.items() if name != "__name__"}
    data[_property(series.type, meters)] = value
    if series.covers_step:
        moment -= series.step
    time = (_EPOCH + timedelta(seconds=moment)).isoformat() + "Z"
    return {
        "specversion": "1.0",
        "id": identity("prometheus", [series.type, sorted(labels.items()), moment]),
        "source": source,
        "type": series.type,
        "subject": _text(labels.get(series.subject_label)),
        "time": time,
        "data": data,
    }


# --- Any JSON -----------------------------------------------------------------------


class Paths(NamedTuple):
    """Where the items of a JSON answer stand and what of them is what."""

    items: str
    subject: str
    time: str
    value: str
    type: str = ""
    id: str = ""
    fixed_type: str = ""
    #: (name of the dimension, path)
    dimensions: tuple = ()


def read_json(document, source, paths, meters):
    """The events of a page of any JSON endpoint.

    :raise Refused: when there is no list of items
    """
    items = pick(document, paths.items)
    if not isinstance(items, list):
        raise _malformed(f"there is no list under {paths.items!r}")
    return [_json_event(item, source, paths, meters) for item in items]


def _json_event(item, source, paths, meters):
    event_type = _text(pick(item, paths.type)) if paths.type else paths.fixed_type
    data = {name: pick(item, path) for name, path in paths.dimensions}
    data = {name: value for name, value in data.items() if value not in (None, "")}
    subject = _text(pick(item, paths.subject))
    time = iso_time(pick(item, paths.time))
    event_id = _text(pick(item, paths.id)) if paths.id else ""
    if not paths.id:
        event_id = identity("json", [event_type, subject, time, sorted(data.items())])
    data[_property(event_type, meters)] = pick(item, paths.value)
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": event_type,
        "subject": subject,
        "time": time,
        "data": data,
    }


def _property(event_type, meters):
    meter = meters.get(event_type)
    return meter.value_property if meter else "value"


def _is_number(value):
    if isinstance(value, Decimal):
        return value.is_finite()
    return isinstance(value, int) and not isinstance(value, bool)


def _text(value):
    if value is None or isinstance(value, bool | dict | list):
        return ""
    return str(value)


def iso_time(value):
    """A time of a JSON answer, ISO 8601 or unix seconds, as RFC 3339 text.

    >>> iso_time(1767225600)
    '2026-01-01T00:00:00Z'
    """
    if _is_number(value):
        try:
            moment = _EPOCH + timedelta(microseconds=int(value * 1_000_000))
        except (OverflowError, ValueError):
            return str(value)
        return moment.isoformat() + "Z"
    text = _text(value)
    # The short form that CloudKitty also writes.
    if match := _COMPACT_TIME.fullmatch(text):
        text = "{}-{}-{}T{}:{}:{}Z".format(*match.groups())
    return time_text(text, zone=timezone.utc)
