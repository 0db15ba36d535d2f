from datetime import timedelta

from odoo import fields, models

from odoo.addons.iaas_contract.fields import Decimal
from odoo.addons.iaas_contract.pricing import day_start, round_half_up
from odoo.addons.iaas_contract.pricing.numbers import ZERO, exact

from .iaas_statement_line import _plain


class IaasStatementLine(models.Model):
    """A line of a correction is the difference to the lines that it names."""

    _inherit = "iaas.statement.line"

    corrects_line_id = fields.Many2one(
        "iaas.statement.line",
        string="Corrects",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The posted line whose amount this one brings to what it should be.",
    )
    quantity_posted = Decimal(
        string="Quantity Posted",
        readonly=True,
        help="What was posted before the correction.",
    )
    exact_posted = Decimal(string="Exact Amount Posted", readonly=True)
    amount_waived = fields.Monetary(
        string="Not Charged",
        readonly=True,
        help="What the correction came to and was written off.",
    )
    correction_of_id = fields.Many2one(
        related="statement_id.correction_of_id", string="Corrected Statement"
    )
    dispute_ids = fields.One2many("iaas.statement.dispute", "line_id")

    def _get_instants(self):
        """The first instant of the line and the one after it, naive UTC."""
        statement = self.statement_id
        start, end = (
            day_start(day, statement.timezone).replace(tzinfo=None)
            for day in (self.segment_start, self.segment_end + timedelta(days=1))
        )
        return max(start, statement.period_start), min(end, statement.period_end)

    def _get_creditable(self):
        """What of the posted line was not taken back yet, by a credit or because its
        period was rated again; of all lines about the same service together it is no
        more than what these come to."""
        self.ensure_one()
        alike = self.corrects_line_id or self
        alike |= self.search([("corrects_line_id", "in", alike.ids)])
        alike |= self.search([("corrects_line_id", "in", alike.ids)])
        alike = alike.filtered(lambda line: line.state == "posted")
        less = alike.filtered(
            lambda line: line.corrects_line_id == self and line.amount < 0
        )
        own = self.amount + sum(less.mapped("amount"))
        left = min(own, sum(alike.mapped("amount")))
        return self.currency_id.round(max(left, 0))

    def _rounded_amount(self):
        """The billed amount as an exact number."""
        return round_half_up(str(self.amount), self.currency_id.decimal_places)

    def _sum_rounded(self):
        """The sum of the billed amounts as an exact number."""
        with exact():
            return sum((line._rounded_amount() for line in self), ZERO)

    def action_dispute(self):
        """Note for the customer that the line is disputed."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Dispute"),
            "res_model": "iaas.statement.dispute",
            "view_mode": "form",
            "context": {"default_line_id": self.id},
        }

    def _copy_rated(self):
        """The values of the line as rating writes them."""
        return {
            name: field.convert_to_write(self[name], self)
            for name, field in self._fields.items()
            if field.store
            and field.column_type
            and not field.compute
            and not field.related
            and name not in models.MAGIC_COLUMNS
        }

    def _get_counted(self):
        with exact():
            return super()._get_counted() + self.quantity_posted

    def _explain(self, pricing):
        correction = self.statement_id
        if not correction.correction_of_id:
            return super()._explain(pricing)
        currency = self.currency_id.name
        if correction.correction_kind == "credit":
            return [
                self.env._(
                    "Credit agreed for %(statement)s: %(reason)s",
                    statement=correction.correction_of_id.name,
                    reason=correction.correction_reason,
                )
            ]
        with exact():
            now = self.exact_posted + self.amount_exact
        steps = [
            self.env._(
                "Corrects %(statement)s: what it should have been comes first, then "
                "the difference.",
                statement=correction.correction_of_id.name,
            ),
            self._explain_quantity(),
        ]
        if self.price_id:
            steps += [self._explain_price(), self.price_id.summary]
            steps += self._explain_tiers(pricing)
        steps.append(
            self.env._(
                "Comes to %(now)s %(currency)s; posted before %(posted)s %(currency)s "
                "for %(quantity)s %(unit)s; difference %(difference)s %(currency)s, "
                "billed as %(amount)s.",
                now=_plain(now),
                posted=_plain(self.exact_posted),
                quantity=_plain(self.quantity_posted),
                unit=self.uom_id.name,
                difference=_plain(self.amount_exact),
                currency=currency,
                amount=self.currency_id.format(self.amount),
            )
        )
        if self.amount_waived < 0 and correction.correction_kind == "usage":
            steps.append(
                self.env._(
                    "Not credited once more, since a credit was agreed before: "
                    "%(amount)s.",
                    amount=self.currency_id.format(-self.amount_waived),
                )
            )
        elif self.amount_waived:
            steps.append(
                self.env._(
                    "Not charged: %(amount)s. %(reason)s",
                    amount=self.currency_id.format(self.amount_waived),
                    reason=correction.correction_reason,
                )
            )
        return steps
