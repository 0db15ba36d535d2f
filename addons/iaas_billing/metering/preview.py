"""Counts what a file holds before anything of it is stored."""

from decimal import Decimal, localcontext
from typing import NamedTuple

from .events import Refused, read_event
from .focus import NO_USAGE

_EXACT_DIGITS = 200


class Group(NamedTuple):
    """What a file holds of one type and subject."""

    count: int
    quantity: Decimal
    first: object
    last: object


class Preview:
    """Adds up entries: groups of good ones, counts of the others by reason."""

    def __init__(self, first_rows=10):
        #: ``{(meter id, subject): Group}``
        self.groups = {}
        #: ``{type: Group}`` of events whose type is no meter
        self.unknown_types = {}
        #: ``{reason: count}``
        self.refused = {}
        #: ``(position, event or None, detail)`` of the first lines
        self.rows = []
        self.received = 0
        self.ignored = 0
        self._first_rows = first_rows

    def add(self, entry, meters):
        """Count one entry of the file."""
        self.received += 1
        detail = ""
        try:
            if entry.refusal:
                raise entry.refusal
            row = read_event(entry.event, entry.position, meters)
        except Refused as refused:
            detail = refused.detail
            if refused.reason == NO_USAGE:
                self.ignored += 1
            elif refused.reason == "unknown_meter":
                self._grow(self.unknown_types, entry.event["type"], Decimal(0), None)
            else:
                self.refused[refused.reason] = self.refused.get(refused.reason, 0) + 1
        else:
            self._grow(self.groups, (row.meter_id, row.subject), row.value, row.time)
        if len(self.rows) < self._first_rows:
            self.rows.append((entry.position, entry.event, detail))

    @staticmethod
    def _grow(groups, key, value, time):
        old = groups.get(key)
        if old is None:
            groups[key] = Group(1, value, time, time)
            return
        with localcontext() as context:
            context.prec = _EXACT_DIGITS
            groups[key] = Group(
                old.count + 1,
                old.quantity + value,
                time and min(old.first, time),
                time and max(old.last, time),
            )
