from datetime import date, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from .iaas_contract import LIVE_STATES
from .iaas_contract_terms import LONGEST_NOTICE

NOTICE_ACTIVITY = "iaas_contract.mail_activity_type_notice"

# Days before the last day for notice on which the owner is told.
NOTICE_AHEAD = 30


class IaasContract(models.Model):
    """Notice: either side may keep a contract from renewing itself, in time."""

    _inherit = "iaas.contract"

    notice_deadline = fields.Date(
        string="Notice Until",
        compute="_compute_notice_deadline",
        store=True,
        help="Last day on which either side may give notice. After it the contract "
        "renews itself.",
    )
    notice_date = fields.Date(
        string="Notice Given On", readonly=True, copy=False, tracking=True
    )
    notice_by = fields.Selection(
        [("customer", "The customer"), ("us", "We")],
        string="Notice Given By",
        readonly=True,
        copy=False,
        tracking=True,
    )
    notice_person = fields.Char(
        readonly=True, copy=False, help="Who signed the notice."
    )

    @api.depends("auto_renew", "date_end", "notice_days")
    def _compute_notice_deadline(self):
        for contract in self:
            ends = contract.date_end and contract.date_end < date.max
            contract.notice_deadline = (
                contract.date_end
                - timedelta(days=min(contract.notice_days, LONGEST_NOTICE))
                if contract.auto_renew and ends
                else False
            )

    @api.model
    def _get_gated_fields(self):
        return super()._get_gated_fields() | {
            "notice_date",
            "notice_by",
            "notice_person",
        }

    # === ACTIONS ===

    def action_give_notice(self):
        """Open the wizard that records who gave notice and when."""
        self.ensure_one()
        self._check_notice_possible()
        return self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_contract.iaas_contract_notice_action"
        ) | {"context": {"default_contract_id": self.id}}

    def action_let_end(self):
        """A contract that renews itself ends by notice only."""
        if self.auto_renew and not self.notice_date:
            return self.action_give_notice()
        return super().action_let_end()

    # === BUSINESS ===

    def _check_notice_possible(self):
        self._check_state(set(LIVE_STATES), self.env._("given notice of"))
        for contract in self:
            if not contract.auto_renew:
                raise UserError(
                    self.env._(
                        "%(contract)s does not renew itself, so it needs no notice: "
                        "let it end, or terminate it earlier.",
                        contract=contract.display_name,
                    )
                )
            if contract.notice_date:
                raise UserError(
                    self.env._(
                        "Notice of %(contract)s was given already, on %(day)s.",
                        contract=contract.display_name,
                        day=format_date(self.env, contract.notice_date),
                    )
                )

    def _give_notice(self, by, person, day, reason):
        """Record a notice that came in time: the term is the last one."""
        self._check_notice_possible()
        self.check_access("write")
        for contract in self:
            # East of the contract the user's day has begun.
            today = max(contract._today(), fields.Date.context_today(self))
            if day > today:
                raise UserError(
                    self.env._("A notice is recorded once it was given, not before.")
                )
            if day > contract.notice_deadline:
                raise UserError(
                    self.env._(
                        "Notice of %(contract)s had to be given by %(deadline)s, so "
                        "one of %(day)s is late: the contract goes on for %(months)s "
                        "months after %(end)s. If both sides agree to end it, "
                        "terminate it.",
                        contract=contract.display_name,
                        deadline=format_date(self.env, contract.notice_deadline),
                        day=format_date(self.env, day),
                        months=contract.renew_months,
                        end=format_date(self.env, contract.date_end),
                    )
                )
            day = min(day, contract._today())
            contract._set_life(notice_date=day, notice_by=by, notice_person=person)
            contract._let_end(reason)
            contract.activity_unlink([NOTICE_ACTIVITY])

    def _let_end(self, reason):
        for contract in self:
            if contract.auto_renew and not contract.notice_date:
                raise UserError(
                    self.env._(
                        "%(contract)s renews itself: without notice it goes on. Record "
                        "the notice.",
                        contract=contract.display_name,
                    )
                )
        return super()._let_end(reason)

    def _renews_itself(self):
        return not self.notice_date and super()._renews_itself()

    def _follow_term(self):
        result = super()._follow_term()
        self._follow_notice()
        return result

    def _follow_notice(self):
        """Tell the owner in time that the contract is about to renew itself."""
        for contract in self:
            deadline, today = contract.notice_deadline, contract._today()
            asked = contract.activity_search([NOTICE_ACTIVITY])
            is_due = (
                deadline
                and contract.state in LIVE_STATES
                and not contract.notice_date
                and not contract.termination_date
                and deadline - timedelta(days=NOTICE_AHEAD) <= today <= deadline
            )
            if not is_due:
                asked.unlink()
            elif asked:
                asked.filtered(
                    lambda activity: activity.date_deadline != deadline  # noqa: B023
                ).date_deadline = deadline
            else:
                contract.activity_schedule(
                    NOTICE_ACTIVITY,
                    date_deadline=deadline,
                    user_id=contract._responsible().id,
                    note=self.env._(
                        "Without notice until %(day)s the contract goes on for "
                        "%(months)s months after %(end)s.",
                        day=format_date(self.env, deadline),
                        months=contract.renew_months,
                        end=format_date(self.env, contract.date_end),
                    ),
                )
