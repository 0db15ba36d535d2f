from odoo import models


class IaasResource(models.Model):
    _inherit = "iaas.resource"

    def write(self, vals):
        """Resources given up may call for a visit (R51)."""
        ending = self.browse()
        skips = self.env.context.get("mail_activity_automation_skip")
        if vals.get("date_end") and vals.get("active", True) and not skips:
            ending = self.filtered(lambda resource: not resource.date_end).sudo()
        given_up = {
            partner: (
                resources._get_all_monthly_fees(),
                sum(resources.contract_id._get_monthly_fees(resources).values()),
            )
            for partner, resources in ending.grouped("partner_id").items()
        }
        result = super().write(vals)
        for partner, (before, stopped) in given_up.items():
            partner._iaas_visit_stops()
            partner._iaas_visit_change(
                before, -stopped, self.env._("The stop of resources")
            )
        return result

    def _get_all_monthly_fees(self):
        """The monthly fees of the customer whose resources these are."""
        contracts = self.env["iaas.contract"].search(
            [
                ("partner_id", "=", self.partner_id.id),
                ("company_id", "in", self.company_id.ids),
            ]
        )
        return sum(contracts._get_monthly_fees().values())
