from odoo import fields, models


class IaasContract(models.Model):
    _inherit = "iaas.contract"

    obligation_ids = fields.One2many(
        "iaas.contract.obligation", "contract_id", string="Obligations"
    )
