from odoo import fields, models
from odoo.tools import format_date

from odoo.addons.iaas_contract.fields import Decimal

from .iaas_statement_line import _plain


class IaasStatementLine(models.Model):
    """A line in advance is a share of a fee; the statement of the period has a line
    that deducts it."""

    _inherit = "iaas.statement.line"

    kind = fields.Selection(related="statement_id.kind")
    advance_percent = Decimal(
        string="In Advance (%)",
        readonly=True,
        help="The share of the fee that is due before the service.",
    )
    settles_line_id = fields.Many2one(
        "iaas.statement.line",
        string="Settles",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The line by which this was billed in advance.",
    )

    _settles_a_line = models.Constraint(
        "CHECK ((charge_kind = 'advance') = (settles_line_id IS NOT NULL))",
        "What was billed in advance is deducted by the line that names its line.",
    )

    def _explain(self, pricing):
        if self.settles_line_id and not self.statement_id.correction_of_id:
            return self._explain_settlement()
        return super()._explain(pricing)

    def _explain_settlement(self):
        advance = self.settles_line_id.statement_id
        first, last = (
            format_date(self.env, day, date_format="medium")
            for day in (self.segment_start, self.segment_end)
        )
        return [
            self.env._(
                "Billed in advance by %(statement)s, invoice %(invoice)s, for "
                "%(first)s to %(last)s: %(amount)s.",
                statement=advance.name,
                invoice=advance.move_id.name or "–",
                first=first,
                last=last,
                amount=self.currency_id.format(self.settles_line_id.amount),
            ),
            self.env._(
                "Deducted here: what the period came to stands in the other lines."
            ),
        ]

    def _explain_share(self):
        steps = super()._explain_share()
        if self.kind == "advance":
            steps.append(
                self.env._(
                    "%(percent)s %% of it are due before the service. The statement of "
                    "the period settles them.",
                    percent=_plain(self.advance_percent),
                )
            )
        return steps

    def _explain_quantity(self):
        """Days that are still to come are as they were planned then."""
        text = super()._explain_quantity()
        if self.kind != "advance":
            return text
        return self.env._("Planned: %(quantity)s", quantity=text)

    def _name_text(self):
        """The service, and that it is deducted, for customers."""
        self.ensure_one()
        name = self.product_id.display_name
        if self.settles_line_id:
            return self.env._("%(service)s, billed in advance", service=name)
        return name
