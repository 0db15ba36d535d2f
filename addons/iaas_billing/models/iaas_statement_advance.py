from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.iaas_contract.pricing.numbers import HUNDREDTH, exact

from .iaas_statement import OPEN_STATES
from .iaas_statement_life import REVIEW_ACTIVITY


class IaasStatement(models.Model):
    """Advances: the fees of a period that are due before the service, as they stand
    when it begins (R92). Usage, grace and the customer's confirmation are of no
    concern to them; the review is, where the company asks for it."""

    _inherit = "iaas.statement"

    settled_by_id = fields.Many2one(
        "iaas.statement",
        string="Settled by",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The statement of the period, which deducts what was billed in advance.",
    )

    _advance_corrects_nothing = models.Constraint(
        "CHECK (kind = 'regular' OR correction_of_id IS NULL)",
        "What was billed in advance is settled by the statement of its period, not "
        "corrected.",
    )
    _settles_advance = models.Constraint(
        "CHECK (kind = 'advance' OR settled_by_id IS NULL)",
        "Only what was billed in advance is settled.",
    )

    def _filter_advances(self):
        return self.filtered(lambda statement: statement.kind == "advance")

    # ------------------------------------------------------------------
    # Rating
    # ------------------------------------------------------------------

    def _read_usage(self, terms, meters):
        """Usage is billed after the service."""
        regular = self - self._filter_advances()
        if not regular:
            return None
        return super(IaasStatement, regular)._read_usage(terms, meters)

    def _get_usage_hash(self, usage):
        return False if self.kind == "advance" else super()._get_usage_hash(usage)

    def _get_metered(self, resources, meters, usage):
        if self.kind == "advance":
            return {}
        return super()._get_metered(resources, meters, usage)

    def _get_billed_lines(self, values_list):
        """Of the fees, the share that is due before the service."""
        values_list = super()._get_billed_lines(values_list)
        if self.kind != "advance":
            return values_list
        Line = self.env["iaas.contract.line"]
        shares = []
        for values in values_list:
            percent = self.contract_id._get_advance_percent(
                Line.browse(values["contract_line_id"]), self.date_from
            )
            if not percent:
                continue
            with exact():
                shares.append(
                    values
                    | {
                        "advance_percent": percent,
                        "list_amount": values["list_amount"] * percent * HUNDREDTH,
                        "amount_exact": values["amount_exact"] * percent * HUNDREDTH,
                    }
                )
        return shares

    def _prepare_shortfall(self, computed):
        if self.kind == "advance":
            return []
        return super()._prepare_shortfall(computed)

    # ------------------------------------------------------------------
    # Life
    # ------------------------------------------------------------------

    def _settle(self):
        """Advances that are too late, or without anything due, are dropped."""
        late = self._filter_late()
        late.unlink()
        return super(IaasStatement, self - late)._settle()

    def _filter_late(self):
        """The advances whose fees may no longer be billed in advance."""
        advances = self._filter_advances().filtered(
            lambda advance: advance.state in OPEN_STATES
        )
        periods = advances.contract_id._get_advance_periods()
        return advances.filtered(
            lambda draft: (
                periods.get(draft.contract_id) != (draft.period_start, draft.period_end)
            )
        )

    def _check_timely(self):
        for advance in self.sudo()._filter_late():
            raise UserError(
                self.env._(
                    "The fees of %(advance)s can no longer be billed in advance: its "
                    "period is over, or the contract has changed. The next billing "
                    "run drops it.",
                    advance=advance.name,
                )
            )

    def _pass_gates(self):
        advances = self._filter_advances()
        passed = super(IaasStatement, self - advances)._pass_gates()
        empty = advances.filtered(lambda draft: not draft.line_ids)
        reviews = (advances - empty).filtered(
            lambda draft: draft.state == "draft" and draft._get_rules().statement_review
        )
        reviews._send_to_review()
        empty.unlink()
        return passed + (advances - empty - reviews)

    def _asks_customer(self):
        """There is nothing to confirm before the service."""
        return self.kind == "regular" and super()._asks_customer()

    def _send_to_review(self):
        """An advance is reviewed on the day: the customer is to pay first."""
        result = super()._send_to_review()
        today = fields.Date.context_today(self)
        advances = self._filter_advances()
        advances.activity_ids.filtered(
            lambda activity: activity.activity_type_id == self.env.ref(REVIEW_ACTIVITY)
        ).date_deadline = today
        return result

    def action_approve(self):
        self._check_timely()
        return super().action_approve()

    def action_go_on(self):
        self._check_timely()
        return super().action_go_on()

    # ------------------------------------------------------------------
    # Corrections
    # ------------------------------------------------------------------

    def _check_correctable(self):
        for advance in self._filter_advances():
            raise UserError(
                self.env._(
                    "%(advance)s was billed in advance: the statement of its period "
                    "settles it. Void it where it should not have been billed.",
                    advance=advance.name,
                )
            )
        return super()._check_correctable()

    def _check_voidable(self):
        if self.kind != "advance" or self.state != "posted":
            return super()._check_voidable()
        settling = self.settled_by_id or self._find_settling()
        if settling:
            raise UserError(
                self.env._(
                    "%(advance)s is deducted by %(statement)s. Void that first, or "
                    "take it back.",
                    advance=self.name,
                    statement=settling[0].name,
                )
            )
        return None

    def _find_settling(self):
        """The statements beyond a draft that deduct the advances."""
        self.line_ids.flush_recordset()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT statement.id
                  FROM iaas_statement_line advance
                  JOIN iaas_statement_line line ON line.settles_line_id = advance.id
                  JOIN iaas_statement statement ON statement.id = line.statement_id
                 WHERE advance.statement_id = ANY(%s)
                   AND statement.state NOT IN ('draft', 'void')
                """,
                self.ids,
            )
        )
        return self.browse(statement_id for (statement_id,) in rows)
