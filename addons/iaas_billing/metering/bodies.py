"""Reads the events out of an HTTP body, whatever it holds."""

from .events import Refused
from .formats import Entry, decode_json, decode_text, read_ndjson


def read_body(content, media_type):
    """The entries of a body, their positions counted from 0.

    :param content: bytes
    :param media_type: one of ``MEDIA_TYPES``
    :raise Refused: malformed_event, when the body as a whole is not what it says
    """
    return _READERS[media_type](decode_text(content))


def _read_one(text):
    event = decode_json(text)
    if isinstance(event, list):
        raise Refused(
            "malformed_event",
            "a batch: send it as application/cloudevents-batch+json",
        )
    return [Entry(0, "", event)]


def _read_batch(text):
    events = decode_json(text)
    if not isinstance(events, list):
        raise Refused("malformed_event", "not a JSON array of events")
    return [Entry(index, "", event) for index, event in enumerate(events)]


def _read_one_or_batch(text):
    single = text.lstrip()[:1] != "["
    return _read_one(text) if single else _read_batch(text)


def _read_lines(text):
    return [
        entry._replace(position=index) for index, entry in enumerate(read_ndjson(text))
    ]


_READERS = {
    "application/cloudevents+json": _read_one,
    "application/cloudevents-batch+json": _read_batch,
    "application/json": _read_one_or_batch,
    "application/x-ndjson": _read_lines,
    "application/ndjson": _read_lines,
    "application/jsonl": _read_lines,
}
MEDIA_TYPES = tuple(_READERS)
