from odoo import api, fields, models


class ProductTemplate(models.Model):
    _inherit = "product.template"

    is_iaas_server = fields.Boolean(
        string="Server",
        help="Each unit received on a purchase order becomes a host.",
    )
    iaas_capacity_ids = fields.One2many(
        "iaas.product.capacity", "product_tmpl_id", string="Capacity per Unit"
    )

    @api.model_create_multi
    def create(self, vals_list):
        # Capacity hangs on the variant, which exists once the template does.
        templates = super().create(
            [
                {name: vals[name] for name in vals if name != "iaas_capacity_ids"}
                for vals in vals_list
            ]
        )
        for template, vals in zip(templates, vals_list, strict=True):
            if vals.get("iaas_capacity_ids"):
                template.iaas_capacity_ids = vals["iaas_capacity_ids"]
        return templates
