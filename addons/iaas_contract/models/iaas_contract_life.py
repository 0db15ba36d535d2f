import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import split_every

from .iaas_contract import LIVE_STATES, UNSIGNED_STATES
from .iaas_contract_version import AMENDED_FIELDS
from .iaas_customer_tier import RENEWAL_NOTICE_DAYS

_logger = logging.getLogger(__name__)

SIGN_ACTIVITY = "iaas_contract.mail_activity_type_sign"
ACTIVATE_ACTIVITY = "iaas_contract.mail_activity_type_activate"
RENEW_ACTIVITY = "iaas_contract.mail_activity_type_renew"
REVIEW_ACTIVITY = "iaas_contract.mail_activity_type_review"
APPROVE_ACTIVITY = "iaas_contract.mail_activity_type_approve"
PREPARATION_ACTIVITIES = [
    REVIEW_ACTIVITY,
    APPROVE_ACTIVITY,
    SIGN_ACTIVITY,
    ACTIVATE_ACTIVITY,
]

CRON_BATCH = 100

# Days a sent contract waits for its signature when nobody set a deadline.
SIGNATURE_DAYS = 30

# What was signed: nobody changes these under a running contract, because periods
# and amounts already settled were computed from them.
SIGNED_TERMS = {
    "partner_id",
    "company_id",
    "currency_id",
    "date_start",
    "cycle",
    "anchor_day",
    "timezone",
    "settlement_mode",
}
# What an addendum may change: operations managers only.
AMENDABLE_TERMS = {"term_months", *AMENDED_FIELDS}


