from odoo import api, models
from odoo.tools import ormcache


class AccountAnalyticDistributionModel(models.Model):
    _inherit = "account.analytic.distribution.model"

    @api.model
    @ormcache()
    def _is_used(self):
        """Whether there is any: without one, invoices need not ask line by line."""
        return bool(self.sudo().search_count([], limit=1))  # of any company

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()
