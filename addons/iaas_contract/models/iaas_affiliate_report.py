from odoo import fields, models
from odoo.tools import SQL


class IaasAffiliateReport(models.Model):
    """What was sold at which discount, to our own group and to others (R23)."""

    _name = "iaas.affiliate.report"
    _description = "Affiliates and Others"
    _auto = False
    _rec_name = "product_id"
    _order = "discount desc, id desc"
    _depends = {
        "iaas.contract": ["is_related_party", "partner_id", "state"],
        "res.partner": ["iaas_tier_id"],
        "sale.order": ["company_id", "currency_rate", "iaas_contract_id", "state"],
        "sale.order.line": [
            "discount",
            "order_id",
            "price_subtotal",
            "price_unit",
            "product_id",
            "product_uom_qty",
        ],
    }

    party = fields.Selection(
        [("affiliate", "Affiliates"), ("other", "Other customers")], readonly=True
    )
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    contract_id = fields.Many2one("iaas.contract", readonly=True)
    tier_id = fields.Many2one("iaas.customer.tier", readonly=True)
    user_id = fields.Many2one("res.users", string="Owner", readonly=True)
    order_id = fields.Many2one("sale.order", readonly=True)
    product_id = fields.Many2one("product.product", readonly=True)
    categ_id = fields.Many2one(
        "product.category", string="Product Family", readonly=True
    )
    date = fields.Date(string="Ordered On", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    discount = fields.Float(
        string="Discount (%)", aggregator="avg", readonly=True, digits=(16, 2)
    )
    below_list = fields.Float(
        string="Below List (%)",
        aggregator="avg",
        readonly=True,
        digits=(16, 2),
        help="How far the price paid, by discount or by own price, is below the list "
        "price of the day of the order. Empty where that is not one price a unit.",
    )
    net_amount = fields.Monetary(string="Net", readonly=True)

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT line.id,
                   CASE WHEN contract.is_related_party
                        THEN 'affiliate' ELSE 'other' END AS party,
                   contract.partner_id,
                   contract.id AS contract_id,
                   partner.iaas_tier_id AS tier_id,
                   contract.user_id,
                   sale_order.id AS order_id,
                   line.product_id,
                   template.categ_id,
                   sale_order.date_order::date AS date,
                   sale_order.company_id,
                   company.currency_id,
                   line.discount,
                   (list.unit_price - line.price_subtotal / line.product_uom_qty)
                       * 100 / NULLIF(list.unit_price, 0) AS below_list,
                   line.price_subtotal
                       / COALESCE(NULLIF(sale_order.currency_rate, 0), 1) AS net_amount
              FROM sale_order_line line
              JOIN sale_order ON sale_order.id = line.order_id
              JOIN iaas_contract contract ON contract.id = sale_order.iaas_contract_id
              JOIN res_partner partner ON partner.id = contract.partner_id
              JOIN res_company company ON company.id = sale_order.company_id
              JOIN product_product product ON product.id = line.product_id
              JOIN product_template template
                ON template.id = product.product_tmpl_id AND template.is_iaas
         LEFT JOIN LATERAL (
                   SELECT price.unit_price
                     FROM iaas_price price
                    WHERE price.product_id = line.product_id
                      AND price.contract_id IS NULL
                      AND COALESCE(price.dimension_key, '') = ''
                      AND price.active
                      AND price.charge_model = 'standard'
                      AND price.company_id = sale_order.company_id
                      AND price.currency_id = contract.currency_id
                      AND line.product_uom_id = template.uom_id
                      AND daterange(price.date_start, price.date_end, '[]')
                          @> sale_order.date_order::date
                    ORDER BY price.id
                    LIMIT 1
                   ) list ON TRUE
             WHERE sale_order.state = 'sale'
               AND line.product_uom_qty > 0
               AND template.iaas_charge_kind != 'usage'
            """
        )
