from odoo import api, models


class IaasPriceTier(models.Model):
    _inherit = "iaas.price.tier"

    @api.model_create_multi
    def create(self, vals_list):
        tiers = super().create(vals_list)
        tiers.price_id._check_not_billed()
        return tiers

    def write(self, vals):
        self.price_id._check_not_billed()
        result = super().write(vals)
        if "price_id" in vals:
            self.price_id._check_not_billed()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        self.price_id._check_not_billed()
