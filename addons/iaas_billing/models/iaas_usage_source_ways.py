from odoo import fields, models


class IaasUsageSource(models.Model):
    _inherit = "iaas.usage.source"

    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Who clears what of its usage is unknown or went wrong. Empty: a billing "
        "manager.",
    )
    mapping_ids = fields.One2many(
        "iaas.usage.mapping", "source_id", string="Columns of Files", copy=True
    )
    alias_ids = fields.One2many(
        "iaas.usage.alias", "source_id", string="Mapped Names", copy=False
    )
