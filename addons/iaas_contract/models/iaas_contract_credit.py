from odoo import fields, models

from ..pricing import CYCLES


class IaasContract(models.Model):
    """How far the customer of a contract is trusted, and how much is at stake."""

    _inherit = "iaas.contract"

    def _get_credit_limit(self):
        """The limit of the customer in the company's currency; 0 without one."""
        self.ensure_one()
        company = self.company_id
        if not company.account_use_credit_limit:
            return 0
        return self.partner_id.with_company(company).credit_limit

    def _get_credit_exposure(self):
        """What the customer owes in the company's currency: invoices that are open,
        orders not invoiced yet, and the fees that accrue until the next settlement of
        everything rented under its contracts."""
        self.ensure_one()
        company = self.company_id
        partner = self.partner_id.with_company(company)
        contracts = self.search(
            [("partner_id", "=", partner.id), ("company_id", "=", company.id)]
        )
        fees = contracts._get_monthly_fees()
        accruing = sum(
            fee * contract._get_cycle_months() for contract, fee in fees.items()
        )
        return partner.credit + partner.credit_to_invoice + accruing

    def _get_cycle_months(self):
        self.ensure_one()
        return CYCLES[self.cycle]

    def _get_monthly_fees(self, resources=None):
        """``{contract: monthly fees in the company's currency}`` of what was
        ordered and has not stopped, with tax unless it was changed since.

        :param resources: count only these
        """
        fees = dict.fromkeys(self, 0.0)
        scope = [] if resources is None else [("id", "in", resources.ids)]
        running = self.env["iaas.resource"]._read_group(
            [
                *scope,
                ("contract_id", "in", self.ids),
                ("product_id.iaas_charge_kind", "=", "recurring"),
                ("sale_line_id", "!=", False),
                ("state", "in", ("planned", "running")),
                ("segment_ids", "=", False),
            ],
            ["contract_id", "sale_line_id"],
            ["quantity:sum"],
        )
        for contract, line, quantity in running:
            share = quantity / float(line._iaas_quantity())
            fees[contract] += line._iaas_company_amount() * share
        today = fields.Date.context_today(self)
        changed = self.env["iaas.resource.segment"]._read_group(
            [
                ("contract_id", "in", self.ids),
                ("resource_id.active", "=", True),
                ("date_start", "<=", today),
                "|",
                ("date_end", "=", False),
                ("date_end", ">=", today),
                *([] if resources is None else [("resource_id", "in", resources.ids)]),
            ],
            ["contract_id"],
            ["monthly_fee:sum"],
        )
        for contract, fee in changed:
            fees[contract] += fee
        return fees
