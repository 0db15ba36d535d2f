from odoo import fields, models


class ProductProduct(models.Model):
    _inherit = "product.product"

    iaas_capacity_ids = fields.One2many(
        "iaas.product.capacity", "product_id", string="Capacity per Unit"
    )

    def _iaas_capacity(self):
        """Return {product id: {dimension: quantity of one unit}}."""
        capacity = {product.id: {} for product in self}
        for line in self.sudo().iaas_capacity_ids:
            capacity[line.product_id.id][line.dimension] = line.quantity
        return capacity
