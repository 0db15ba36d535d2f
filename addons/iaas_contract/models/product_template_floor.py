from odoo import fields, models

from ..fields import Decimal


class ProductTemplate(models.Model):
    _name = "product.template"
    _inherit = ["product.template", "iaas.decimal.mixin"]

    iaas_floor_price = Decimal(
        string="Floor Price",
        help="Per unit. A contract that offers the service for less is a breach that "
        "its review shows in red. 0: no floor.",
    )
    iaas_floor_currency_id = fields.Many2one(
        related="currency_id", string="Currency of the Floor Price"
    )

    _iaas_floor_price_positive = models.Constraint(
        "CHECK (iaas_floor_price >= 0)", "A floor price cannot be below zero."
    )
