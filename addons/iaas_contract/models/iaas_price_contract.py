from odoo import api, models


class IaasPrice(models.Model):
    """Own prices are terms of their contract."""

    _inherit = "iaas.price"

    @api.model_create_multi
    def create(self, vals_list):
        prices = super().create(vals_list)
        prices.contract_id._follow_terms()
        return prices

    def write(self, vals):
        contracts = self.contract_id
        result = super().write(vals)
        (contracts | self.contract_id)._follow_terms()
        return result

    def unlink(self):
        contracts = self.contract_id
        result = super().unlink()
        contracts.exists()._follow_terms()
        return result
