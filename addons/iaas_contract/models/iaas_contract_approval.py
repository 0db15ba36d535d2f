from odoo import api, fields, models
from odoo.exceptions import UserError

from .iaas_contract_life import APPROVE_ACTIVITY, REVIEW_ACTIVITY


class IaasContract(models.Model):
    """Review and approval: somebody other than the author looks at the terms, and
    what was approved is exactly what is sent and signed."""

    _name = "iaas.contract"
    _inherit = ["iaas.contract", "iaas.contract.judged"]

    author_ids = fields.Many2many(
        "res.users",
        "iaas_contract_author_rel",
        string="Authors",
        readonly=True,
        copy=False,
        help="Who wrote the terms. They neither review nor approve them.",
    )
    submitted_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    submitted_digest = fields.Char(readonly=True, copy=False)
    approved_by_id = fields.Many2one(
        "res.users", readonly=True, copy=False, tracking=True
    )
    approved_digest = fields.Char(
        readonly=True,
        copy=False,
        help="SHA-256 of the terms that were approved.",
    )
    is_approved = fields.Boolean(
        compute="_compute_is_approved",
        help="The terms were approved and are still the same.",
    )
    decision_ids = fields.One2many(
        "iaas.contract.decision", "contract_id", string="Decisions"
    )

    @api.depends("approved_digest", "state")
    def _compute_is_approved(self):
        for contract in self:
            contract.is_approved = not contract._obstacle_not_approved()

    @api.model
    def _get_gated_fields(self):
        return super()._get_gated_fields() | {
            "author_ids",
            "submitted_by_id",
            "submitted_digest",
            "approved_by_id",
            "approved_digest",
        }

    # === ACTIONS ===

    def action_submit(self):
        """Ask for the review of the terms; standard terms are approved at once."""
        self._check_state({"draft"}, self.env._("submitted"))
        self._submit()

    def action_pass_review(self):
        """Ask for the result of the review, then hand the terms to the approvers."""
        self._check_state({"review"}, self.env._("passed on for approval"))
        return self._open_decision("reviewed", self.env._("Pass on for Approval"))

    # === BUSINESS ===

    def _judged_contract(self):
        return self

    def _judged_terms(self):
        return self._terms_data()

    def _authors(self):
        contract = self.sudo()
        return contract.author_ids | contract.submitted_by_id | contract.create_uid

    def _awaits_approval(self):
        return self.state == "approval" and not self.sudo().approved_digest

    def _check_standard(self):
        """Refuse to send at once what somebody has to approve first."""
        if self.env.su:
            return
        for contract in self:
            rules = contract._approval_rules()
            if rules:
                raise UserError(
                    self.env._(
                        "The terms of %(contract)s are not approved yet, which they "
                        "need for: %(rules)s. Submit it for review.",
                        contract=contract.display_name,
                        rules=", ".join(rules.mapped("name")),
                    )
                )

    def _submit(self):
        """Bring drafts to review, and through it at once where nobody is needed."""
        for contract in self:
            contract._set_life(
                state="review",
                submitted_by_id=self.env.uid,
                submitted_digest=contract._terms_digest(),
            )
            if self.env.su or not contract._approval_rules():
                contract.sudo()._set_life(state="approval")
                contract._log_decision("automatic", contract._automatic_reason())
                contract._settle("approved", "")
            else:
                contract.activity_schedule(
                    REVIEW_ACTIVITY, user_id=contract._reviewer().id
                )

    def _automatic_reason(self):
        if self.env.su:
            return self.env._("By the system.")
        return self.env._("Standard terms: no approval rule is for them.")

    def _reviewer(self):
        """Who is asked to review: the backup, unless he or she wrote the terms."""
        return (self.backup_user_id - self._authors()) or self._responsible()

    def _decide(self, decision, reason):
        if decision != "reviewed":
            return super()._decide(decision, reason)
        self._set_life(state="approval")
        self._log_decision("reviewed", reason)
        self.activity_feedback([REVIEW_ACTIVITY])
        if self._pending_rules():
            self._ask_approvers(APPROVE_ACTIVITY)
        else:
            self._settle("approved", reason)

    def _settle(self, decision, reason):
        contract = self.sudo()
        if decision == "approved":
            contract.write(
                {
                    "approved_digest": self._terms_digest(),
                    "approved_by_id": self.env.uid,
                }
            )
            contract._record_version("approved")
            contract.activity_feedback([APPROVE_ACTIVITY])
        else:
            contract.action_draft()
            contract.message_post(
                body=self.env._("Terms refused: %(reason)s", reason=reason),
                author_id=self.env.user.partner_id.id,
            )

    def _obstacle_not_approved(self):
        """Why the terms cannot be sent or signed; empty if they can."""
        self.ensure_one()
        approved = self.sudo().approved_digest
        if not approved:
            return self.env._(
                "The terms of %(contract)s are not approved yet.",
                contract=self.display_name,
            )
        if approved != self._terms_digest():
            return self.env._(
                "The terms of %(contract)s changed after their approval. Set it back "
                "to draft and submit it again.",
                contract=self.display_name,
            )
        return ""
