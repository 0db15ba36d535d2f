from collections import defaultdict
from typing import NamedTuple

from odoo import api, models

from ..metering import NO_USAGE

UNKNOWN = ("unknown_meter", "unknown_resource")
_NO_NAMES = {}, {}, {}
# A batch that knows nobody here may name thousands; each is somebody's task.
_MOST_NAMES = 200


class TakenIn(NamedTuple):
    """What became of what a file or a pull brought.

    ``received`` is the sum of the others: nothing is lost.
    """

    received: int
    accepted: int
    duplicates: int
    quarantined: int
    ignored: int
    #: (``Entry``, ``Refusal``) of what was refused
    refused: list


class IaasUsageEvent(models.Model):
    _inherit = "iaas.usage.event"

    @api.model
    def _take_in(self, read, source, usage_import=None, keep_refused=False):
        """Take in what is good, keep what is not known in quarantine.

        Names are first translated by the mappings of the source, then everything goes
        through ``_ingest``, so that repetition changes nothing.

        :param read: called without arguments, gives the ``metering.Entry`` objects;
            called again, the same ones: files are read twice rather than kept
        :param source: the source of all of them
        :param usage_import: the file import they come from
        :param keep_refused: quarantine every refused event, for ways in where nobody
            would get the refusal
        :rtype: TakenIn
        """
        source.ensure_one()
        source = source.sudo()
        names = self._get_names(source)
        counts = {"received": 0, "ignored": 0}
        result = self._ingest(
            self._translate(self._count_usage(read(), counts), names),
            source,
            partial=True,
            usage_import=usage_import,
        )
        refused, quarantined = [], 0
        if result.refusals:
            refused, quarantined = self._keep_refusals(
                read, source, result.refusals, usage_import, keep_refused
            )
        return TakenIn(
            counts["received"],
            result.accepted,
            result.duplicates,
            quarantined,
            counts["ignored"],
            refused,
        )

    @api.model
    def _take_in_batch(self, entries, sources, now):
        """Take in a batch whole or not at all, of any of the sources.

        What names a meter or resource that nobody here knows is kept in quarantine,
        too: its sender is told, but it is here that it can be mended. Sent again after
        its replay it is a duplicate.

        :param entries: list of ``metering.Entry``
        :param now: when events without time happened
        :rtype: Ingested
        """
        sources = sources.sudo()
        result = self._ingest(self._translate_batch(entries, sources), sources, now=now)
        unknown = {
            refusal.position: refusal
            for refusal in result.refusals
            if refusal.reason in UNKNOWN
        }
        if unknown:
            self._keep_unknown(entries, unknown, sources, now)
        return result

    @api.model
    def _keep_unknown(self, entries, unknown, sources, now):
        """Keep refused events of a batch in quarantine, of so many names: its sender
        has them all still.

        :param unknown: ``{position: Refusal}``
        """
        quarantine = self.env["iaas.usage.quarantine"].sudo()
        kept, names = defaultdict(list), set()
        for entry in entries:
            if refusal := unknown.get(entry.position):
                names.add(quarantine._get_key(entry.event, refusal))
                if len(names) > _MOST_NAMES:
                    break
                kept[_source_code(entry)].append((entry, refusal))
        for source in sources.filtered(lambda source: source.code in kept):
            # Others may be about to keep the same names.
            source._serialise()
            quarantine._keep(source, kept[source.code], now=now)

    @api.model
    def _translate_batch(self, entries, sources):
        """``_translate`` by the mappings of the source that each entry names."""
        mapped = (
            self.env["iaas.usage.alias"]
            .sudo()
            ._read_group([("source_id", "in", sources.ids)], ["source_id"])
        )
        names = {source.code: self._get_names(source) for (source,) in mapped}
        if not names:
            return entries
        return (
            translated
            for entry in entries
            for translated in self._translate(
                [entry], names.get(_source_code(entry), _NO_NAMES)
            )
        )

    @api.model
    def _get_names(self, source):
        """``{(kind, name): what we call it}`` and the meter per type of the source.

        A code of ours always means itself: a mapping never hides a meter.
        """
        meters = self.env["iaas.meter"]._get_by_code()
        types, subjects = {}, {}
        aliases = self.env["iaas.usage.alias"].sudo()
        for alias in aliases.search([("source_id", "=", source.id)]):
            if alias.kind == "type" and alias.meter_id.active:
                types[alias.name] = alias.meter_id.code
            elif alias.kind == "subject":
                subjects[alias.name] = alias.resource_id.external_ref
        types = {name: code for name, code in types.items() if name not in meters}
        known = meters | {name: meters[code] for name, code in types.items()}
        return types, subjects, known

    @api.model
    def _count_usage(self, entries, counts):
        """Pass on the entries that state use, counting all."""
        for entry in entries:
            counts["received"] += 1
            if entry.refusal and entry.refusal.reason == NO_USAGE:
                counts["ignored"] += 1
            else:
                yield entry

    @api.model
    def _translate(self, entries, names):
        """Put our names in the place of those of the source."""
        types, subjects, meters = names
        for entry in entries:
            event = entry.event
            if isinstance(event, dict):
                changes = {}
                event_type, subject = event.get("type"), event.get("subject")
                if isinstance(event_type, str) and event_type in types:
                    changes["type"] = types[event_type]
                    changes["data"] = self._under_property(
                        event.get("data"), meters[event_type].value_property
                    )
                if isinstance(subject, str) and subject in subjects:
                    changes["subject"] = subjects[subject]
                if changes:
                    entry = entry._replace(event=event | changes)
            yield entry

    @api.model
    def _under_property(self, data, value_property):
        """The value of an event that was read before its meter was known stands under
        ``value``; put it where the meter looks for it."""
        if not isinstance(data, dict) or value_property in data or "value" not in data:
            return data
        data = dict(data)
        data[value_property] = data.pop("value")
        return data

    @api.model
    def _keep_refusals(self, read, source, refusals, usage_import, keep_refused):
        """Put unknown names (or all that was refused) into quarantine.

        :return: ([(entry, refusal)] of the rest, how many are in quarantine)
        """
        by_position = {refusal.position: refusal for refusal in refusals}
        rest, kept = [], []
        for entry in read():
            refusal = by_position.get(entry.position)
            if not refusal:
                continue
            if isinstance(entry.event, dict) and (
                keep_refused or refusal.reason in UNKNOWN
            ):
                kept.append((entry, refusal))
            else:
                rest.append((entry, refusal))
        self.env["iaas.usage.quarantine"].sudo()._keep(source, kept, usage_import)
        return rest, len(kept)


def _source_code(entry):
    code = entry.event.get("source") if isinstance(entry.event, dict) else None
    return code if isinstance(code, str) else None
