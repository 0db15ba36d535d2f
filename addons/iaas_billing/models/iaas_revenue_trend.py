from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.iaas_contract.models.iaas_contract import IN_FORCE_STATES

REASONS = [
    ("new_customer", "New customer"),
    ("returned", "Customer returned"),
    ("new_service", "New service"),
    ("more", "More of it"),
    ("same", "As before"),
    ("price", "Prices and discounts"),
    ("less", "Less of it"),
    ("stopped", "Service stopped"),
    ("lost", "Customer lost"),
]


class IaasRevenueTrend(models.Model):
    """How revenue moves from month to month and why (R5): a row per month, customer,
    product and reason.

    Revenue is what posted statements charge for usage and by the month, in the
    currency of the company, on the days it was charged for. Fees charged once are left
    out: they don't come again. A month counts for a customer once it is billed to its
    last day, else the missing rest would look like a loss.

    What changes of a service that went on is split as usual: the change of quantity at
    the price of the month before, and the rest, which prices and discounts make.
    """

    _name = "iaas.revenue.trend"
    _description = "Revenue Trend"
    _auto = False
    _order = "month desc, change, id"
    _rec_name = "partner_id"
    _depends = {
        "account.move": ["invoice_currency_rate"],
        "iaas.contract": ["date_start", "date_end", "partner_id", "state"],
        "iaas.resource": ["active", "contract_id", "date_end"],
        "iaas.statement": ["state", "date_to", "partner_id"],
        "iaas.statement.line": ["amount", "quantity"],
        "res.partner": ["commercial_partner_id", "iaas_tier_id", "user_id"],
        "sale.order": ["iaas_contract_id", "medium_id"],
    }

    month = fields.Date(readonly=True, help="First day of the month.")
    reason = fields.Selection(REASONS, readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    tier_id = fields.Many2one("iaas.customer.tier", readonly=True)
    medium_id = fields.Many2one(
        "utm.medium",
        string="Channel",
        readonly=True,
        help="The medium of the customer's first order that names one.",
    )
    user_id = fields.Many2one("res.users", string="Owner", readonly=True)
    product_id = fields.Many2one("product.product", readonly=True)
    family_id = fields.Many2one(
        "product.category", string="Product Family", readonly=True
    )
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    amount = fields.Monetary(
        string="Revenue",
        readonly=True,
        help="Before tax, without fees charged once. A month of a customer is shown "
        "when it is billed to its last day.",
    )
    previous_amount = fields.Monetary(string="Month Before", readonly=True)
    change = fields.Monetary(readonly=True)
    retained_amount = fields.Monetary(
        string="Of Last Month's Customers",
        readonly=True,
        help="Revenue of the customers who had revenue in the month before.",
    )
    growth_percent = fields.Float(
        string="Change %",
        readonly=True,
        aggregator="avg",
        help="The change in percent of the revenue of the month before.",
    )
    retention_percent = fields.Float(
        string="Net Revenue Retention %",
        readonly=True,
        aggregator="avg",
        help="What the customers of the month before bring now, in percent of what "
        "they brought then: above 100 they grow faster than others leave.",
    )

    @property
    def _table_query(self):
        return SQL(
            """
            WITH revenue AS (%(revenue)s),
                 customer AS (%(customer)s),
                 pair AS (%(pair)s),
                 movement AS (%(movement)s)
            SELECT ROW_NUMBER() OVER (
                       ORDER BY movement.company_id, movement.month,
                                movement.partner_id, movement.product_id,
                                movement.family_id, movement.reason) AS id,
                   movement.month, movement.reason, movement.partner_id,
                   partner.iaas_tier_id AS tier_id, channel.medium_id,
                   partner.user_id, movement.product_id, movement.family_id,
                   movement.company_id, company.currency_id, movement.amount,
                   movement.previous_amount, movement.change,
                   CASE WHEN movement.reason NOT IN ('new_customer', 'returned')
                        THEN movement.amount ELSE 0 END AS retained_amount,
                   100 * movement.change / NULLIF(movement.previous_amount, 0)
                       AS growth_percent,
                   100 * CASE WHEN movement.reason NOT IN ('new_customer', 'returned')
                              THEN movement.amount END
                       / NULLIF(movement.previous_amount, 0) AS retention_percent
              FROM movement
              JOIN res_partner partner ON partner.id = movement.partner_id
              JOIN res_company company ON company.id = movement.company_id
              LEFT JOIN (%(channel)s) channel
                ON channel.partner_id = movement.partner_id
            """,
            revenue=self._query_revenue(),
            customer=self._query_customers(),
            pair=self._query_pairs(),
            movement=self._query_movements(),
            channel=self._query_channels(),
        )

    @api.model
    def _read_group_select(self, aggregate_spec, query):
        """Shares of sums, not averages of shares."""
        part = {
            "growth_percent:avg": "change",
            "retention_percent:avg": "retained_amount",
        }.get(aggregate_spec)
        if not part:
            return super()._read_group_select(aggregate_spec, query)
        return SQL(
            "100 * SUM(%s) / NULLIF(SUM(%s), 0)",
            self._field_to_sql(self._table, part, query),
            self._field_to_sql(self._table, "previous_amount", query),
        )

    def _query_revenue(self):
        """Amount and quantity by month, customer and product, each line spread evenly
        over its days. A fee counts by the share of its month."""
        return SQL(
            """
            SELECT month.first::date AS month,
                   owner.commercial_partner_id AS partner_id, line.product_id,
                   line.family_id, statement.company_id,
                   SUM(line.amount * share.of_line
                       / COALESCE(NULLIF(move.invoice_currency_rate, 0)::numeric, 1))
                       AS amount,
                   SUM(line.quantity * share.of_line
                       * CASE WHEN line.charge_kind = 'recurring'
                              THEN line.days::numeric / NULLIF(line.days_in_month, 0)
                              ELSE 1 END)
                       FILTER (WHERE statement.kind = 'regular'
                               AND line.settles_line_id IS NULL) AS quantity
              FROM iaas_statement_line line
              JOIN iaas_statement statement ON statement.id = line.statement_id
              JOIN res_partner owner ON owner.id = statement.partner_id
              LEFT JOIN account_move move ON move.id = statement.move_id
             CROSS JOIN LATERAL generate_series(
                   date_trunc('month', line.segment_start), line.segment_end, '1 month'
                   ) AS month (first)
             CROSS JOIN LATERAL (
                   SELECT (LEAST(line.segment_end,
                                 (month.first + interval '1 month')::date - 1)
                           - GREATEST(line.segment_start, month.first::date) + 1
                          )::numeric / (line.segment_end - line.segment_start + 1)
                   ) AS share (of_line)
             WHERE statement.state = 'posted' AND line.charge_kind <> 'one_time'
             GROUP BY 1, 2, 3, 4, 5
            HAVING SUM(line.amount * share.of_line) <> 0
            """
        )

    def _query_customers(self):
        """Since when a customer brings revenue, and until when all of it is billed."""
        return SQL(
            """
            SELECT contract_owner.commercial_partner_id AS partner_id,
                   contract.company_id,
                   (SELECT MIN(revenue.month) FROM revenue
                     WHERE revenue.partner_id = contract_owner.commercial_partner_id
                       AND revenue.company_id = contract.company_id) AS since,
                   -- One contract under which something is yet to be billed is enough.
                   MIN(billed.until) FILTER (
                       WHERE contract.state = ANY(%s)
                         AND EXISTS (
                             SELECT FROM iaas_resource resource
                              WHERE resource.contract_id = contract.id
                                AND resource.active
                                AND LEAST(COALESCE(resource.date_end, 'infinity'),
                                          contract.date_end)
                                    > billed.until)) AS billed_until
              FROM iaas_contract contract
              JOIN res_partner contract_owner ON contract_owner.id = contract.partner_id
             CROSS JOIN LATERAL (
                   SELECT COALESCE(MAX(date_to), contract.date_start - 1) AS until
                     FROM iaas_statement
                    WHERE contract_id = contract.id AND state = 'posted'
                      AND kind = 'regular' AND correction_of_id IS NULL
                   ) billed
             GROUP BY 1, 2
            """,
            list(IN_FORCE_STATES),
        )

    def _query_pairs(self):
        """Each month beside the one before it, also where either brought nothing."""
        return SQL(
            """
            SELECT pair.*, customer.since,
                   SUM(amount) OVER same_month AS customer_amount,
                   SUM(previous_amount) OVER same_month AS customer_previous
              FROM (SELECT COALESCE(this.month, before.following) AS month,
                           COALESCE(this.partner_id, before.partner_id) AS partner_id,
                           COALESCE(this.product_id, before.product_id) AS product_id,
                           COALESCE(this.family_id, before.family_id) AS family_id,
                           COALESCE(this.company_id, before.company_id) AS company_id,
                           COALESCE(this.amount, 0) AS amount,
                           COALESCE(before.amount, 0) AS previous_amount,
                           this.quantity, before.quantity AS previous_quantity
                      FROM revenue this
                      FULL JOIN (SELECT revenue.*,
                                        (month + interval '1 month')::date AS following
                                   FROM revenue) before
                        ON before.following = this.month
                       AND before.partner_id = this.partner_id
                       AND before.product_id = this.product_id
                       AND before.family_id = this.family_id
                       AND before.company_id = this.company_id
                   ) pair
              JOIN customer USING (partner_id, company_id)
             WHERE (customer.billed_until IS NULL
                    OR (pair.month + interval '1 month')::date - 1
                       <= customer.billed_until)
            WINDOW same_month AS (PARTITION BY partner_id, company_id, pair.month)
            """
        )

    def _query_movements(self):
        """A row per reason; what a reason brings and brought stands in one of them."""
        return SQL(
            """
            SELECT pair.month, pair.partner_id, pair.product_id, pair.family_id,
                   pair.company_id, part.reason, part.amount, part.previous_amount,
                   part.change
              FROM pair
             CROSS JOIN LATERAL (
                   SELECT CASE WHEN pair.quantity > 0 AND pair.previous_quantity > 0
                               THEN (pair.quantity / pair.previous_quantity - 1)
                                    * pair.previous_amount
                               ELSE pair.amount - pair.previous_amount END
                   ) AS effect (volume)
             CROSS JOIN LATERAL (
                   SELECT CASE
                          WHEN pair.customer_previous = 0
                          THEN CASE WHEN pair.month = pair.since THEN 'new_customer'
                                    ELSE 'returned' END
                          WHEN pair.customer_amount = 0 THEN 'lost'
                          WHEN pair.previous_amount = 0 THEN 'new_service'
                          WHEN pair.amount = 0 THEN 'stopped' END
                   ) AS whole (reason)
             CROSS JOIN LATERAL (
                   SELECT whole.reason, pair.amount, pair.previous_amount,
                          pair.amount - pair.previous_amount
                    WHERE whole.reason IS NOT NULL
                    UNION ALL
                   SELECT CASE WHEN effect.volume >= 0.005 THEN 'more'
                               WHEN effect.volume <= -0.005 THEN 'less'
                               ELSE 'same' END,
                          pair.amount, pair.previous_amount, effect.volume
                    WHERE whole.reason IS NULL
                    UNION ALL
                   SELECT 'price', 0, 0,
                          pair.amount - pair.previous_amount - effect.volume
                    WHERE whole.reason IS NULL
                      AND pair.amount - pair.previous_amount <> effect.volume
                   ) AS part (reason, amount, previous_amount, change)
            """
        )

    def _query_channels(self):
        return SQL(
            """
            SELECT DISTINCT ON (owner.commercial_partner_id)
                   owner.commercial_partner_id AS partner_id, sale.medium_id
              FROM sale_order sale
              JOIN iaas_contract contract ON contract.id = sale.iaas_contract_id
              JOIN res_partner owner ON owner.id = contract.partner_id
             WHERE sale.medium_id IS NOT NULL AND sale.state = 'sale'
             ORDER BY owner.commercial_partner_id, sale.date_order, sale.id
            """
        )
