import csv
import tempfile
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

from ..metering import Refused, read_event

_BUFFER = 8 * 1024 * 1024


class Refusal(NamedTuple):
    """An event that was not taken, as its sender is told."""

    position: int
    event_id: str | None
    reason: str
    detail: str


class Ingested(NamedTuple):
    """What became of a batch. ``duplicates`` were stored before, unchanged."""

    accepted: int
    duplicates: int
    refusals: list


class IaasUsageEvent(models.Model):
    _inherit = "iaas.usage.event"

    @api.model
    def _ingest(self, entries, sources, partial=False, usage_import=None, now=None):
        """Take in usage events: the one way in, for HTTP, files and programs.

        An event is known by (source, id). Sent again as it is, it changes nothing;
        sent again with another content, it is refused. Every entry ends up stored,
        recognised as a duplicate, or refused with its position and reason.

        :param entries: iterable of ``metering.Entry``
        :param sources: the sources the sender may use, of one company
        :param partial: store the good events even if others are refused; otherwise
            one refused event keeps the whole batch out
        :param usage_import: the file import that the events come from
        :param now: when events without time happened; None refuses them
        :rtype: Ingested
        """
        sources.company_id.ensure_one()
        self = self.sudo()
        sources = sources.sudo()
        refusals = []
        self._stage(self._read_entries(entries, sources, refusals, now))
        self._get_staged_sources()._serialise()
        self._begin_check()
        self._check_stage(sources.company_id)
        self._mark_repeats()
        refusals += self._read_stage_refusals()
        refusals.sort(key=lambda refusal: refusal.position)
        if refusals and not partial:
            return Ingested(0, 0, refusals)
        counts = self._store_new(usage_import)
        return Ingested(counts.get("new", 0), counts.get("duplicate", 0), refusals)

    def _read_entries(self, entries, sources, refusals, now):
        """Yield the stage row of each well-formed entry; note the other ones."""
        meters = self.env["iaas.meter"]._get_by_code()
        allowed = {source.code: source.id for source in sources}
        known = set(
            self.env["iaas.usage.source"]
            .search([("company_id", "=", sources.company_id.id)])
            .mapped("code")
        )
        for entry in entries:
            try:
                if entry.refusal:
                    raise entry.refusal
                row = read_event(entry.event, entry.position, meters, now)
                if row.source not in allowed:
                    raise self._refused_source(row.source, known)
            except Refused as refused:
                event_id = (
                    entry.event.get("id") if isinstance(entry.event, dict) else None
                )
                event_id = event_id if isinstance(event_id, str) else None
                refusals.append(
                    Refusal(entry.position, event_id, refused.reason, refused.detail)
                )
            else:
                yield row._replace(source=allowed[row.source])

    def _refused_source(self, code, known):
        if code in known:
            return Refused(
                "source_not_allowed",
                f"events of source {code!r} are not taken from here",
            )
        return Refused("unknown_source", f"no active source has the code {code!r}")

    def _stage(self, rows):
        """Copy the rows into an empty temporary table."""
        cr = self.env.cr
        cr.execute(
            """
            CREATE TEMPORARY TABLE IF NOT EXISTS iaas_usage_stage (
                position integer, event_id text, source_id integer, meter_id integer,
                subject text, time timestamp, time_given boolean, value numeric,
                dimensions jsonb
            ) ON COMMIT DROP;
            TRUNCATE iaas_usage_stage
            """
        )
        with tempfile.SpooledTemporaryFile(
            _BUFFER, "w+", encoding="utf-8", newline=""
        ) as buffer:
            csv.writer(buffer).writerows(rows)
            buffer.seek(0)
            cr.copy_expert(
                """COPY iaas_usage_stage (position, event_id, source_id, meter_id,
                        subject, time, time_given, value, dimensions)
                   FROM STDIN WITH (FORMAT csv)""",
                buffer,
            )
        cr.execute("ANALYZE iaas_usage_stage (source_id, subject)")

    def _get_staged_sources(self):
        rows = self.env.execute_query(
            SQL("SELECT DISTINCT source_id FROM iaas_usage_stage")
        )
        return self.env["iaas.usage.source"].browse(source for (source,) in rows)

    def _check_stage(self, company):
        """Find the resource of each staged row, and what the row is."""
        self.env["iaas.resource"].flush_model(["external_ref", "company_id"])
        self._check(
            SQL(
                """
                SELECT stage.*, resource.id AS resource_id, NULL::text AS verdict
                  FROM iaas_usage_stage stage
                  LEFT JOIN iaas_resource resource
                    ON resource.external_ref = stage.subject
                   AND resource.company_id = %s
                """,
                company.id,
            )
        )

    def _read_stage_refusals(self):
        rows = self.env.execute_query(
            SQL(
                """SELECT position, event_id, verdict, subject, stored_time
                     FROM iaas_usage_checked
                    WHERE verdict NOT IN ('new', 'duplicate')"""
            )
        )
        refusals = []
        for position, event_id, verdict, subject, stored_time in rows:
            if verdict == "unknown_resource":
                detail = f"no resource has the reference {subject!r}"
            elif stored_time:
                detail = (
                    f"the source sent {event_id!r} before, for {stored_time}Z, with "
                    f"another content"
                )
            else:
                detail = f"{event_id!r} stands twice in this batch with another content"
            refusals.append(Refusal(position, event_id, verdict, detail))
        return refusals
