from odoo import api, fields, models


class ProductProduct(models.Model):
    _inherit = "product.product"

    iaas_price_ids = fields.One2many("iaas.price", "product_id", string="IaaS Prices")
    iaas_price_count = fields.Integer(
        string="Number of Prices", compute="_compute_iaas_price_count"
    )

    @api.depends("iaas_price_ids")
    def _compute_iaas_price_count(self):
        counts = dict(
            self.env["iaas.price"]._read_group(
                [("product_id", "in", self.ids)], ["product_id"], ["__count"]
            )
        )
        for product in self:
            product.iaas_price_count = counts.get(product._origin, 0)

    @api.model_create_multi
    def create(self, vals_list):
        self.env["product.template"]._set_iaas_type(vals_list)
        return super().create(vals_list)

    def action_view_iaas_prices(self):
        """The prices of the product, list prices and those of contracts."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_contract.iaas_price_action"
        )
        action["domain"] = [("product_id", "in", self.ids)]
        action["context"] = {"default_product_id": self[:1].id}
        return action

    def _get_iaas_unit_costs(self):
        """What a unit costs us, per month or once: dict from product to Decimal.

        Products left out have no known cost. The addons that know costs extend this.
        """
        return {}
