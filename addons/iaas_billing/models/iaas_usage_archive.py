import gzip
import logging
import os
from hashlib import sha256
from pathlib import Path

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, config, format_date

from ..rating.usage import CARRIED

_logger = logging.getLogger(__name__)
_READ = 1024 * 1024


class IaasUsageArchive(models.Model):
    """A month whose usage events have left the database, by the retention setting.

    Their identities and daily sums stay: nothing that was billed can come in again.
    """

    _name = "iaas.usage.archive"
    _description = "Archived Usage"
    _order = "month desc"
    _rec_name = "month"

    name = fields.Char(string="Month", compute="_compute_name")
    month = fields.Date(
        string="First Day", required=True, readonly=True, help="In UTC."
    )
    kind = fields.Selection(
        [("archive", "Moved to a file"), ("delete", "Deleted")],
        required=True,
        readonly=True,
    )
    event_count = fields.Integer(string="Events", readonly=True)
    kept_count = fields.Integer(
        string="Kept",
        readonly=True,
        help="Events that stay: the level from which what is still rented goes on.",
    )
    path = fields.Char(
        string="File",
        readonly=True,
        help="On the server: CloudEvents, one per line, gzip.",
    )
    file_size = fields.Integer(string="Bytes", readonly=True)
    checksum = fields.Char(string="SHA-256", readonly=True)

    _month_unique = models.Constraint("UNIQUE (month)", "A month is archived once.")

    @api.depends("month")
    def _compute_name(self):
        for archive in self:
            archive.name = format_date(self.env, archive.month, date_format="MMMM y")

    @api.model
    def _get_kept_since(self):
        """The first instant since which all events are here, or None."""
        last = self.sudo().search([], limit=1, order="month desc")
        return fields.Datetime.to_datetime(
            last.month and last.month + relativedelta(months=1)
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._("An archive is the evidence of what was billed: it stays.")
        )

    # ------------------------------------------------------------------
    # Retention
    # ------------------------------------------------------------------

    @api.model
    def _cron_retire(self):
        """Move away, oldest first, the months that the retention setting gives up.

        A month with usage that is not billed, or of which a bill is in question,
        stays, and so do those after it.
        """
        months = self._find_due()
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(months))
        for month in months:
            needed = self._is_needed(month)
            if not needed:
                # A transaction that begins with the lock sees all that others have
                # stored; one that has read before would drop what it can't see.
                cron._commit_progress()
                self._lock(month)
                needed = self._is_needed(month)
            if needed:
                _logger.info(
                    "usage of %s stays: it is not billed, or billed and in question",
                    month,
                )
                break
            self._retire(month)
            cron._commit_progress(1)

    @api.model
    def _get_retention(self):
        """Months to keep, 0 for all."""
        parameters = self.env["ir.config_parameter"].sudo()
        text = parameters.get_param("iaas_billing.usage_retention_months") or "0"
        return max(int(text), 0) if text.isdecimal() else 0

    @api.model
    def _find_due(self):
        """The first days of the months to move away, the oldest first."""
        keep = self._get_retention()
        if not keep:
            return []
        before = fields.Date.today().replace(day=1) - relativedelta(months=keep)
        rows = self.env["iaas.usage.event"]._get_months(before)
        done = set(self.search([]).mapped("month"))
        return [month for (month,) in rows if month not in done]

    @api.model
    def _is_needed(self, month):
        """Whether the events of the month may still be rated or looked up."""
        return self._is_unbilled(month) or self._is_in_question(month)

    @api.model
    def _is_in_question(self, month):
        """Whether a statement with days of the month is disputed, waits for usage
        after its close to be settled, or for its correction to be posted."""
        return bool(
            self.env["iaas.statement"]
            .sudo()
            .search_count(
                [
                    ("period_start", "<", month + relativedelta(months=1)),
                    ("period_end", ">", month),
                    "|",
                    "|",
                    ("dispute_ids", "any", [("state", "=", "open")]),
                    ("after_close_ids", "any", [("state", "=", "open")]),
                    ("correction_ids", "any", [("state", "=", "draft")]),
                ],
                limit=1,
            )
        )

    @api.model
    def _is_unbilled(self, month):
        """Whether an event of the month was counted by no posted statement, and
        neither written off nor dismissed."""
        self.env.flush_all()
        return bool(
            self.env.execute_query(
                SQL(
                    """
                    WITH RECURSIVE chain (contract_id, holder_id) AS (
                        SELECT id, id FROM iaas_contract
                        UNION
                        SELECT contract.renewal_of_id, chain.holder_id
                          FROM chain JOIN iaas_contract contract
                            ON contract.id = chain.contract_id
                         WHERE contract.renewal_of_id IS NOT NULL),
                    counted AS MATERIALIZED (
                        SELECT chain.holder_id, statement.period_start,
                               statement.period_end,
                               GREATEST(
                                   COALESCE(statement.rated_at, statement.posted_at),
                                   settled.until) AS until
                          FROM iaas_statement statement
                          JOIN chain ON chain.contract_id = statement.contract_id
                          LEFT JOIN (
                               SELECT statement_id, MAX(last_received_at) AS until
                                 FROM iaas_after_close
                                WHERE state IN ('corrected', 'written_off')
                                GROUP BY statement_id) settled
                            ON settled.statement_id = statement.id
                         WHERE statement.state = 'posted'
                           AND statement.kind = 'regular'
                           AND statement.period_start < %(after)s
                           AND statement.period_end > %(month)s),
                    %(outside)s
                    SELECT 1
                      FROM %(partition)s event
                      JOIN iaas_resource resource ON resource.id = event.resource_id
                      JOIN iaas_contract contract ON contract.id = resource.contract_id
                     WHERE NOT EXISTS (
                           SELECT FROM dismissed
                            WHERE dismissed.resource_id = resource.id
                              AND dismissed.day =
                                  (event.time AT TIME ZONE 'UTC'
                                   AT TIME ZONE contract.timezone)::date)
                       AND NOT EXISTS (
                           SELECT FROM counted
                            WHERE counted.holder_id = resource.contract_id
                              AND counted.period_start <= event.time
                              AND counted.period_end > event.time
                              AND counted.until >= event.received_at)
                     LIMIT 1
                    """,
                    partition=self._get_partition(month),
                    outside=self.env["iaas.usage.quarantine"]._outside_sql(),
                    month=month,
                    after=month + relativedelta(months=1),
                )
            )
        )

    def _get_partition(self, month):
        return SQL.identifier(f"iaas_usage_event_{month:%Y_%m}")

    def _lock(self, month):
        """From here to the end of the transaction nobody adds an event of the month."""
        self.env.cr.execute(
            SQL("LOCK TABLE %s IN SHARE MODE", self._get_partition(month))
        )

    @api.model
    def _retire(self, month):
        """Write the events of the month to a file, unless they shall be deleted, and
        put in place of their partition one with the levels that go on."""
        partition = self._get_partition(month)
        self._lock(month)
        ((count,),) = self.env.execute_query(SQL("SELECT COUNT(*) FROM %s", partition))
        parameters = self.env["ir.config_parameter"].sudo()
        kind = parameters.get_param("iaas_billing.usage_retirement") or "archive"
        values = {"month": month, "kind": kind, "event_count": count}
        if kind == "archive" and count:
            values |= self._export(month, partition)
        self.env.cr.execute(
            SQL(
                """
                CREATE TEMPORARY TABLE iaas_usage_kept ON COMMIT DROP AS
                SELECT DISTINCT ON (event.resource_id, event.meter_id) event.*
                  FROM %s event
                  JOIN iaas_resource resource ON resource.id = event.resource_id
                  JOIN iaas_meter meter ON meter.id = event.meter_id
                 WHERE meter.aggregation = ANY(%s)
                   AND (resource.date_end IS NULL OR resource.date_end >= %s)
                 ORDER BY event.resource_id, event.meter_id, event.time DESC,
                          event.value DESC;
                ALTER TABLE iaas_usage_event DETACH PARTITION %s;
                DROP TABLE %s
                """,
                partition,
                list(CARRIED),
                month + relativedelta(months=1),
                partition,
                partition,
            )
        )
        events = self.env["iaas.usage.event"]
        events._ensure_partitions([month])
        self.env.cr.execute(
            SQL("INSERT INTO %s SELECT * FROM iaas_usage_kept", partition)
        )
        values["kept_count"] = self.env.cr.rowcount
        self.env.cr.execute("DROP TABLE iaas_usage_kept")
        events.invalidate_model()
        return self.create(values)

    @api.model
    def _get_folder(self):
        folder = (
            self.env["ir.config_parameter"]
            .sudo()
            .get_param("iaas_billing.usage_archive_folder")
        )
        default = Path(config["data_dir"]) / "iaas_usage_archive"
        return Path(folder or default) / self.env.cr.dbname

    def _export(self, month, partition):
        """Write the month's events as CloudEvents that can be imported again."""
        folder = self._get_folder()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"usage-{month:%Y-%m}.ndjson.gz"
        unfinished = path.with_suffix(".part")
        # A control character that JSON always escapes as the quote: lines stay as
        # they are.
        copy = SQL(
            r"""
            COPY (
                SELECT jsonb_build_object(
                           'specversion', '1.0', 'id', event.event_id,
                           'source', source.code, 'type', meter.code,
                           'subject', resource.external_ref,
                           'time', to_char(event.time, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                           'data', COALESCE(event.dimensions, '{}') ||
                               CASE WHEN meter.aggregation IN ('count', 'count_unique')
                                    THEN '{}'
                                    ELSE jsonb_build_object(
                                        meter.value_property, event.value) END)
                  FROM %s event
                  JOIN iaas_usage_source source ON source.id = event.source_id
                  JOIN iaas_meter meter ON meter.id = event.meter_id
                  JOIN iaas_resource resource ON resource.id = event.resource_id
                 ORDER BY event.time, event.id
            ) TO STDOUT WITH (FORMAT csv, DELIMITER E'\x02', QUOTE E'\x01')""",
            partition,
        )
        with gzip.open(unfinished, "wb", compresslevel=6) as stream:
            self.env.cr.copy_expert(
                self.env.cr.mogrify(copy.code, copy.params).decode(), stream
            )
        digest = sha256()
        with unfinished.open("rb") as stream:
            while block := stream.read(_READ):
                digest.update(block)
            os.fsync(stream.fileno())
        unfinished.replace(path)
        return {
            "path": str(path),
            "file_size": path.stat().st_size,
            "checksum": digest.hexdigest(),
        }