class IaasContract(models.Model):
    """The life of a framework contract: from draft to its end."""

    _inherit = "iaas.contract"

    # === CRUD ===

    @api.model
    def _get_gated_fields(self):
        return super()._get_gated_fields() | {
            "state",
            "signed_date",
            "signed_by",
            "termination_date",
            "termination_reason",
        }

    @api.model
    def _get_gated_message(self, labels):
        return self.env._(
            "These fields of a framework contract are set by its buttons (Submit, "
            "Approve, Send, Sign, Activate, Terminate), not by hand: %(fields)s.",
            fields=labels,
        )

    def write(self, vals):
        self._check_signed_terms(vals)
        result = super().write(vals)
        if "date_start" in vals:
            self.invalidate_recordset(["term_months"])
        self._follow_activities(vals)
        return result

    def _check_signed_terms(self, vals):
        """Refuse a change of what was signed; addenda are for operations managers."""
        if self.env.su:
            return
        for contract in self.filtered(lambda c: c.state not in UNSIGNED_STATES):
            locked = SIGNED_TERMS & vals.keys()
            if not contract.is_amendable:
                locked |= AMENDABLE_TERMS & vals.keys()
            changed = {name for name in locked if contract._changes(name, vals[name])}
            if changed:
                raise UserError(
                    self.env._(
                        "%(contract)s is signed, so its %(fields)s can no longer be "
                        "changed. Set it back to draft while it is not active yet, ask "
                        "an operations manager for an addendum (last day, payment "
                        "terms, catalogue, discounts), or terminate it and make a new "
                        "one.",
                        contract=contract.display_name,
                        fields=self._labels(changed),
                    )
                )

    def _labels(self, names):
        return ", ".join(
            self._fields[name]._description_string(self.env) for name in sorted(names)
        )

    def _follow_activities(self, vals):
        """Work that waits for the contract keeps its owner and its due date."""
        if vals.get("user_id"):
            self.activity_reschedule(
                [SIGN_ACTIVITY, ACTIVATE_ACTIVITY, RENEW_ACTIVITY],
                new_user_id=vals["user_id"],
            )
        for name, activity_type in (
            ("signature_deadline", SIGN_ACTIVITY),
            ("date_end", RENEW_ACTIVITY),
        ):
            if vals.get(name):
                self.activity_reschedule([activity_type], date_deadline=vals[name])

    # === ACTIONS ===

    def action_send(self):
        """Mark as sent to the customer and ask the owner to get it signed.

        A draft goes through review and approval at once when its terms are standard.
        """
        self._check_state({"draft", "approval"}, self.env._("sent to the customer"))
        drafts = self.filtered(lambda contract: contract.state == "draft")
        drafts._check_standard()
        drafts._submit()
        for contract in self:
            contract._check_title()
            deadline = contract.signature_deadline or (
                contract._today() + timedelta(days=SIGNATURE_DAYS)
            )
            contract._set_life(state="sent", signature_deadline=deadline)
            contract.activity_schedule(
                SIGN_ACTIVITY,
                date_deadline=deadline,
                user_id=contract._responsible().id,
            )

    def action_sign(self):
        """Open the wizard that records who signed and when."""
        self.ensure_one()
        self._check_state({"sent"}, self.env._("signed"))
        return self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_contract.iaas_contract_sign_action"
        ) | {"context": {"default_contract_id": self.id}}

    def action_activate(self):
        """Put signed contracts in force once their first day has come (R10)."""
        self._check_state({"signed"}, self.env._("activated"))
        for contract in self:
            obstacle = contract._activation_obstacle()
            if obstacle:
                raise UserError(obstacle)
        self._activate()

    def action_draft(self):
        """Take back a contract that is not in force yet."""
        self._check_state(
            {"review", "approval", "sent", "signed"}, self.env._("set back to draft")
        )
        self._set_life(state="draft", **self._undone())
        self.activity_unlink(PREPARATION_ACTIVITIES)

    def action_terminate(self):
        """Open the wizard that asks for the last day and the reason."""
        self.ensure_one()
        self._check_state(set(LIVE_STATES), self.env._("terminated"))
        return self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_contract.iaas_contract_terminate_action"
        ) | {"context": {"default_contract_id": self.id}}

    # === BUSINESS ===

    def _check_title(self):
        """People know a contract by its title; programs may go by its number."""
        if not self.title and not self.env.su:
            raise UserError(
                self.env._(
                    "%(contract)s has no title. Enter in a few words what it is about "
                    "before it goes to the customer.",
                    contract=self.display_name,
                )
            )

    def _responsible(self):
        """Who gets the activities: the owner, else the backup, else the user; the
        administrator for what nobody owns and a customer does in the portal."""
        self.ensure_one()
        user = self.user_id or self.backup_user_id or self.env.user
        return self.env.ref("base.user_admin") if user.share else user

    def _sign(self, signed_by, signed_date):
        """Record the signature, then activate if the term has begun."""
        self._check_state({"sent"}, self.env._("signed"))
        self._set_life(state="signed", signed_by=signed_by, signed_date=signed_date)
        self.activity_feedback([SIGN_ACTIVITY])
        self._activate_due()

    def _activation_obstacle(self):
        """Why the contract cannot be active today, as a text; empty if it can."""
        self.ensure_one()
        if self.partner_id.iaas_verification_state != "verified":
            return self.env._(
                "%(contract)s cannot be activated: %(partner)s is not verified. "
                "Verify the customer first.",
                contract=self.display_name,
                partner=self.partner_id.display_name,
            )
        if self.date_start > self._today():
            return self.env._(
                "%(contract)s cannot be activated before its first day, %(day)s.",
                contract=self.display_name,
                day=fields.Date.to_string(self.date_start),
            )
        return ""

    def _activate(self):
        self._set_life(state="active")
        self.activity_feedback([ACTIVATE_ACTIVITY])

    @api.model
    def _undone(self):
        """The gated fields of a contract that is a draft again."""
        return {
            "signed_date": False,
            "signed_by": False,
            "approved_digest": False,
            "approved_by_id": False,
            "submitted_by_id": False,
            "submitted_digest": False,
        }

    def _activate_due(self):
        """Activate the contracts whose first day has come; for the unverified
        customers among them ask the owner to have them verified."""
        for contract in self.filtered(lambda c: c.date_start <= c._today()):
            obstacle = contract._activation_obstacle()
            if not obstacle:
                contract._activate()
            elif not contract.activity_search([ACTIVATE_ACTIVITY]):
                contract.activity_schedule(
                    ACTIVATE_ACTIVITY,
                    note=obstacle,
                    user_id=contract._responsible().id,
                )

    def _terminate(self, last_day, reason):
        """End the contract and what is rented under it with ``last_day``."""
        self._check_transition("terminated")
        for contract in self:
            if contract.date_end and last_day > contract.date_end:
                raise UserError(
                    self.env._(
                        "%(contract)s ends on %(day)s anyway: choose an earlier day.",
                        contract=contract.display_name,
                        day=fields.Date.to_string(contract.date_end),
                    )
                )
            if last_day < contract.date_start:
                raise UserError(
                    self.env._(
                        "%(contract)s began on %(day)s: it cannot end before that.",
                        contract=contract.display_name,
                        day=fields.Date.to_string(contract.date_start),
                    )
                )
            contract._set_life(
                date_end=last_day,
                termination_date=last_day,
                termination_reason=reason,
            )
            contract.resource_ids.sudo()._stop(last_day)
            if last_day <= contract._today():
                contract._end()

    def _end(self):
        for contract in self:
            contract._set_life(
                state="terminated" if contract.termination_date else "ended"
            )
        self.activity_unlink([RENEW_ACTIVITY])

    def _expire(self):
        """Announce the end of the term to the owner, who renews or lets go."""
        for contract in self:
            contract._set_life(state="expiring")
            if not contract.termination_date:
                contract.activity_schedule(
                    RENEW_ACTIVITY,
                    date_deadline=contract.date_end,
                    user_id=contract._responsible().id,
                )

    def _follow_term(self):
        """Bring the status of each contract in line with today's date."""
        for contract in self:
            today = contract._today()
            tier = contract.partner_id.iaas_tier_id
            notice = timedelta(
                days=tier.renewal_notice_days if tier else RENEWAL_NOTICE_DAYS
            )
            if contract.state == "signed":
                contract._activate_due()
            if contract.state not in LIVE_STATES or not contract.date_end:
                continue
            if contract.date_end < today:
                contract._end()
            elif contract.date_end - notice > today:
                # An addendum moved the end of an expiring contract.
                if contract.state == "expiring":
                    contract._set_life(state="active")
                    contract.activity_feedback([RENEW_ACTIVITY])
            elif contract.state == "active":
                contract._expire()

    @api.model
    def _cron_follow_term(self):
        """Daily: signed to active, active to expiring, expiring to ended."""
        due = self.search(
            Domain("state", "=", "signed")
            | Domain("state", "in", LIVE_STATES) & Domain("date_end", "!=", False)
        )
        progress = self.env["ir.cron"]
        progress._commit_progress(remaining=len(due))
        for batch in split_every(CRON_BATCH, due.ids, self.browse):
            for contract in batch:
                try:
                    with self.env.cr.savepoint():
                        contract._follow_term()
                except Exception:  # noqa: BLE001 one failure must not stop the others
                    _logger.exception("Cannot follow the term of %s", contract.name)
            if not progress._commit_progress(len(batch)):
                break
