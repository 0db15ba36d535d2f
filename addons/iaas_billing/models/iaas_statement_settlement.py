from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.iaas_contract.pricing.numbers import ZERO, exact


class IaasStatement(models.Model):
    """The statement of a period bills all of it and deducts, line by line, what was
    billed in advance: its invoice comes to the difference (R92)."""

    _inherit = "iaas.statement"

    amount_advance = fields.Monetary(
        string="Billed in Advance",
        compute="_compute_amount_advance",
        store=True,
        help="What was billed in advance and is deducted here.",
    )
    amount_period = fields.Monetary(
        string="Period before Advance",
        compute="_compute_amount_period",
        help="What the period comes to, whenever it was billed; before tax.",
    )

    @api.depends("line_ids.amount", "line_ids.settles_line_id")
    def _compute_amount_advance(self):
        totals = dict(
            self.env["iaas.statement.line"]._read_group(
                [("statement_id", "in", self.ids), ("settles_line_id", "!=", False)],
                ["statement_id"],
                ["amount:sum"],
            )
        )
        for statement in self:
            statement.amount_advance = 0 - totals.get(statement, 0)

    @api.depends("amount_untaxed", "amount_advance")
    def _compute_amount_period(self):
        for statement in self:
            statement.amount_period = (
                statement.amount_untaxed + statement.amount_advance
            )

    # ------------------------------------------------------------------
    # Lines
    # ------------------------------------------------------------------

    def _deduct_advances(self, computed, problems):
        """Add to the rated statements the lines that deduct what was billed in
        advance for their periods.

        :param computed: ``{statement: values of its lines}``
        """
        regular = self.filtered(
            lambda statement: statement.kind == "regular" and statement not in problems
        )
        advances = regular._find_advances()
        for statement in regular:
            lines = advances.get(statement, self.browse()).line_ids
            computed[statement] += [
                statement._prepare_deduction(line) for line in lines if line.amount
            ]

    def _find_advances(self):
        """The posted advances of the periods: those that begin within them.

        :return: ``{statement: advances}``
        """
        if not self:
            return {}
        by_contract = self.search(
            [
                ("contract_id", "in", self.contract_id.ids),
                ("kind", "=", "advance"),
                ("state", "=", "posted"),
                ("period_start", ">=", min(self.mapped("period_start"))),
                ("period_start", "<", max(self.mapped("period_end"))),
            ]
        ).grouped("contract_id")
        found = {}
        for statement in self:
            advances = by_contract.get(statement.contract_id, self.browse())
            found[statement] = advances.filtered(
                lambda advance, period=statement: (
                    period.period_start <= advance.period_start < period.period_end
                )
            )
        return found

    def _prepare_deduction(self, line):
        """The values of the line that deducts a line billed in advance: as much as
        was billed, of the same days."""
        billed = line._rounded_amount()
        with exact():
            less, listed = -billed, -line.list_amount
        return line._copy_rated() | {
            "statement_id": self.id,
            "charge_kind": "advance",
            "settles_line_id": line.id,
            "quantity": ZERO,
            "days": 0,
            "days_in_month": 0,
            "list_amount": listed,
            "amount_exact": less,
            "amount": less,
        }

    # ------------------------------------------------------------------
    # Posting
    # ------------------------------------------------------------------

    def _post(self):
        """Note on the advances what settles them; none is settled twice, none after it
        was voided, and none is forgotten."""
        regular = self.filtered(
            lambda statement: (
                statement.kind == "regular" and not statement.correction_of_id
            )
        )
        owed = regular._find_advances()
        for statement in regular:
            due = owed[statement].filtered(
                lambda advance: any(advance.line_ids.mapped("amount"))
            )
            deducted = due.browse()
            if statement.amount_advance or due:
                deducted = statement.line_ids.settles_line_id.statement_id
            wrong = (due - deducted) + (deducted - due) + deducted.settled_by_id
            if wrong:
                raise UserError(
                    self.env._(
                        "What was billed in advance has changed since %(statement)s "
                        "was rated, see %(advance)s. Take it back, so that it is rated "
                        "anew.",
                        statement=statement.name,
                        advance=wrong[0].name,
                    )
                )
            owed[statement].settled_by_id = statement
        return super()._post()

    def _void(self, reason):
        result = super()._void(reason)
        settled = self.sudo().search([("settled_by_id", "in", self.ids)])
        settled.settled_by_id = False
        return result

    # ------------------------------------------------------------------
    # Invoice
    # ------------------------------------------------------------------

    def _is_free(self):
        """Nothing is left to pay where each account and tax comes to nothing; else
        amounts move between them."""
        if not self.amount_advance or self.correction_of_id:
            return super()._is_free()
        totals = {}
        for (_group, account, taxes, _advance), lines in self._group_lines().items():
            totals.setdefault((account, taxes), 0)
            totals[account, taxes] += sum(lines.mapped("amount"))
        return all(map(self.currency_id.is_zero, totals.values()))

    def _get_move_type(self):
        """Less than was billed in advance is a credit note."""
        if self.amount_advance and self.amount_untaxed < 0:
            return "out_refund"
        return super()._get_move_type()

    def _get_fiscal_position(self):
        """That of the invoice, once there is one: what it taxed is deducted as it was
        taxed."""
        if self.kind == "advance" and self.move_id:
            return self.move_id.fiscal_position_id
        return super()._get_fiscal_position()

    def _prepare_invoice(self):
        values = super()._prepare_invoice()
        if self.correction_of_id or values["move_type"] != "out_refund":
            return values
        advances = self.line_ids.settles_line_id.statement_id
        return values | {
            "reversed_entry_id": advances.move_id[:1].id,
            "invoice_payment_term_id": False,
            "invoice_date_due": values["invoice_date"],
        }

    def _invoice(self, invoices):
        """A credit note settles what is unpaid of the advance."""
        result = super()._invoice(invoices)
        for statement in self:
            if statement.amount_advance and not statement.correction_of_id:
                advances = statement.line_ids.settles_line_id.statement_id
                advances._settle_credit(statement.move_id)
        return result

    def _get_invoice_line_name(self, group, lines):
        advance = lines.settles_line_id.statement_id
        statement = self.with_context(lang=self.partner_id.lang)
        if advance:
            return statement.env._(
                "%(what)s, less what %(invoice)s billed in advance",
                what=statement._get_group_name(group),
                invoice=advance.move_id.name or advance.name,
            )
        name = super()._get_invoice_line_name(group, lines)
        if self.kind == "advance":
            return statement.env._("In advance: %(name)s", name=name)
        return name
