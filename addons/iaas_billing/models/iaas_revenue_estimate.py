from odoo import fields, models
from odoo.tools import SQL

from .iaas_statement import OPEN_STATES

#: Months after the running periods that are estimated at their pace.
AHEAD = 3


class IaasRevenueEstimate(models.Model):
    """What a month brings (R49): billed, in statements not posted yet, at the pace of
    the running period, and by what was ordered and has not begun."""

    _name = "iaas.revenue.estimate"
    _description = "Revenue Estimate"
    _auto = False
    _order = "month desc, amount desc, id"
    _rec_name = "contract_id"
    _depends = {
        "iaas.statement": ["state", "date_to"],
        "iaas.statement.line": ["amount"],
        "iaas.current.usage": ["amount_projected"],
        "iaas.contract": ["date_end"],
        "iaas.resource": ["date_start", "sale_line_id"],
        "sale.order": ["state"],
        "sale.order.line": ["price_subtotal"],
    }

    month = fields.Date(readonly=True, help="First day of the month.")
    kind = fields.Selection(
        [
            ("billed", "Billed"),
            ("open", "Statement open"),
            ("running", "Running period"),
            ("pace", "At the present pace"),
            ("ordered", "Ordered, begins later"),
            ("quoted", "Quoted"),
        ],
        readonly=True,
    )
    contract_id = fields.Many2one("iaas.contract", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    tier_id = fields.Many2one("iaas.customer.tier", readonly=True)
    product_id = fields.Many2one("product.product", readonly=True)
    family_id = fields.Many2one("product.category", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    amount = fields.Monetary(readonly=True, help="Before tax.")

    @property
    def _table_query(self):
        today = fields.Date.context_today(self)
        return SQL(
            """
            SELECT ROW_NUMBER() OVER (
                       ORDER BY part.kind, part.month, part.contract_id,
                                part.product_id) AS id,
                   part.month, part.kind, part.contract_id, contract.partner_id,
                   owner.iaas_tier_id AS tier_id, part.product_id, part.family_id,
                   contract.company_id, contract.currency_id, part.amount
              FROM (%s UNION ALL %s UNION ALL %s UNION ALL %s) part
              JOIN iaas_contract contract ON contract.id = part.contract_id
              JOIN res_partner customer ON customer.id = contract.partner_id
              JOIN res_partner owner ON owner.id = customer.commercial_partner_id
            """,
            self._query_statements(),
            self._query_running(),
            self._query_pace(),
            self._query_orders(today),
        )

    def _query_statements(self):
        return SQL(
            """
            SELECT date_trunc('month', statement.date_to)::date AS month,
                   CASE WHEN statement.state = 'posted' THEN 'billed' ELSE 'open' END
                       AS kind,
                   statement.contract_id, line.product_id, line.family_id,
                   SUM(line.amount) AS amount
              FROM iaas_statement_line line
              JOIN iaas_statement statement ON statement.id = line.statement_id
             WHERE statement.state = 'posted' OR statement.state = ANY(%s)
             GROUP BY 1, 2, 3, 4, 5
            """,
            list(OPEN_STATES),
        )

    def _query_running(self):
        return SQL(
            """
            SELECT date_trunc('month', date_to)::date, 'running', contract_id,
                   product_id, family_id, SUM(amount_projected)
              FROM iaas_current_usage
             GROUP BY 1, 3, 4, 5
            """
        )

    def _query_pace(self):
        """The months after the running period at its amount per day, as long as the
        contract lasts; what is charged once does not come again."""
        return SQL(
            """
            SELECT following.month::date, 'pace', usage.contract_id, usage.product_id,
                   usage.family_id,
                   SUM(usage.amount_projected
                       / (usage.date_to - usage.date_from + 1)
                       * (LEAST(COALESCE(contract.date_end, 'infinity'),
                                (following.month + interval '1 month')::date - 1)
                          - following.month::date + 1))
              FROM iaas_current_usage usage
              JOIN iaas_contract contract ON contract.id = usage.contract_id
             CROSS JOIN LATERAL generate_series(
                   date_trunc('month', usage.date_to) + interval '1 month',
                   date_trunc('month', usage.date_to) + %s * interval '1 month',
                   '1 month') AS following (month)
             WHERE usage.charge_kind <> 'one_time'
               AND COALESCE(contract.date_end, 'infinity') >= following.month::date
             GROUP BY 1, 3, 4, 5
            """,
            AHEAD,
        )

    def _query_orders(self, today):
        """Monthly and one-time fees of orders: of confirmed ones what has not begun,
        in its first month; of quotations that were sent, in the running month."""
        return SQL(
            """
            SELECT date_trunc('month', COALESCE(resource.day, %(today)s))::date,
                   CASE WHEN sale.state = 'sale' THEN 'ordered' ELSE 'quoted' END,
                   sale.iaas_contract_id, line.product_id, product.categ_id,
                   SUM(line.price_subtotal)
              FROM sale_order_line line
              JOIN sale_order sale ON sale.id = line.order_id
              JOIN product_product variant ON variant.id = line.product_id
              JOIN product_template product ON product.id = variant.product_tmpl_id
              LEFT JOIN LATERAL (
                   SELECT MIN(date_start) AS day
                     FROM iaas_resource
                    WHERE sale_line_id = line.id AND active
                   ) resource ON TRUE
             WHERE sale.iaas_contract_id IS NOT NULL AND product.is_iaas
               AND product.iaas_charge_kind <> 'usage'
               AND (sale.state = 'sent'
                    OR sale.state = 'sale' AND resource.day > %(today)s)
             GROUP BY 1, 2, 3, 4, 5
            """,
            today=today,
        )
