from odoo import api, fields, models

from odoo.addons.iaas_contract.pricing import round_half_up
from odoo.addons.iaas_contract.pricing.numbers import ZERO


class IaasStatement(models.Model):
    """Disputes of a statement and the credits agreed for them."""

    _inherit = "iaas.statement"

    dispute_ids = fields.One2many("iaas.statement.dispute", "statement_id")
    dispute_count = fields.Integer(string="Disputes", compute="_compute_dispute_count")
    open_dispute_count = fields.Integer(
        string="Open Disputes", compute="_compute_dispute_count"
    )

    @api.depends("dispute_ids.state")
    def _compute_dispute_count(self):
        counts = {
            (statement, state): count
            for statement, state, count in self.env["iaas.statement.dispute"]
            .sudo()
            ._read_group(
                [("statement_id", "in", self.ids)],
                ["statement_id", "state"],
                ["__count"],
            )
        }
        states = {state for _statement, state in counts}
        for statement in self:
            statement.open_dispute_count = counts.get((statement, "open"), 0)
            statement.dispute_count = sum(
                counts.get((statement, state), 0) for state in states
            )

    def action_view_disputes(self):
        """Open what the customer disputes."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_billing.iaas_statement_dispute_action"
        )
        return action | {
            "domain": [("statement_id", "=", self.id)],
            "context": {},
        }

    def _make_credit(self, line, amount, reason):
        """Post a correction that takes the agreed amount off a posted line, with its
        credit note."""
        self.ensure_one()
        credit = self.create(self._prepare_correction("credit", reason))
        digits = self.currency_id.decimal_places
        less = -round_half_up(str(amount), digits)
        self.env["iaas.statement.line"].create(
            line._copy_rated()
            | {
                "statement_id": credit.id,
                "corrects_line_id": line.id,
                "quantity": ZERO,
                "quantity_before": ZERO,
                "quantity_posted": line.quantity,
                "exact_posted": line.amount_exact,
                "list_amount": less,
                "amount_exact": less,
                "amount": less,
                "amount_waived": 0,
            }
        )
        credit._post_correction()
        return credit
