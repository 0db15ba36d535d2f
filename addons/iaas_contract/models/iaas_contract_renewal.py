from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_date

from .iaas_contract import IN_FORCE_STATES, LIVE_STATES, UNSIGNED_STATES
from .iaas_contract_clock import ESCALATION_ACTIVITY
from .iaas_contract_life import RENEW_ACTIVITY

REMINDER_ACTIVITY = "iaas_contract.mail_activity_type_renewal_reminder"

# Days before the last day on which the owner of an unsigned renewal is reminded,
# from the day on which the tier of the customer opens it. Afterwards: every week.
REMINDER_DAYS = (180, 90, 60, 30, 14, 7, 0)
SNOOZE_DAYS = 7


class IaasContract(models.Model):
    """Renewal: the next contract is opened ahead and nothing lapses silently (R45)."""

    _inherit = "iaas.contract"

    renewal_of_id = fields.Many2one(
        "iaas.contract",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
    )
    renewal_ids = fields.One2many("iaas.contract", "renewal_of_id", string="Renewals")
    renewed_by_id = fields.Many2one("iaas.contract", compute="_compute_renewed_by_id")
    renewal_due_date = fields.Date(
        string="Due",
        related="renewal_of_id.date_end",
        store=True,
        help="Last day of the contract that this one renews.",
    )
    renewal_days_left = fields.Integer(compute="_compute_renewal_days_left")
    renewal_snooze_date = fields.Date(
        string="Snoozed Until", readonly=True, copy=False, groups="base.group_user"
    )
    renewal_reminded_date = fields.Date(
        string="Last Reminder", readonly=True, copy=False, groups="base.group_user"
    )
    let_end_reason = fields.Char(
        string="Not Renewed Because",
        readonly=True,
        copy=False,
        tracking=True,
        groups="base.group_user",
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    revenue_12m = fields.Monetary(
        string="Revenue (12 Months)",
        compute="_compute_revenue_12m",
        compute_sudo=True,
        currency_field="company_currency_id",
        groups="base.group_user",
        help="What the customer brought in the last 12 months.",
    )

    _one_renewal = models.UniqueIndex(
        "(renewal_of_id) WHERE renewal_of_id IS NOT NULL",
        "This contract has a renewal already.",
    )

    # === COMPUTE ===

    @api.depends("renewal_ids")
    def _compute_renewed_by_id(self):
        for contract in self:
            contract.renewed_by_id = contract.renewal_ids[:1]

    @api.depends("renewal_due_date", "timezone")
    def _compute_renewal_days_left(self):
        for contract in self:
            due = contract.renewal_due_date
            contract.renewal_days_left = (due - contract._today()).days if due else 0

    def _compute_revenue_12m(self):
        for company, contracts in self.grouped("company_id").items():
            amounts = self.with_company(company)._get_revenue_12m(contracts.partner_id)
            for contract in contracts:
                contract.revenue_12m = amounts.get(contract.partner_id, 0)

    # === CONSTRAINTS ===

    @api.constrains(
        "renewal_of_id", "partner_id", "company_id", "date_start", "date_end", "state"
    )
    def _check_renewal(self):
        for renewal in self.sudo() | self.sudo().renewal_ids:
            old = renewal.renewal_of_id
            if not old:
                continue
            if (old.partner_id, old.company_id, old.currency_id) != (
                renewal.partner_id,
                renewal.company_id,
                renewal.currency_id,
            ):
                raise ValidationError(
                    self.env._(
                        "%(renewal)s renews %(contract)s: customer, company and "
                        "currency stay the same.",
                        renewal=renewal.display_name,
                        contract=old.display_name,
                    )
                )
            # A draft follows its contract when the term of that is moved.
            if renewal.state != "draft" and (
                not old.date_end or renewal.date_start <= old.date_end
            ):
                raise ValidationError(
                    self.env._(
                        "%(renewal)s begins on %(start)s, but %(contract)s, which it "
                        "renews, lasts until %(end)s. Set the renewal back to draft "
                        "and let it begin after that day.",
                        renewal=renewal.display_name,
                        start=renewal.date_start,
                        contract=old.display_name,
                        end=old.date_end or self.env._("further notice"),
                    )
                )

    # === CRUD ===

    @api.model
    def _get_gated_fields(self):
        return super()._get_gated_fields() | {
            "renewal_of_id",
            "renewal_snooze_date",
            "renewal_reminded_date",
            "let_end_reason",
        }

    def write(self, vals):
        result = super().write(vals)
        if vals.get("date_end"):
            self.sudo()._move_renewals()
        return result

    def _move_renewals(self):
        """Let a renewal that is still a draft begin when its contract now ends."""
        for contract in self:
            renewal = contract.renewed_by_id
            # The last day of the calendar stands for an open end.
            if not renewal or contract.date_end == date.max:
                continue
            start = contract.date_end + timedelta(days=1)
            if renewal.state != "draft" or renewal.date_start == start:
                continue
            months = renewal.term_months or contract._get_renewal_months()
            renewal.write(
                {
                    "date_start": start,
                    "date_end": start + relativedelta(months=months, days=-1),
                    "signature_deadline": contract.date_end,
                }
            )

    # === ACTIONS ===

    def action_open_renewal(self):
        """Open the renewal of the contract; make it where there is none."""
        self.ensure_one()
        self._check_state(set(LIVE_STATES), self.env._("renewed"))
        if not self.date_end or self.date_end == date.max:
            raise UserError(
                self.env._(
                    "%(contract)s has no last day: there is nothing to renew.",
                    contract=self.display_name,
                )
            )
        if self.termination_date:
            raise UserError(
                self.env._(
                    "%(contract)s is terminated as of %(day)s and cannot be renewed.",
                    contract=self.display_name,
                    day=self.termination_date,
                )
            )
        self.check_access("write")
        # As superuser: these are set by the buttons only.
        self.sudo().let_end_reason = False
        self._open_renewal()
        return self.action_view_renewed_by()

    def action_view_renewed_by(self):
        """Open the contract that renews this one."""
        return self._open_form(self.renewed_by_id)

    def action_view_renewal_of(self):
        """Open the contract that this one renews."""
        return self._open_form(self.renewal_of_id)

    def _open_form(self, contract):
        return {
            "type": "ir.actions.act_window",
            "res_model": "iaas.contract",
            "res_id": contract.id,
            "view_mode": "form",
        }

    def action_revise_prices(self):
        """Open the wizard that proposes discounts and prices for the next term."""
        self.ensure_one()
        self._check_state({"draft"}, self.env._("revised"))
        return self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_contract.iaas_contract_revision_action"
        ) | {"context": {"default_contract_id": self.id}}

    def action_let_end(self):
        """Open the wizard that asks why the contract is not renewed."""
        self.ensure_one()
        self._check_state(set(LIVE_STATES), self.env._("let end"))
        return self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_contract.iaas_contract_let_end_action"
        ) | {"context": {"default_contract_id": self.id}}

    def action_snooze_renewal(self):
        """Be reminded again in a week, at the latest on the last day."""
        self.check_access("write")
        for renewal in self.filtered("renewal_of_id"):
            today = renewal._today()
            until = today + timedelta(days=SNOOZE_DAYS)
            if renewal.renewal_due_date > today:
                until = min(until, renewal.renewal_due_date)
            renewal.sudo().renewal_snooze_date = until
            renewal.activity_unlink([REMINDER_ACTIVITY])
            renewal.message_post(
                body=self.env._(
                    "Renewal reminder snoozed until %(day)s",
                    day=format_date(self.env, until),
                )
            )

    # === BUSINESS ===

    def _get_renewal_months(self):
        """For how many months the contract is renewed: as long as it was, or as it
        goes on by itself where it did."""
        self.ensure_one()
        if self.sudo().version_ids.filtered("renewed_from"):
            return self.renew_months
        return self.term_months or 12

    def _prepare_renewal(self):
        """The values in which the renewal differs from the contract."""
        self.ensure_one()
        start = self.date_end + timedelta(days=1)
        months = self._get_renewal_months()
        return {
            "renewal_of_id": self.id,
            "date_start": start,
            "date_end": start + relativedelta(months=months, days=-1),
            "signature_deadline": self.date_end,
            "user_id": self.user_id.id,
            "backup_user_id": self.backup_user_id.id,
            "payment_term_id": self.payment_term_id.id,
        }

    def _open_renewal(self):
        """Make the draft that renews the contract, with its terms of the last day."""
        for contract in self.sudo():
            if contract.renewal_ids or contract.let_end_reason:
                continue
            archived = contract.with_context(active_test=False).renewal_ids
            if archived:
                # There is one at most: the draft that was put away is taken out again.
                archived.active = True
                contract._move_renewals()
                continue
            renewal = contract.copy(contract._prepare_renewal())
            lines = renewal.line_ids
            lines.filtered(
                lambda line, end=contract.date_end: (
                    line.is_trial or line.date_end and line.date_end <= end
                )
            ).unlink()
            renewal.line_ids.filtered(
                lambda line, start=renewal.date_start: (
                    line.date_start and line.date_start <= start
                )
            ).date_start = False
            contract._copy_prices(renewal)
            contract.message_post(
                body=self.env._("Renewal opened: %s", renewal._get_html_link())
            )

    def _copy_prices(self, renewal, products=None):
        """Give the renewal the own prices of the last day.

        :return: the new prices
        """
        self.ensure_one()
        valid = self.price_ids.filtered(
            lambda price: (
                price._is_valid_on(self.date_end)
                and (products is None or price.product_id in products)
            )
        )
        return self.env["iaas.price"].concat(
            *(
                price.copy(
                    {
                        "contract_id": renewal.id,
                        "date_start": renewal.date_start,
                        "date_end": False,
                    }
                )
                for price in valid
            )
        )

    def _let_end(self, reason):
        """Record that nobody wants the renewal; the term runs out."""
        self._check_state(set(LIVE_STATES), self.env._("let end"))
        self.check_access("write")
        for contract in self:
            contract._drop_renewal()
            contract.sudo().let_end_reason = reason
        self.activity_unlink([RENEW_ACTIVITY])

    def _drop_renewal(self):
        """Take back the draft that was to follow the contract; what was decided upon
        stays on record, archived."""
        self.ensure_one()
        renewal = self.sudo().renewed_by_id
        if renewal and renewal.state != "draft":
            raise UserError(
                self.env._(
                    "%(renewal)s renews %(contract)s and is on its way. Set it back to "
                    "draft first.",
                    renewal=renewal.display_name,
                    contract=self.display_name,
                )
            )
        if renewal.decision_ids:
            renewal.active = False
        else:
            renewal.unlink()

    def _terminate(self, last_day, reason):
        """What is terminated is not renewed."""
        self._check_transition("terminated")
        for contract in self:
            if contract.sudo().renewed_by_id.state not in IN_FORCE_STATES:
                contract._drop_renewal()
        return super()._terminate(last_day, reason)

    def _sign(self, signed_by, signed_date):
        result = super()._sign(signed_by, signed_date)
        self.activity_unlink([REMINDER_ACTIVITY])
        self.sudo().renewal_of_id.activity_feedback([RENEW_ACTIVITY])
        return result

    def _activate(self):
        result = super()._activate()
        for old in self.sudo().renewal_of_id:
            if old.state == "ended" or (
                old.state in LIVE_STATES and old.date_end < old._today()
            ):
                old._renew()
        return result

    def _expire(self):
        result = super()._expire()
        self.filtered(lambda contract: not contract.termination_date)._open_renewal()
        return result

    def _end(self):
        """A contract whose renewal is in force was renewed; one that ends while
        nobody decided is brought before the manager."""
        renewed = self.filtered(
            lambda contract: (
                not contract.termination_date
                and contract.sudo().renewed_by_id.state in LIVE_STATES
            )
        )
        renewed._renew()
        result = super(IaasContract, self - renewed)._end()
        for contract in self.sudo() - renewed.sudo():
            if contract.state == "ended" and not contract.let_end_reason:
                contract.activity_schedule(
                    ESCALATION_ACTIVITY,
                    summary=self.env._("Lapsed without a decision"),
                    user_id=contract._get_escalation_user().id,
                )
        return result

    def _renew(self):
        for contract in self.sudo():
            contract._set_life(state="renewed")
            contract.renewed_by_id._take_over_resources()
        self.activity_unlink([RENEW_ACTIVITY, ESCALATION_ACTIVITY])

    # === WHAT IS RENTED ===

    def _follow_term(self):
        result = super()._follow_term()
        for renewal in self.filtered("renewal_of_id"):
            renewal._take_over_resources()
        return result

    def _take_over_resources(self):
        """Let what is rented go on under the renewal once that is in force.

        :return: whether nothing is left under the contract that it renews
        """
        self.ensure_one()
        old = self.sudo().renewal_of_id
        if not old or self.state not in IN_FORCE_STATES:
            return True
        left = old.resource_ids._running_after(old.date_end)
        if not left:
            return True
        if not old._is_settled():
            return False
        left.with_context(tracking_disable=True).contract_id = self
        for contract in (old, self):
            contract.message_post(
                body=self.env._(
                    "Resources that go on under %(renewal)s: %(count)s",
                    renewal=self.name,
                    count=len(left),
                )
            )
        return True

    def _is_settled(self):
        """Whether everything up to the last day is settled, so that resources may
        leave the contract. Addons that settle extend this."""
        self.ensure_one()
        return True

    def _get_first_day(self):
        """The first day of the contract, or of the first one that it goes on from."""
        self.ensure_one()
        contract = self.sudo()
        while contract.renewal_of_id:
            contract = contract.renewal_of_id
        return contract.date_start

    def _get_successors(self):
        """The contract and those that renew it, one after the other."""
        chain = last = self.sudo()
        while last.renewal_ids:
            last = last.renewal_ids
            chain |= last
        return chain.with_env(self.env)

    # === REMINDERS ===

    def _get_reminder_date(self):
        """The day on which the latest reminder of an unsigned renewal fell due."""
        self.ensure_one()
        today, end = self._today(), self.renewal_due_date
        if self.renewal_snooze_date:
            return self.renewal_snooze_date
        if today > end:
            return today - timedelta(days=(today - end).days % 7)
        days = (end - timedelta(days=days) for days in REMINDER_DAYS)
        return max((day for day in days if day <= today), default=today)

    def _remind_renewal(self):
        """Remind the owner of a renewal that is not signed, unless snoozed."""
        for renewal in self:
            due, today = renewal._get_reminder_date(), renewal._today()
            reminded = renewal.renewal_reminded_date
            if due > today or (reminded and reminded >= due):
                continue
            renewal.write(
                {"renewal_reminded_date": today, "renewal_snooze_date": False}
            )
            if not renewal.activity_search([REMINDER_ACTIVITY]):
                renewal.activity_schedule(
                    REMINDER_ACTIVITY,
                    date_deadline=today,
                    user_id=renewal._responsible().id,
                    note=self.env._(
                        "%(contract)s ends on %(day)s and its renewal is not signed.",
                        contract=renewal.renewal_of_id.display_name,
                        day=format_date(self.env, renewal.renewal_due_date),
                    ),
                )

    @api.model
    def _cron_remind_renewals(self):
        """Daily: nothing lapses silently."""
        self.search(
            Domain("renewal_of_id", "!=", False)
            & Domain("state", "in", UNSIGNED_STATES)
        )._in_batches("_remind_renewal")
