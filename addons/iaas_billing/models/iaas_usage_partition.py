from datetime import date

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

_MONTHS_AHEAD = 3


class IaasUsageEvent(models.Model):
    """The monthly partitions of the events; iaas.usage.archive empties old ones."""

    _inherit = "iaas.usage.event"

    @api.model
    def _cron_create_partitions(self):
        """Make the partitions of the next months, before events need them."""
        month = fields.Date.today().replace(day=1)
        self._ensure_partitions(
            month + relativedelta(months=ahead) for ahead in range(_MONTHS_AHEAD + 1)
        )

    @api.model
    def _ensure_partitions(self, months):
        """Make the partitions of these months (their first days) that don't exist."""
        for month in months:
            name = f"iaas_usage_event_{month:%Y_%m}"
            if not self._has_table(name):
                # One makes partitions at a time, while others go on inserting. Taking
                # the lock also makes known what others have made meanwhile.
                self.env.cr.execute(
                    "LOCK TABLE iaas_usage_event IN SHARE UPDATE EXCLUSIVE MODE"
                )
                if not self._has_table(name):
                    self._create_partition(name, month)

    def _has_table(self, name):
        # Unlike a query on the catalogue, to_regclass also sees what others committed
        # since this transaction began.
        return self.env.execute_query(SQL("SELECT to_regclass(%s)", name))[0][0]

    def _create_partition(self, name, month: date):
        # Attaching, unlike CREATE TABLE … PARTITION OF, lets others insert meanwhile.
        table = SQL.identifier(name)
        self.env.cr.execute(
            SQL(
                """
                CREATE TABLE %(table)s
                    (LIKE iaas_usage_event INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
                ALTER TABLE iaas_usage_event ATTACH PARTITION %(table)s
                    FOR VALUES FROM (%(start)s) TO (%(end)s)
                """,
                table=table,
                start=month,
                end=month + relativedelta(months=1),
            )
        )
