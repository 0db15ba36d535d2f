from odoo import fields, models


class IaasResource(models.Model):
    _inherit = "iaas.resource"

    contract_version_id = fields.Many2one(
        related="sale_order_id.iaas_contract_version_id", store=True, index=True
    )
