from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _action_confirm(self):
        """First and large orders call for a visit (R51)."""
        called_off = self.filtered(
            lambda order: order.iaas_contract_id and order._iaas_lines()
        )
        before = {
            order: sum(order._iaas_customer_contracts()._get_monthly_fees().values())
            for order in called_off.sudo()
        }
        result = super()._action_confirm()
        for order, fees in before.items():
            order._iaas_plan_visits(fees)
        return result

    def _iaas_customer_contracts(self):
        return self.env["iaas.contract"].search(
            [
                ("partner_id", "=", self.iaas_customer_id.id),
                ("company_id", "=", self.company_id.id),
            ]
        )

    def _iaas_plan_visits(self, fees_before):
        contracts = self._iaas_customer_contracts()
        earlier = self.search_count(
            [
                ("iaas_contract_id.partner_id", "=", self.iaas_customer_id.id),
                ("state", "=", "sale"),
                ("id", "!=", self.id),
            ],
            limit=1,
        )
        if earlier:
            change = sum(contracts._get_monthly_fees().values()) - fees_before
            self.iaas_customer_id._iaas_visit_change(fees_before, change, self.name)
        else:
            self.iaas_customer_id._iaas_plan_visit(
                self.env._("Visit: first order"),
                self.env._(
                    "%(order)s is the first order. See that the start goes well, and "
                    "learn what else is planned.",
                    order=self.name,
                ),
            )
