from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import SQL

from ..pricing import CYCLES


class IaasContract(models.Model):
    """How far the customer of a contract is trusted, and how much is at stake."""

    _inherit = "iaas.contract"

    commitment_left = fields.Monetary(
        compute="_compute_commitment_left",
        compute_sudo=True,
        help="What is still to be ordered so that the fees of a settlement period "
        "reach the commitment, before tax and without what is billed by usage.",
    )

    @api.depends("commitment_amount", "cycle", "currency_id", "resource_ids")
    def _compute_commitment_left(self):
        fees = self._get_monthly_fees(tax=False)
        for contract in self:
            covered = contract.company_id.currency_id._convert(
                fees[contract] * contract._get_cycle_months(),
                contract.currency_id,
                contract.company_id,
                fields.Date.context_today(self),
            )
            contract.commitment_left = max(
                float(contract.commitment_amount) - covered, 0
            )

    def _get_credit_checks(self):
        """The limits that hold, as ``(limit, what is owed now)`` in the company's
        currency: that of the customer for all its contracts, and that which this
        contract agrees on for itself."""
        self.ensure_one()
        company = self.company_id
        partner = self.partner_id.with_company(company)
        checks = []
        if company.account_use_credit_limit and partner.credit_limit > 0:
            contracts = self.search(
                [("partner_id", "=", partner.id), ("company_id", "=", company.id)]
            )
            owed = partner.credit + partner.credit_to_invoice
            checks.append((partner.credit_limit, owed + contracts._get_accruing()))
        if self.credit_limit_amount:
            limit = self.currency_id._convert(
                float(self.credit_limit_amount),
                company.currency_id,
                company,
                fields.Date.context_today(self),
            )
            checks.append((limit, self._get_open_amount() + self._get_accruing()))
        return checks

    def _lock_credit(self):
        """Let the checks of one customer's credit follow one another.

        Two that do not see each other would both pass. Who comes second waits for the
        first, then is begun again by the server and sees what that one added: the row
        is written, for a mere lock would let the second go on with what it saw.
        """
        limited = self.filtered(lambda contract: contract._has_credit_limit())
        groups = limited.grouped(lambda c: (c.partner_id.id, c.company_id.id))
        for partner_id, company_id in sorted(groups):
            self.env.execute_query(
                SQL(
                    """UPDATE iaas_contract SET write_date = write_date
                        WHERE id = (SELECT MIN(id) FROM iaas_contract
                                     WHERE partner_id = %s AND company_id = %s)
                    RETURNING id""",
                    partner_id,
                    company_id,
                )
            )

    def _has_credit_limit(self):
        self.ensure_one()
        company = self.company_id
        partner = self.partner_id.with_company(company)
        return bool(self.credit_limit_amount) or bool(
            company.account_use_credit_limit and partner.credit_limit > 0
        )

    def _get_open_amount(self):
        """What is invoiced and not paid, in the company's currency. Here all that the
        customer owes; who knows the contract of an invoice narrows it."""
        self.ensure_one()
        return self.partner_id.with_company(self.company_id).credit

    def _get_accruing(self):
        """The fees that accrue until the next settlement of the contracts."""
        fees = self._get_monthly_fees()
        return sum(fee * contract._get_cycle_months() for contract, fee in fees.items())

    def _get_cycle_months(self):
        self.ensure_one()
        return CYCLES[self.cycle]

    def _get_monthly_fees(self, resources=None, tax=True):
        """``{contract: monthly fees in the company's currency}`` of what was
        ordered and has not stopped.

        :param resources: count only these
        :param tax: whether to count tax
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
            fees[contract] += line._iaas_company_amount(tax) * share
        for contract, fee in self._get_changed_fees(resources, tax):
            fees[contract] += fee
        return fees

    def _get_changed_fees(self, resources, tax):
        """``(contract, monthly fee)`` of what was changed since it was ordered: each
        resource with the most that it costs from today on, as planned by now."""
        today = fields.Date.context_today(self)
        segments = self.env["iaas.resource.segment"].search(
            [
                ("contract_id", "in", self.ids),
                ("resource_id.active", "=", True),
                "|",
                ("date_end", "=", False),
                ("date_end", ">=", today),
                *([] if resources is None else [("resource_id", "in", resources.ids)]),
            ],
            order="monthly_fee",
        )
        dearest = {segment.resource_id: segment for segment in segments}
        by_product = defaultdict(float)
        for segment in dearest.values():
            by_product[segment.contract_id, segment.product_id] += segment.monthly_fee
        for (contract, product), fee in by_product.items():
            yield contract, contract._add_tax(product, fee) if tax else fee

    def _add_tax(self, product, amount):
        """The amount in the company's currency with the taxes that the customer pays
        on the product."""
        self.ensure_one()
        company = self.company_id
        positions = self.env["account.fiscal.position"].with_company(company)
        taxes = positions._get_fiscal_position(self.partner_id).map_tax(
            product.taxes_id._filter_taxes_by_company(company)
        )
        result = taxes.compute_all(amount, currency=company.currency_id)
        return result["total_included"]
