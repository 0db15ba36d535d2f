from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ProductTemplate(models.Model):
    """Which services a running resource may be changed into."""

    _inherit = "product.template"

    iaas_change_target_ids = fields.Many2many(
        "product.product",
        "iaas_product_change_rel",
        "template_id",
        "product_id",
        string="May Become",
        check_company=True,
        domain="[('is_iaas', '=', True), ('iaas_charge_kind', '=', 'recurring'), "
        "('iaas_resource_policy', '=', iaas_resource_policy), "
        "('uom_id', '=', uom_id)]",
        help="The services into which a running resource of this one may be changed, "
        "up or down.",
    )

    @api.constrains("iaas_change_target_ids", "iaas_resource_policy", "uom_id")
    def _check_iaas_change_targets(self):
        for template in self:
            for target in template.iaas_change_target_ids:
                if (
                    not target.is_iaas
                    or target.iaas_charge_kind != "recurring"
                    or target.iaas_resource_policy != template.iaas_resource_policy
                    or target.uom_id != template.uom_id
                    or target.product_tmpl_id == template
                ):
                    raise ValidationError(
                        self.env._(
                            "%(product)s cannot become %(target)s: both must be "
                            "charged every month, make resources in the same way and "
                            "be counted in the same unit.",
                            product=template.display_name,
                            target=target.display_name,
                        )
                    )
