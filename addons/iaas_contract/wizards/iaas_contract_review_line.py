from odoo import fields, models

from ..fields import Decimal


class IaasContractReviewLine(models.TransientModel):
    _name = "iaas.contract.review.line"
    _description = "Service on a Review Sheet"
    _inherit = ["iaas.decimal.mixin"]
    _order = "is_breach desc, revenue desc, id"

    review_id = fields.Many2one(
        "iaas.contract.review", required=True, index=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="review_id.currency_id")
    product_id = fields.Many2one("product.product", string="Service", required=True)
    dimension_text = fields.Char(string="Dimensions")
    uom_id = fields.Many2one(related="product_id.uom_id", string="Unit")
    quantity = Decimal(string="Runs Now")
    quoted = Decimal(
        string="Quoted", help="On quotations under the contract, not confirmed yet."
    )
    list_unit = Decimal(string="List Price")
    discount = Decimal(string="Discount (%)")
    net_unit = Decimal(string="Net Price")
    floor_unit = Decimal(string="Floor")
    unit_cost = Decimal(string="Unit Cost")
    margin_percent = Decimal(string="Margin (%)")
    revenue = Decimal(string="Per Month")
    note = fields.Text(string="Findings")
    is_breach = fields.Boolean()
    is_warning = fields.Boolean()
