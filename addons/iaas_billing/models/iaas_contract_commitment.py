from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.iaas_contract.pricing import committed, full_period, shortfall
from odoo.addons.iaas_contract.pricing.numbers import ZERO, exact

_DAY = timedelta(days=1)


class Commitment(NamedTuple):
    """What the versions of a contract commit to over some days, as ``(amount of a
    whole period, days)`` pairs, and the rule of the last day."""

    stretches: list
    rule: str

    def amount_of(self, days_in_period):
        return committed(self.stretches, days_in_period)


class IaasContract(models.Model):
    """How far the commitment is reached, as the statements say."""

    _inherit = "iaas.contract"

    commitment_total = fields.Monetary(
        string="Committed",
        compute="_compute_commitment_use",
        compute_sudo=True,
        help="What the customer committed to: over the whole term when a shortfall is "
        "due at its end, else in the last period that was billed.",
    )
    commitment_used = fields.Monetary(
        string="Billed of It",
        compute="_compute_commitment_use",
        compute_sudo=True,
        help="What posted statements billed in that time, before tax; a shortfall that "
        "was charged counts as well.",
    )
    commitment_remaining = fields.Monetary(
        string="Still Open", compute="_compute_commitment_use", compute_sudo=True
    )

    def _compute_commitment_use(self):
        posted = self.env["iaas.statement"].search(
            [
                ("contract_id", "in", self.ids),
                ("state", "=", "posted"),
                ("kind", "=", "regular"),
            ],
            order="period_start",
        )
        by_contract = posted.grouped("contract_id")
        for contract in self:
            statements = by_contract.get(contract._origin, posted.browse())
            total, statements = contract._get_commitment_span(statements)
            used = sum(
                (
                    Decimal(str(statement.amount_untaxed + statement.amount_advance))
                    for statement in statements
                ),
                ZERO,
            )
            contract.commitment_total = total
            contract.commitment_used = used
            contract.commitment_remaining = shortfall(total, used)

    def _get_commitment_span(self, statements):
        """What is committed to in the time that is settled together, and the
        statements of it."""
        self.ensure_one()
        if not self.commitment_amount or not self.date_start:
            return ZERO, statements.browse()
        if self.shortfall_rule == "term":
            first, last = self._get_term(self._today())
            total = self._get_committed_between(first, last) if last else ZERO
            return total, statements.filtered(
                lambda statement: first <= statement.date_from <= last
            )
        last = statements.filtered(lambda statement: not statement.correction_of_id)[
            -1:
        ]
        if not last:
            return self.commitment_amount, last
        span = self._get_commitment(last.date_from, last.date_to)
        return last._get_committed(span), last + (last.correction_ids & statements)

    def _get_committed_between(self, first, last):
        """What all periods between two days, the last included, are committed to."""
        total = ZERO
        while first <= last:
            _start, after = full_period(
                first, self.cycle, self.anchor_day, self.date_start
            )
            end = min(after - _DAY, last)
            span = self._get_commitment(first, end)
            with exact():
                total += span.amount_of((after - _start).days)
            first = after
        return total

    def _get_commitment(self, first, last):
        """The ``Commitment`` over some days, by the versions that were in force."""
        self.ensure_one()
        versions = self.sudo().version_ids.filtered(
            lambda version: version.state in ("in_force", "superseded")
        )
        starts = sorted(
            {
                first,
                *(
                    v.date_effective
                    for v in versions
                    if first < v.date_effective <= last
                ),
                *self._get_trial_borders(first, last),
            }
        )
        stretches, rule = [], "none"
        committed_to = False
        for start, after in zip(starts, [*starts[1:], last + _DAY], strict=True):
            terms = self._version_on(start).terms or {}
            rule = terms.get("shortfall_rule", "none")
            amount = Decimal(terms.get("commitment_amount", "0"))
            committed_to = committed_to or bool(amount)
            # Nobody has to buy what is free.
            if self._count_trial_days(start, start):
                amount = ZERO
            stretches.append((amount, (after - start).days))
        if not committed_to:
            rule = "none"
        return Commitment(stretches, rule)

    def _get_term(self, day):
        """The first and the last day of the term that holds a day: terms follow one
        another where the contract renewed itself; no last day when it is open."""
        self.ensure_one()
        starts = sorted(
            {self.date_start, *self.sudo().version_ids.mapped("renewed_from")} - {False}
        )
        first = max((s for s in starts if s <= day), default=self.date_start)
        after = min((s for s in starts if s > first), default=None)
        # The last day of the calendar stands for an open end.
        if after:
            return first, after - _DAY
        closed = self.date_end and self.date_end < date.max
        return first, self.date_end if closed else None

    def _check_last_day(self, last_day):
        """What is missing at the end of the term is billed with the last period, so
        that there has to be one."""
        result = super()._check_last_day(last_day)
        for contract in self:
            billed = contract._get_last_billed_day()
            if (
                billed
                and last_day == billed
                and last_day != contract.date_end
                and contract.commitment_amount
                and contract.shortfall_rule == "term"
            ):
                raise UserError(
                    self.env._(
                        "%(contract)s settles its commitment with the last period, but "
                        "%(day)s is billed already. Choose a later last day.",
                        contract=contract.display_name,
                        day=fields.Date.to_string(last_day),
                    )
                )
        return result
