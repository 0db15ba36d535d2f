from odoo import models


class IaasResource(models.Model):
    _inherit = "iaas.resource"

    def write(self, vals):
        zones = {}
        if "contract_id" in vals:
            zones = {resource: resource.contract_id.timezone for resource in self}
        result = super().write(vals)
        moved = self.filtered(
            lambda resource: (
                resource in zones and resource.contract_id.timezone != zones[resource]
            )
        )
        if moved:
            # Its days begin at other instants under the other contract.
            self.env["iaas.usage.daily"].sudo()._derive(resources=moved)
        return result
