from odoo import api, fields, models


class ProductTemplate(models.Model):
    """Where and as what a service is offered."""

    _inherit = "product.template"

    iaas_dimension_value_ids = fields.Many2many(
        "iaas.price.dimension.value",
        string="Offered In",
        ondelete="restrict",
        help="The regions, instance families and so on in which the service may be "
        "ordered. An order chooses one of each dimension named here. Empty: the "
        "service is the same everywhere.",
    )
    iaas_price_dimension_ids = fields.Many2many(
        "iaas.price.dimension",
        string="Price Depends On",
        compute="_compute_iaas_price_dimension_ids",
        help="The dimensions that some price of the service is for.",
    )

    @api.depends("product_variant_ids.iaas_price_ids.dimension_value_ids")
    def _compute_iaas_price_dimension_ids(self):
        for template in self:
            prices = template.product_variant_ids.iaas_price_ids
            template.iaas_price_dimension_ids = prices.dimension_value_ids.dimension_id
