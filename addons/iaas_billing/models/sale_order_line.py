from odoo import models
from odoo.tools import format_date


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _iaas_obstacle(self):
        """What is called off for days that are billed would not be billed for them."""
        obstacle = super()._iaas_obstacle()
        if obstacle:
            return obstacle
        contract = self.order_id.iaas_contract_id.sudo()
        billed = contract._get_last_billed_day()
        if billed and self.order_id._iaas_service_day() <= billed:
            return self.env._(
                "%(contract)s is billed up to %(day)s. Set a later delivery date and "
                "invoice the days before by hand.",
                contract=contract.display_name,
                day=format_date(self.env, billed),
            )
        return obstacle
