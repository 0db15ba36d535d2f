from odoo import fields, models
from odoo.tools import SQL

from ..fields import Decimal


class IaasOrderReport(models.Model):
    """What customers have taken on and given up, by day: the movement of orders."""

    _name = "iaas.order.report"
    _description = "Order Analysis"
    _inherit = ["iaas.decimal.mixin"]
    _auto = False
    _rec_name = "resource_id"
    _order = "date desc, id desc"
    _depends = {
        "iaas.contract": ["partner_id", "user_id"],
        "iaas.resource": [
            "active",
            "company_id",
            "contract_id",
            "date_end",
            "date_start",
            "product_id",
            "quantity",
            "sale_line_id",
        ],
        "iaas.resource.segment": [
            "date_end",
            "date_start",
            "monthly_fee",
            "product_id",
            "quantity",
            "resource_id",
        ],
        "product.product": ["product_tmpl_id"],
        "product.template": ["categ_id", "iaas_charge_kind"],
        "res.company": ["currency_id"],
        "res.partner": ["country_id", "iaas_tier_id", "state_id"],
        "sale.order": ["currency_rate"],
        "sale.order.line": ["price_subtotal", "product_uom_id", "product_uom_qty"],
    }

    date = fields.Date(readonly=True, help="First day of service, or the last one.")
    order_type = fields.Selection(
        [("new", "New"), ("change", "Change"), ("stop", "Stop")],
        string="Type",
        readonly=True,
    )
    resource_id = fields.Many2one("iaas.resource", readonly=True)
    contract_id = fields.Many2one(
        "iaas.contract", string="Framework Contract", readonly=True
    )
    sale_order_id = fields.Many2one("sale.order", string="Order", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    tier_id = fields.Many2one("iaas.customer.tier", readonly=True)
    country_id = fields.Many2one("res.country", readonly=True)
    state_id = fields.Many2one("res.country.state", string="Region", readonly=True)
    user_id = fields.Many2one("res.users", string="Owner", readonly=True)
    product_id = fields.Many2one("product.product", readonly=True)
    categ_id = fields.Many2one(
        "product.category", string="Product Family", readonly=True
    )
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    quantity = Decimal(readonly=True, help="Less than zero for what was given up.")
    monthly_amount = fields.Monetary(
        string="Monthly Fees",
        readonly=True,
        help="Untaxed fees a month by the prices of the order; less than zero for what "
        "was given up.",
    )
    once_amount = fields.Monetary(
        string="Fees Once", readonly=True, help="Untaxed fees charged with the order."
    )

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT movement.id,
                   movement.date,
                   movement.order_type,
                   movement.quantity,
                   resource.id AS resource_id,
                   resource.contract_id,
                   resource.company_id,
                   sale_order.id AS sale_order_id,
                   contract.partner_id,
                   contract.user_id,
                   partner.iaas_tier_id AS tier_id,
                   partner.country_id,
                   partner.state_id,
                   product.id AS product_id,
                   template.categ_id,
                   company.currency_id,
                   CASE template.iaas_charge_kind
                        WHEN 'recurring'
                        THEN COALESCE(movement.fee, fee.amount * movement.quantity)
                        ELSE 0 END AS monthly_amount,
                   CASE template.iaas_charge_kind
                        WHEN 'one_time' THEN fee.amount * movement.quantity
                        ELSE 0 END AS once_amount
              FROM iaas_resource resource
              JOIN LATERAL (%s) movement ON TRUE
              JOIN iaas_contract contract ON contract.id = resource.contract_id
              JOIN res_partner partner ON partner.id = contract.partner_id
              JOIN res_company company ON company.id = resource.company_id
              JOIN product_product product ON product.id = movement.product_id
              JOIN product_template template ON template.id = product.product_tmpl_id
         LEFT JOIN sale_order_line line ON line.id = resource.sale_line_id
         LEFT JOIN sale_order ON sale_order.id = line.order_id
         LEFT JOIN uom_uom line_unit ON line_unit.id = line.product_uom_id
         LEFT JOIN uom_uom unit ON unit.id = template.uom_id
        CROSS JOIN LATERAL (
            SELECT COALESCE(line.price_subtotal, 0)
                   / COALESCE(NULLIF(sale_order.currency_rate, 0), 1)
                   / COALESCE(NULLIF(line.product_uom_qty * line_unit.factor
                                     / unit.factor, 0), 1) AS amount) fee
             WHERE resource.active
               AND NOT (movement.order_type = 'stop'
                        AND template.iaas_charge_kind = 'one_time')
            """,
            self._movements(),
        )

    def _movements(self):
        """``(id, date, order_type, product_id, quantity, fee)`` of one resource; no fee
        means that of its order line."""
        return SQL(
            """
            SELECT resource.id::bigint * 2 AS id,
                   resource.date_start AS date,
                   'new' AS order_type,
                   COALESCE(first.product_id, resource.product_id) AS product_id,
                   COALESCE(first.quantity, resource.quantity) AS quantity,
                   first.monthly_fee AS fee
              FROM (SELECT) one
         LEFT JOIN iaas_resource_segment first
                ON first.resource_id = resource.id
               AND first.date_start = resource.date_start
             UNION ALL
            SELECT resource.id::bigint * 2 + 1,
                   resource.date_end,
                   'stop',
                   COALESCE(last.product_id, resource.product_id),
                   -COALESCE(last.quantity, resource.quantity),
                   -last.monthly_fee
              FROM (SELECT) one
         LEFT JOIN iaas_resource_segment last
                ON last.resource_id = resource.id
               AND last.date_end = resource.date_end
             WHERE resource.date_end IS NOT NULL
             UNION ALL
            -- To another quantity: the difference. To another product: one comes,
            -- the other goes.
            SELECT -segment.id::bigint * 2,
                   segment.date_start,
                   'change',
                   segment.product_id,
                   segment.quantity - COALESCE(same.quantity, 0),
                   segment.monthly_fee - COALESCE(same.monthly_fee, 0)
              FROM iaas_resource_segment segment
              JOIN iaas_resource_segment before
                ON before.resource_id = segment.resource_id
               AND before.date_end = segment.date_start - 1
         LEFT JOIN iaas_resource_segment same
                ON same.id = before.id AND same.product_id = segment.product_id
             WHERE segment.resource_id = resource.id
             UNION ALL
            SELECT -segment.id::bigint * 2 - 1,
                   segment.date_start,
                   'change',
                   before.product_id,
                   -before.quantity,
                   -before.monthly_fee
              FROM iaas_resource_segment segment
              JOIN iaas_resource_segment before
                ON before.resource_id = segment.resource_id
               AND before.date_end = segment.date_start - 1
               AND before.product_id != segment.product_id
             WHERE segment.resource_id = resource.id
            """
        )
