from odoo import models

from odoo.addons.iaas_contract.pricing import (
    full_period,
    reaches,
    round_half_up,
    shortfall,
)
from odoo.addons.iaas_contract.pricing.numbers import ZERO, exact

# What a division leaves behind these places is not spend.
_SPEND_DIGITS = 20


class IaasStatement(models.Model):
    """What the spend of a whole period decides: discounts, and what is missing from
    the commitment (R27)."""

    _inherit = "iaas.statement"

    def _get_days(self):
        """The days of the statement and those of its whole settlement period, which
        the first and the last day of the contract cut short."""
        self.ensure_one()
        contract = self.contract_id
        start, after = full_period(
            self.date_from, contract.cycle, contract.anchor_day, contract.date_start
        )
        return (self.date_to - self.date_from).days + 1, (after - start).days

    # ------------------------------------------------------------------
    # Discounts from a spend
    # ------------------------------------------------------------------

    def _reach_bands(self, values_list, terms):
        """Let the discounts hold that the undiscounted spend comes to.

        :param values_list: the values of the lines, rated without them
        :return: whether the lines have to be rated again
        """
        if not terms.has_bands(self):
            return False
        days, period = self._get_days()
        free = self.contract_id._count_trial_days(self.date_from, self.date_to)
        if free == days:
            return False
        Line = self.env["iaas.contract.line"]
        with exact():
            spend = sum(
                (
                    values["list_amount"]
                    for values in values_list
                    if not Line.browse(values["contract_line_id"]).is_trial
                ),
                ZERO,
            )
        spend = max(round_half_up(spend, _SPEND_DIGITS), ZERO)
        terms.reach(self, lambda band: reaches(spend, band, days - free, period))
        return True

    # ------------------------------------------------------------------
    # Shortfall of the commitment
    # ------------------------------------------------------------------

    def _prepare_shortfall(self, computed):
        """The line of what is missing from the commitment, if any: of the period, or
        with the last period of the term of all periods of it.

        :param computed: ``{statement: values of its lines}`` of those rated now
        """
        self.ensure_one()
        terms = self.contract_id._get_commitment(self.date_from, self.date_to)
        if terms.rule == "period":
            covered = self
        elif terms.rule == "term" and self._is_last_of_term():
            covered = self._get_term_statements()
        else:
            return []
        commitment = billed = ZERO
        for statement in covered:
            part = self.contract_id._get_commitment(
                statement.date_from, statement.date_to
            )
            # A period that was settled by another rule is settled.
            if part.rule != terms.rule:
                continue
            with exact():
                commitment += statement._get_committed(part)
                billed += statement._get_billed(computed.get(statement))
        missing = shortfall(commitment, billed)
        amount = round_half_up(missing, self.currency_id.decimal_places)
        if not amount:
            return []
        return [
            self._prepare_shortfall_line(min(covered.mapped("date_from")))
            | {
                "committed_amount": commitment,
                "list_amount": missing,
                "amount_exact": missing,
                "amount": amount,
            }
        ]

    def _get_committed(self, commitment):
        return commitment.amount_of(self._get_days()[1])

    def _get_billed(self, values_list):
        """What the period bills before tax, its corrections included, apart from a
        shortfall of now."""
        if values_list is None:
            values_list = [
                {"amount": round_half_up(str(line.amount), 6)}
                for line in self._get_counted_lines()
                # Billed in advance or after: it is billed once.
                if not line.settles_line_id
            ]
        return sum((values["amount"] for values in values_list), ZERO)

    def _is_last_of_term(self):
        _first, last = self.contract_id._get_term(self.date_from)
        return bool(last) and last <= self.date_to

    def _get_term_statements(self):
        """The statements of the periods that begin within the same term, up to this
        one; a correction stands for the statement that it corrects."""
        first, _last = self.contract_id._get_term(self.date_from)
        regular = self.contract_id.statement_ids.filtered(
            lambda statement: (
                not statement.correction_of_id
                and statement.kind == "regular"
                and statement.state != "void"
                and first <= statement.date_from <= self.date_from
            )
        )
        return regular - self.correction_of_id | self

    def _prepare_shortfall_line(self, first_day):
        product = self.env.ref("iaas_billing.product_product_shortfall")
        return {
            "statement_id": self.id,
            "resource_id": False,
            "product_id": product.id,
            "family_id": product.categ_id._get_iaas_family().id,
            "meter_id": False,
            "charge_kind": "shortfall",
            "quantity": 1,
            "quantity_before": ZERO,
            "price_id": False,
            "contract_line_id": False,
            "contract_version_id": self.contract_id._version_on(self.date_to).id,
            "discount_percent": ZERO,
            "spend_band": ZERO,
            "days": 0,
            "days_in_month": 0,
            "advance_percent": ZERO,
            "settles_line_id": False,
            "segment_start": first_day,
            "segment_end": self.date_to,
        }
