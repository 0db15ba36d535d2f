from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

_ATTEMPTS = 10
# What of an event must be the same when it comes again, beside its time. The hashes
# are those of hash partitions: the same for 1.5 and 1.50, and in every version.
_CONTENT = SQL(
    """hash_numeric_extended(
           staged.value,
           ((staged.meter_id::bigint << 32) | staged.resource_id)
           # COALESCE(jsonb_hash_extended(staged.dimensions, 0), 0))"""
)


class IaasUsageEvent(models.Model):
    """Storing: what came in, staged in rows, becomes events, keys and daily sums."""

    _inherit = "iaas.usage.event"

    @api.model
    def _begin_check(self):
        """Make the empty temporary table of what the staged rows are found to be."""
        self.env.cr.execute(
            """
            CREATE TEMPORARY TABLE IF NOT EXISTS iaas_usage_checked (
                position integer, event_id text, event_key uuid, source_id integer,
                meter_id integer, resource_id integer, subject text, time timestamp,
                value numeric, dimensions jsonb, content bigint, stored_time timestamp,
                verdict text, time_given boolean
            ) ON COMMIT DROP;
            TRUNCATE iaas_usage_checked
            """
        )

    @api.model
    def _check(self, staged, compare=True):
        """Say of each staged row what it is: new, a duplicate of a stored event, or
        the reason why it is refused.

        :param staged: query of the rows, with a ``verdict`` where one is known already
        :param compare: whether to look the events up among the stored ones now, or
            only if it turns out that they are not all new
        """
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO iaas_usage_checked
                SELECT staged.position, staged.event_id, staged.event_key,
                       staged.source_id, staged.meter_id, staged.resource_id,
                       staged.subject, staged.time, staged.value, staged.dimensions,
                       %s, NULL,
                       CASE WHEN staged.verdict IS NOT NULL THEN staged.verdict
                            WHEN staged.resource_id IS NULL THEN 'unknown_resource'
                            ELSE 'new' END,
                       staged.time_given
                  FROM (%s) staged
                """,
                _CONTENT,
                staged,
            )
        )
        if compare:
            self._compare()

    @api.model
    def _compare(self):
        """Look the new rows up among the stored events."""
        self.env.cr.execute(
            """
            UPDATE iaas_usage_checked checked
               SET stored_time = stored.time,
                   verdict = CASE
                       WHEN stored.content = checked.content
                            AND (stored.time = checked.time OR NOT checked.time_given)
                       THEN 'duplicate' ELSE 'duplicate_id' END
              FROM iaas_usage_key stored
             WHERE checked.verdict = 'new'
               AND stored.source_id = checked.source_id
               AND stored.event_key = checked.event_key
            """
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
                        PARTITION BY source_id, event_key ORDER BY position)
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
                     FROM iaas_usage_checked WHERE verdict = 'new'"""
            )
        )
        self._ensure_partitions(month for (month,) in months)
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
                """,
                fields.Datetime.now(),
                usage_import.id if usage_import else None,
            )
        )
        self.env["iaas.usage.daily"]._add(
            SQL("SELECT * FROM iaas_usage_checked WHERE verdict = 'new'")
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
                        INSERT INTO iaas_usage_key (
                            event_key, source_id, time, content)
                        SELECT event_key, source_id, time, content
                          FROM iaas_usage_checked
                         WHERE verdict = 'new'
                         ORDER BY source_id, event_key
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
            INSERT INTO iaas_usage_key (event_key, source_id, time, content)
            SELECT event_key, source_id, time, content
              FROM iaas_usage_checked WHERE verdict = 'new'
                ON CONFLICT DO NOTHING
            """,
            log_exceptions=False,
        )
        raise UserError(
            self.env._("The same events kept coming in elsewhere. Send them again.")
        )
