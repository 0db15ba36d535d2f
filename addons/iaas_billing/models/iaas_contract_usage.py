from odoo import models


class IaasContract(models.Model):
    _inherit = "iaas.contract"

    def write(self, vals):
        moved = self.filtered(
            lambda contract: (
                vals.get("timezone", contract.timezone) != contract.timezone
            )
        )
        result = super().write(vals)
        if moved:
            # Its days begin at other instants now.
            self.env["iaas.usage.daily"].sudo()._derive(contracts=moved)
        return result
