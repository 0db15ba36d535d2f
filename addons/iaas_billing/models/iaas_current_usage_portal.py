from odoo import api, fields, models
from odoo.tools import SQL

MONTHS = 12
#: Rows of a table; the rest is one row.
ROWS = 50


class IaasCurrentUsage(models.Model):
    """What the portal shows of it: read from statements and daily sums, never from
    events, so that a page takes as long at fifty million events as at one."""

    _inherit = "iaas.current.usage"

    @api.model
    def _get_months(self, contracts):
        """What the last twelve months with statements came to before tax, whenever
        it was billed.

        :return: ``[(first day of the month, amount)]``, the oldest first
        """
        groups = self.env["iaas.statement"]._read_group(
            [
                ("contract_id", "in", contracts.ids),
                ("state", "in", ("sent", "confirmed", "posted")),
                ("kind", "=", "regular"),
            ],
            ["date_to:month"],
            ["amount_untaxed:sum", "amount_advance:sum"],
            order="date_to:month DESC",
            limit=MONTHS,
        )
        return [(month, billed + advance) for month, billed, advance in groups[::-1]]

    @api.model
    def _get_breakdown(self, contracts, by, tag=None):
        """What the running periods of the contracts come to, in parts.

        :param by: product, resource, day or tag
        :param tag: name of the dimension to tell usage apart by
        :return: ``[(label, to date, projected or None)]``
        """
        if by == "day":
            return self._get_days(contracts)
        if by == "tag":
            return self._get_tags(contracts, tag)
        groups = self._read_group(
            [("contract_id", "in", contracts.ids)],
            [f"{by}_id"],
            ["amount_to_date:sum", "amount_projected:sum"],
            order="amount_projected:sum DESC",
        )
        # The portal may not read products, but knows what it rents by name.
        shown = self[f"{by}_id"].sudo().union(*(group[0] for group in groups[:ROWS]))
        rows = [
            (record.display_name, to_date, projected)
            for record, (_same, to_date, projected) in zip(shown, groups, strict=False)
        ]
        if rest := groups[ROWS:]:
            rows.append(
                (
                    self.env._("%(count)s others", count=len(rest)),
                    sum(row[1] for row in rest),
                    sum(row[2] for row in rest),
                )
            )
        return rows

    @api.model
    def _get_tag_names(self, contracts):
        """The dimensions by which the usage of the contracts is kept apart."""
        meters = self.env["iaas.meter"].union(
            *(
                meter
                for (meter,) in self._read_group(
                    [("contract_id", "in", contracts.ids)], ["meter_id"]
                )
            )
        )
        # Meters are ours; only the names of their dimensions are shown.
        kept = meters.sudo().filtered("daily_dimensions").mapped("daily_dimensions")
        return sorted({name for names in kept for name in names.split(",") if name})

    @api.model
    def _get_services(self, contracts):
        """The products that the contracts use, for which a budget can be set."""
        groups = self._read_group(
            [("contract_id", "in", contracts.ids)], ["product_id"]
        )
        return self.env["product.product"].union(*(product for (product,) in groups))

    def _get_days(self, contracts):
        """Fees are spread over their days; usage counts on its day."""
        return [
            (day, amount, None)
            for day, amount in self._query_daily(contracts, SQL("daily.day"), fees=True)
        ]

    def _get_tags(self, contracts, tag):
        label = SQL("COALESCE(daily.dimensions ->> %s, '')", tag)
        rows = self._query_daily(contracts, label, fees=False)
        rows.sort(key=lambda row: -row[1])
        without = self.env._("Without %(tag)s", tag=tag)
        return [(value or without, amount, None) for value, amount in rows]

    def _query_daily(self, contracts, label, fees):
        """The amount so far by a label of the daily sums: that of each resource and
        meter by its share of the quantity. Meters whose days can't be added up have no
        shares and are left out."""
        self.env.flush_all()
        spread = SQL(
            """
            UNION ALL
            SELECT day::date, usage.amount_to_date
                   / (LEAST(usage.date_to, %s) - usage.date_from + 1)
              FROM usage
             CROSS JOIN generate_series(
                   usage.date_from, LEAST(usage.date_to, %s), '1 day') AS day
             WHERE usage.charge_kind = 'recurring'
            """,
            *[fields.Date.context_today(self)] * 2,
        )
        return self.env.execute_query(
            SQL(
                """
                WITH usage AS (
                     SELECT * FROM iaas_current_usage WHERE contract_id = ANY(%(ids)s)),
                     daily AS (
                     SELECT %(label)s AS label, usage.id, usage.amount_to_date,
                            SUM(daily.quantity) AS quantity
                       FROM usage
                       JOIN iaas_usage_daily daily
                         ON daily.resource_id = usage.resource_id
                        AND daily.meter_id = usage.meter_id
                        AND daily.day BETWEEN usage.date_from AND usage.date_to
                      WHERE usage.charge_kind = 'usage'
                      GROUP BY 1, 2, 3),
                     part AS (
                     SELECT label, amount_to_date * quantity
                            / NULLIF(SUM(quantity) OVER (PARTITION BY id), 0) AS amount
                       FROM daily %(spread)s)
                SELECT label, SUM(amount) FROM part
                 WHERE amount IS NOT NULL GROUP BY 1 ORDER BY 1
                """,
                ids=contracts.ids,
                label=label,
                spread=spread if fees else SQL(),
            )
        )
