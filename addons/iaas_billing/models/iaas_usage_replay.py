import json
import logging
from hashlib import md5

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..metering import Entry, decode_json, storable
from .iaas_usage_intake import UNKNOWN

_logger = logging.getLogger(__name__)
_CHUNK = 5_000
# What a person waits for; the rest is replayed in the background.
_AT_ONCE = 4


class IaasUsageQuarantine(models.Model):
    _inherit = "iaas.usage.quarantine"

    # === IN ===

    @api.model
    def _keep(self, source, pairs, usage_import=None, now=None):
        """Put refused events into quarantine; the same event is kept once.

        :param pairs: (``metering.Entry``, ``Refusal``)
        :param now: when events without time happened
        """
        groups = self._get_groups(
            source,
            {self._get_key(entry.event, refusal): refusal for entry, refusal in pairs},
        )
        received = fields.Datetime.now()
        for start in range(0, len(pairs), _CHUNK):
            rows = []
            for entry, refusal in pairs[start : start + _CHUNK]:
                came = _dump(entry.event)
                payload = came
                if now and entry.event.get("time") is None:
                    payload = _dump(entry.event | {"time": f"{now.isoformat()}Z"})
                group = groups[self._get_key(entry.event, refusal)]
                rows.append(
                    (
                        group.id,
                        group._get_event_state(),
                        storable(refusal.event_id or ""),
                        md5(came.encode(), usedforsecurity=False).hexdigest(),
                        payload,
                        storable(refusal.detail),
                    )
                )
            group_ids, states, event_ids, keys, payloads, details = map(
                list, zip(*rows, strict=True)
            )
            self.env.cr.execute(
                SQL(
                    """
                    INSERT INTO iaas_usage_quarantine_event (
                        quarantine_id, state, event_id, content_key, payload, detail,
                        source_id, company_id, import_id, received_at,
                        create_uid, create_date, write_uid, write_date)
                    SELECT new.*, %(source)s, %(company)s, %(file)s, %(now)s,
                           %(user)s, %(now)s, %(user)s, %(now)s
                      FROM unnest(%(groups)s::int[], %(states)s::text[],
                                  %(ids)s::text[], %(keys)s::text[],
                                  %(payloads)s::text[], %(details)s::text[]) AS new
                    ON CONFLICT (source_id, content_key) DO NOTHING
                    """,
                    source=source.id,
                    company=source.company_id.id,
                    file=usage_import.id if usage_import else None,
                    now=received,
                    user=self.env.uid,
                    groups=group_ids,
                    states=states,
                    ids=event_ids,
                    keys=keys,
                    payloads=payloads,
                    details=details,
                )
            )
        self.env["iaas.usage.quarantine.event"].invalidate_model()
        self.invalidate_model(["waiting_count", "event_ids"])

    @api.model
    def _get_key(self, event, refusal):
        """(reason, name) of the group that the event waits in."""
        if refusal.reason == "unknown_meter":
            return refusal.reason, event["type"]
        if refusal.reason == "unknown_resource":
            return refusal.reason, event["subject"]
        return refusal.reason, "-"

    def _get_event_state(self):
        """What was dismissed goes on being so when more of it arrives."""
        return "dismissed" if self.state == "dismissed" else "waiting"

    @api.model
    def _get_groups(self, source, reasons):
        """``{(reason, name): quarantine}``, made or opened again where needed.

        :param reasons: ``{(reason, name): Refusal}``
        """
        now = fields.Datetime.now()
        known = self.search(
            [
                ("source_id", "=", source.id),
                ("name", "in", [name for _reason, name in reasons]),
                ("reason", "in", [reason for reason, _name in reasons]),
            ]
        )
        groups = {(group.reason, group.name): group for group in known}
        groups = {key: group for key, group in groups.items() if key in reasons}
        again = self.browse().union(*groups.values())
        again.write({"last_seen": now})
        again.filtered(lambda group: group.state == "done").state = "open"
        owner = self._get_owner(source, source.company_id)
        missing = [key for key in reasons if key not in groups]
        made = self.create(
            [
                {
                    "reason": reason,
                    "name": name,
                    "source_id": source.id,
                    "company_id": source.company_id.id,
                    "first_seen": now,
                    "last_seen": now,
                    "user_id": owner.id,
                    "detail": storable(reasons[reason, name].detail),
                }
                for reason, name in missing
            ]
        )
        groups.update(zip(missing, made, strict=True))
        (again | made).filtered(lambda group: group.state == "open")._remind()
        return groups

    # === OUT ===

    def _start_replay(self):
        for group in self:
            group._map()
        self.write({"is_replaying": True, "replayed_until": 0})
        before = sum(self.mapped("waiting_count"))
        for group in self:
            for _chunk in range(_AT_ONCE):
                if not group.is_replaying:
                    break
                group._replay_chunk()
        if any(self.mapped("is_replaying")):
            self.env.ref("iaas_billing.ir_cron_usage_replay")._trigger()
        after = sum(self.mapped("waiting_count"))
        message = self.env._(
            "%(done)s event(s) left the quarantine here, %(waiting)s still wait.",
            done=before - after,
            waiting=after,
        )
        if after == before:
            message = self.env._(
                "Nothing left the quarantine: %(waiting)s event(s) still wait. Choose "
                "the meter or the resource that the source means, or make the one that "
                "is missing, and replay again.",
                waiting=after,
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if after < before else "warning",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _map(self):
        """Keep the mapping that the user chose as one of the source."""
        kind, target = "type", self.meter_id
        if self.reason == "unknown_resource":
            kind, target = "subject", self.resource_id
        if self.reason in UNKNOWN and target:
            self.env["iaas.usage.alias"]._map(self.source_id, kind, self.name, target)

    @api.model
    def _cron_replay(self):
        """Go on with large replays, one committed chunk after the other."""
        cron = self.env["ir.cron"]
        groups = self.search([("is_replaying", "=", True)])
        cron._commit_progress(remaining=len(groups))
        for group in groups:
            try:
                while group.is_replaying:
                    group._replay_chunk()
                    done = not group.is_replaying
                    if not cron._commit_progress(int(done)):
                        return
                    self.env.invalidate_all()
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                # Others send for the source now; the next round goes on here.
                self.env.cr.rollback()
            except Exception as error:  # noqa: BLE001 the other groups must go on
                self.env.cr.rollback()
                _logger.error("Replay of %s failed", group.name, exc_info=error)
                group.write({"is_replaying": False, "detail": storable(repr(error))})
                if not cron._commit_progress(1):
                    return
            self.env.invalidate_all()

    def _replay_chunk(self):
        """Send the next events once more through the one way in."""
        self.ensure_one()
        events = self.env["iaas.usage.quarantine.event"].search(
            [
                ("quarantine_id", "=", self.id),
                ("state", "=", "waiting"),
                ("id", ">", self.replayed_until),
            ],
            order="id",
            limit=_CHUNK,
        )
        for usage_import, part in events.grouped("import_id").items():
            self._replay(part, usage_import)
        if events:
            self.replayed_until = events[-1].id
        if len(events) < _CHUNK:
            self.write({"is_replaying": False, "replayed_until": 0})
            if not self.waiting_count:
                self._close("done")

    def _replay(self, events, usage_import):
        Event = self.env["iaas.usage.event"]
        entries = {
            event.id: Entry(event.id, "", decode_json(event.payload))
            for event in events
        }
        result = Event._ingest(
            Event._translate(entries.values(), Event._get_names(self.source_id)),
            self.source_id,
            partial=True,
            usage_import=usage_import or None,
        )
        refusals = {refusal.position: refusal for refusal in result.refusals}
        stored = events.filtered(lambda event: event.id not in refusals)
        stored.write({"state": "stored", "detail": False})
        keys = {
            event.id: self._get_key(entries[event.id].event, refusals[event.id])
            for event in events - stored
        }
        groups = self._get_groups(
            self.source_id, {key: refusals[event] for event, key in keys.items()}
        )
        for key, part in (events - stored).grouped(lambda one: keys[one.id]).items():
            part.write(
                {
                    "quarantine_id": groups[key].id,
                    "state": groups[key]._get_event_state(),
                }
            )
            for detail, alike in part.grouped(
                lambda one: refusals[one.id].detail
            ).items():
                alike.detail = storable(detail)
        self.invalidate_recordset()


def _dump(event):
    """ASCII, so that any character can be kept; numbers keep each digit."""
    return json.dumps(event, default=str, sort_keys=True)
