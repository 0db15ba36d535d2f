from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.iaas_contract.fields import Decimal

DIMENSIONS = [
    ("vcpu", "vCPU"),
    ("ram", "RAM"),
    ("disk", "Disk"),
    ("gpu", "GPU"),
    ("ip", "IP addresses"),
    ("bandwidth", "Bandwidth"),
]
UNITS = {
    "vcpu": "vCPU",
    "ram": "GiB",
    "disk": "GiB",
    "gpu": "GPU",
    "ip": "IP",
    "bandwidth": "Mbps",
}


class IaasProductCapacity(models.Model):
    """What one unit of a server brings, or of a cloud product takes."""

    _name = "iaas.product.capacity"
    _description = "Product Capacity"
    _inherit = ["iaas.decimal.mixin"]
    _order = "product_id, id"
    _rec_name = "dimension"

    product_id = fields.Many2one(
        "product.product", required=True, index=True, ondelete="cascade"
    )
    product_tmpl_id = fields.Many2one(
        related="product_id.product_tmpl_id", store=True, index=True, precompute=True
    )
    is_iaas_server = fields.Boolean(related="product_id.is_iaas_server")
    dimension = fields.Selection(DIMENSIONS, required=True)
    quantity = Decimal(required=True)
    unit = fields.Char(compute="_compute_unit")

    _product_dimension_unique = models.Constraint(
        "UNIQUE (product_id, dimension)",
        "This product already has a capacity in this dimension.",
    )
    _quantity_positive = models.Constraint(
        "CHECK (quantity > 0)", "The capacity of a product must be above zero."
    )

    @api.depends("dimension")
    def _compute_unit(self):
        for capacity in self:
            capacity.unit = UNITS.get(capacity.dimension)

    @api.depends("product_id", "dimension", "quantity")
    def _compute_display_name(self):
        for capacity in self:
            capacity.display_name = f"{capacity.quantity.normalize():f} {capacity.unit}"

    @api.model_create_multi
    def create(self, vals_list):
        """Take a template in place of its only variant, as product forms send it."""
        return super().create([self._with_product(dict(vals)) for vals in vals_list])

    def _with_product(self, vals):
        template = self.env["product.template"].browse(vals.pop("product_tmpl_id", 0))
        if template and not vals.get("product_id"):
            if len(template.product_variant_ids) != 1:
                raise UserError(
                    self.env._(
                        "%(product)s has several variants: set the capacity on each "
                        "of them.",
                        product=template.display_name,
                    )
                )
            vals["product_id"] = template.product_variant_ids.id
        return vals
