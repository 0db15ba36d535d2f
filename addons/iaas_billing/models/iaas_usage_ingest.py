import csv
import tempfile
from typing import NamedTuple

from odoo import api, fields, models
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
        self._check_stage(sources.company_id)
        refusals += self._read_stage_refusals()
        refusals.sort(key=lambda refusal: refusal.position)
        if refusals and not partial:
            return Ingested(0, 0, refusals)
        accepted, duplicates = self._store_stage(usage_import)
        return Ingested(accepted, duplicates, refusals)

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
                dimensions jsonb,
                event_key uuid GENERATED ALWAYS AS (md5(event_id)::uuid) STORED
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
        cr.execute("ANALYZE iaas_usage_stage")

    def _get_staged_sources(self):
        rows = self.env.execute_query(
            SQL("SELECT DISTINCT source_id FROM iaas_usage_stage")
        )
        return self.env["iaas.usage.source"].browse(source for (source,) in rows)

    def _check_stage(self, company):
        """Find the resource of each staged row and say what it is: new, a duplicate
        of a stored or earlier staged event, or the reason why it is refused."""
        self.env["iaas.resource"].flush_model(["external_ref", "company_id"])
        self.env.cr.execute(
            SQL(
                """
                DROP TABLE IF EXISTS iaas_usage_checked;
                CREATE TEMPORARY TABLE iaas_usage_checked ON COMMIT DROP AS
                WITH staged AS (
                    SELECT stage.*, resource.id AS resource_id
                      FROM iaas_usage_stage stage
                      LEFT JOIN iaas_resource resource
                        ON resource.external_ref = stage.subject
                       AND resource.company_id = %s
                ), numbered AS (
                    SELECT staged.*,
                           row_number() OVER same_id AS number,
                           first_value(time) OVER same_id AS first_time,
                           first_value(value) OVER same_id AS first_value,
                           first_value(meter_id) OVER same_id AS first_meter_id,
                           first_value(resource_id) OVER same_id AS first_resource_id,
                           first_value(dimensions) OVER same_id AS first_dimensions
                      FROM staged
                    WINDOW same_id AS (
                        PARTITION BY source_id, event_key, resource_id IS NULL
                        ORDER BY position)
                )
                SELECT numbered.position, numbered.event_id, numbered.event_key,
                       numbered.source_id, numbered.meter_id, numbered.resource_id,
                       numbered.subject, numbered.time, numbered.value,
                       numbered.dimensions, stored.time AS stored_time,
                       CASE
                       WHEN numbered.resource_id IS NULL THEN 'unknown_resource'
                       WHEN stored.event_key IS NOT NULL THEN
                           CASE WHEN (stored.time = numbered.time
                                      OR NOT numbered.time_given)
                                 AND stored.value = numbered.value
                                 AND stored.meter_id = numbered.meter_id
                                 AND stored.resource_id = numbered.resource_id
                                 AND stored.dimensions
                                     IS NOT DISTINCT FROM numbered.dimensions
                           THEN 'duplicate' ELSE 'duplicate_id' END
                       WHEN numbered.number > 1 THEN
                           CASE WHEN numbered.first_time = numbered.time
                                 AND numbered.first_value = numbered.value
                                 AND numbered.first_meter_id = numbered.meter_id
                                 AND numbered.first_resource_id = numbered.resource_id
                                 AND numbered.first_dimensions
                                     IS NOT DISTINCT FROM numbered.dimensions
                           THEN 'duplicate' ELSE 'duplicate_id' END
                       ELSE 'new' END AS verdict
                  FROM numbered
                  LEFT JOIN iaas_usage_event stored
                    ON stored.source_id = numbered.source_id
                   AND stored.event_key = numbered.event_key
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

    def _store_stage(self, usage_import):
        """Store the new rows; return how many are new and how many duplicates."""
        counts = dict(
            self.env.execute_query(
                SQL("SELECT verdict, COUNT(*) FROM iaas_usage_checked GROUP BY verdict")
            )
        )
        accepted = counts.get("new", 0)
        if accepted:
            months = self.env.execute_query(
                SQL(
                    """SELECT DISTINCT date_trunc('month', time)::date
                         FROM iaas_usage_checked WHERE verdict = 'new'"""
                )
            )
            self._ensure_partitions(month for (month,) in months)
            # In the order of the unique index, which is then filled page by page.
            self.env.cr.execute(
                SQL(
                    """
                    INSERT INTO iaas_usage_event (
                        time, received_at, event_key, source_id, meter_id, resource_id,
                        import_id, value, event_id, dimensions)
                    SELECT time, %s, event_key, source_id, meter_id, resource_id, %s,
                           value, event_id, dimensions
                      FROM iaas_usage_checked
                     WHERE verdict = 'new'
                     ORDER BY time, source_id, event_key
                    """,
                    fields.Datetime.now(),
                    usage_import.id if usage_import else None,
                )
            )
            self.invalidate_model()
        return accepted, counts.get("duplicate", 0)
