from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _action_confirm(self):
        """First and large orders call for a visit (R51)."""
        if self.env.context.get("mail_activity_automation_skip"):
            return super()._action_confirm()
        called_off = self.filtered(
            lambda order: order.iaas_contract_id and order._iaas_lines()
        )
        contracts = called_off.sudo()._iaas_customer_contracts()
        before = contracts._get_monthly_fees()
        known = called_off.sudo()._iaas_known_customers()
        result = super()._action_confirm()
        after = contracts._get_monthly_fees()
        for order in called_off.sudo().sorted("id"):
            customer = order.iaas_customer_id
            if customer not in known:
                known |= customer
                order._iaas_plan_first_visit()
                continue
            own = contracts.filtered(
                lambda contract, order=order: (
                    contract.partner_id == order.iaas_customer_id
                    and contract.company_id == order.company_id
                )
            )
            fees = sum(before[contract] for contract in own)
            change = sum(after[contract] for contract in own) - fees
            customer._iaas_visit_change(fees, change, order.name)
        return result

    def _iaas_customer_contracts(self):
        """The framework contracts of the customers, in the companies of the orders."""
        return self.env["iaas.contract"].search(
            [
                ("partner_id", "in", self.iaas_customer_id.ids),
                ("company_id", "in", self.company_id.ids),
            ]
        )

    def _iaas_known_customers(self):
        """Those of the customers who ordered before."""
        ordered = self._read_group(
            [
                ("iaas_contract_id.partner_id", "in", self.iaas_customer_id.ids),
                ("state", "=", "sale"),
                ("id", "not in", self.ids),
            ],
            ["iaas_contract_id"],
        )
        contracts = self.env["iaas.contract"].union(*(row[0] for row in ordered))
        return contracts.partner_id

    def _iaas_plan_first_visit(self):
        self.iaas_customer_id._iaas_plan_visit(
            self.env._("Visit: first order"),
            self.env._(
                "%(order)s is the first order. See that the start goes well, and "
                "learn what else is planned.",
                order=self.name,
            ),
        )
