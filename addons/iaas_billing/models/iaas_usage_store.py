from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .iaas_meter import SUMMED
from .usage_identity import content, identity

_ATTEMPTS = 10
_SAME = SQL(
    """stored.content = checked.content
       AND (stored.time = checked.time OR NOT checked.time_given)"""
)
# By the index, one after the other in its order: what is stored is far more than any
# batch, whatever the planner believes. (OFFSET 0 keeps it from choosing otherwise.)
_STORED = SQL(
    """SELECT stored.time, stored.content
         FROM iaas_usage_key stored
        WHERE stored.key_high = checked.key_high
          AND stored.key_low = checked.key_low
          AND checked.verdict = 'new'
       OFFSET 0"""
)


class IaasUsageEvent(models.Model):
    """Storing: what came in, staged in rows, becomes events, keys and daily sums."""

    _inherit = "iaas.usage.event"

    @api.model
    def _begin_check(self):
        """Make the empty temporary table of what the staged rows are found to be."""
        # What has a fixed width comes first: it is read without looking at the rest.
        self.env.cr.execute(
            """
            CREATE TEMPORARY TABLE IF NOT EXISTS iaas_usage_checked (
                key_high bigint, key_low bigint, content bigint, time timestamp,
                position integer, source_id integer, meter_id integer,
                resource_id integer, time_given boolean, verdict text, value numeric,
                event_id text, dimensions jsonb, subject text, stored_time timestamp
            ) ON COMMIT DROP;
            TRUNCATE iaas_usage_checked
            """
        )

    @api.model
    def _check(self, staged, dimensions_hash=None, compare=True):
        """Say of each staged row what it is: new, a duplicate of a stored event, or
        the reason why it is refused.

        :param staged: query of the rows, with a ``verdict`` where one is known already
        :param dimensions_hash: the column of ``staged`` that holds it, where one does
        :param compare: whether to look the events up among the stored ones now, or
            only if it turns out that they are not all new
        """
        high, low = identity("staged")
        # OFFSET 0: each expression is computed once, wherever it is used.
        checked = SQL(
            """
            SELECT staged.position, staged.event_id, %(high)s AS key_high,
                   %(low)s AS key_low, staged.source_id, staged.meter_id,
                   staged.resource_id,
                   CASE WHEN staged.resource_id IS NULL THEN staged.subject END
                       AS subject,
                   staged.time, staged.value, staged.dimensions,
                   %(content)s AS content, staged.time_given,
                   CASE WHEN staged.verdict IS NOT NULL THEN staged.verdict
                        WHEN staged.resource_id IS NULL THEN 'unknown_resource'
                        ELSE 'new' END AS verdict
              FROM (%(staged)s OFFSET 0) staged
            """,
            high=high,
            low=low,
            content=content("staged", dimensions_hash),
            staged=staged,
        )
        if compare:
            checked = SQL(
                """
                SELECT checked.position, checked.event_id, checked.key_high,
                       checked.key_low, checked.source_id, checked.meter_id,
                       checked.resource_id, checked.subject, checked.time,
                       checked.value, checked.dimensions, checked.content,
                       checked.time_given, stored.time AS stored_time,
                       CASE WHEN stored.time IS NULL THEN checked.verdict
                            WHEN %s THEN 'duplicate' ELSE 'duplicate_id' END AS verdict
                  FROM (%s ORDER BY key_high) checked
                  LEFT JOIN LATERAL (%s) stored ON TRUE
                """,
                _SAME,
                checked,
                _STORED,
            )
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO iaas_usage_checked (
                    position, event_id, key_high, key_low, source_id, meter_id,
                    resource_id, subject, time, value, dimensions, content, time_given,
                    %s verdict)
                %s
                """,
                SQL("stored_time,") if compare else SQL(),
                checked,
            )
        )
        self.env.cr.execute(
            "ANALYZE iaas_usage_checked (verdict, time, meter_id, resource_id)"
        )

    @api.model
    def _compare(self):
        """Look the new rows up among the stored events."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE iaas_usage_checked
                   SET stored_time = found.time, verdict = found.verdict
                  FROM (SELECT checked.position, stored.time,
                               CASE WHEN %s THEN 'duplicate' ELSE 'duplicate_id' END
                                   AS verdict
                          FROM (SELECT * FROM iaas_usage_checked
                                 WHERE verdict = 'new' ORDER BY key_high) checked
                         CROSS JOIN LATERAL (%s) stored
                       ) found
                 WHERE iaas_usage_checked.position = found.position
                """,
                _SAME,
                _STORED,
            )
        )

    @api.model
    def _mark_repeats(self):
        """Mark the new rows whose event stands earlier in the same batch."""
        self.env.cr.execute(
            """
            UPDATE iaas_usage_checked checked
               SET verdict = CASE WHEN checked.content = repeated.first_content
                                   AND checked.time = repeated.first_time
                             THEN 'duplicate' ELSE 'duplicate_id' END
              FROM (SELECT position,
                           row_number() OVER same_event AS number,
                           first_value(content) OVER same_event AS first_content,
                           first_value(time) OVER same_event AS first_time
                      FROM iaas_usage_checked
                     WHERE verdict = 'new'
                    WINDOW same_event AS (
                        PARTITION BY key_high, key_low ORDER BY position)
                   ) repeated
             WHERE repeated.number > 1 AND checked.position = repeated.position
            """
        )
        return self.env.cr.rowcount

    @api.model
    def _count_verdicts(self):
        """``{verdict: rows}`` of what was checked."""
        return dict(
            self.env.execute_query(
                SQL("SELECT verdict, COUNT(*) FROM iaas_usage_checked GROUP BY verdict")
            )
        )

    @api.model
    def _store_new(self, usage_import=None):
        """Store the new rows: their keys, the events, and their daily sums.

        :return: how many rows there are by verdict
        """
        counts = self._store_keys()
        if not counts.get("new"):
            return counts
        months = self.env.execute_query(
            SQL(
                """SELECT DISTINCT date_trunc('month', time)::date
                     FROM (SELECT DISTINCT time FROM iaas_usage_checked
                            WHERE verdict = 'new') moments"""
            )
        )
        self._ensure_partitions(month for (month,) in months)
        self.env["iaas.meter"].flush_model(["aggregation"])
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO iaas_usage_event (
                    time, received_at, source_id, meter_id, resource_id, import_id,
                    summed, value, event_id, dimensions)
                SELECT checked.time, %(now)s, checked.source_id, checked.meter_id,
                       checked.resource_id, %(usage_import)s,
                       meter.aggregation = ANY(%(summed)s), checked.value,
                       checked.event_id, checked.dimensions
                  FROM iaas_usage_checked checked
                  JOIN (SELECT id, aggregation FROM iaas_meter OFFSET 0) meter
                    ON meter.id = checked.meter_id
                 WHERE checked.verdict = 'new'
                """,
                now=fields.Datetime.now(),
                usage_import=usage_import.id if usage_import else None,
                summed=list(SUMMED),
            )
        )
        self.env["iaas.usage.daily"]._add(
            SQL("SELECT * FROM iaas_usage_checked WHERE verdict = 'new'"),
            SQL("event.key_high"),
        )
        self.invalidate_model()
        return counts

    def _store_keys(self):
        """Store the keys of the new rows, each once; return the rows by verdict.

        As ever so often all of them are new, and then nothing need be looked up or
        sorted to see it: their unique index tells.
        """
        counts = self._count_verdicts()
        for _attempt in range(_ATTEMPTS):
            try:
                with self.env.cr.savepoint(flush=False):
                    self.env.cr.execute(
                        """
                        INSERT INTO iaas_usage_key (key_high, key_low, time, content)
                        SELECT key_high, key_low, time, content
                          FROM iaas_usage_checked
                         WHERE verdict = 'new'
                         ORDER BY key_high, key_low
                        """,
                        log_exceptions=False,
                    )
                return counts
            except UniqueViolation:
                self._compare()
                self._mark_repeats()
                counts = self._count_verdicts()
        # In a transaction that does not see what others stored since it began, this
        # says that it must begin again.
        self.env.cr.execute(
            """
            INSERT INTO iaas_usage_key (key_high, key_low, time, content)
            SELECT key_high, key_low, time, content
              FROM iaas_usage_checked WHERE verdict = 'new'
                ON CONFLICT DO NOTHING
            """,
            log_exceptions=False,
        )
        raise UserError(
            self.env._("The same events kept coming in elsewhere. Send them again.")
        )
