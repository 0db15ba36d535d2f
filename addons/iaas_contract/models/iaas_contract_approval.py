from odoo import api, fields, models
from odoo.exceptions import UserError

from .iaas_contract_life import APPROVE_ACTIVITY, REVIEW_ACTIVITY
from .iaas_contract_transitions import APPROVERS

# From here on somebody relies on the terms as they are.
RELIED_ON_STATES = ("review", "approval", "sent", "signed")


class IaasContract(models.Model):
    """Review and approval: somebody other than the author looks at the terms, and
    what was approved is exactly what is sent and signed."""

    _inherit = "iaas.contract"

    author_ids = fields.Many2many(
        "res.users",
        "iaas_contract_author_rel",
        string="Authors",
        readonly=True,
        copy=False,
        help="Who wrote the terms. They neither review nor approve them.",
    )
    submitted_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    approved_by_id = fields.Many2one(
        "res.users", string="Approved By", readonly=True, copy=False, tracking=True
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

    @api.depends("approved_digest", "state")
    def _compute_is_approved(self):
        for contract in self:
            contract.is_approved = not contract._obstacle_not_approved()

    # === ACTIONS ===

    def action_submit(self):
        """Ask for the review of the terms; standard terms are approved at once."""
        self._check_state({"draft"}, self.env._("submitted"))
        self._submit()

    def action_pass_review(self):
        """Hand the reviewed terms to whoever approves them."""
        self._check_state({"review"}, self.env._("passed on for approval"))
        self._set_life(state="approval")
        self.activity_feedback([REVIEW_ACTIVITY])
        for contract in self:
            contract._ask(APPROVE_ACTIVITY)

    def action_approve(self):
        """Approve exactly these terms."""
        self._check_state({"approval"}, self.env._("approved"))
        self.check_access("write")
        if not self._has_any_group(APPROVERS):
            raise UserError(
                self.env._(
                    "Terms are approved by: %(groups)s.",
                    groups=self._group_labels(APPROVERS),
                )
            )
        for contract in self:
            obstacle = contract._obstacle_own_terms()
            if obstacle:
                raise UserError(obstacle)
            contract._approve()
        self.activity_feedback([APPROVE_ACTIVITY])

    # === BUSINESS ===

    def _submit(self):
        """Bring drafts to review, and through it at once where nobody is needed."""
        self._set_life(state="review", submitted_by_id=self.env.uid)
        for contract in self:
            if self.env.su or contract._approves_itself():
                contract.sudo()._set_life(state="approval")
                contract._approve()
            else:
                contract._ask(REVIEW_ACTIVITY)

    def _approves_itself(self):
        """Whether the terms need nobody's approval."""
        self.ensure_one()
        return True

    def _approve(self):
        self.ensure_one()
        self.sudo().write(
            {"approved_digest": self._terms_digest(), "approved_by_id": self.env.uid}
        )

    def _ask(self, activity_type):
        self.ensure_one()
        self.activity_schedule(activity_type, user_id=self._responsible().id)

    def _obstacle_own_terms(self):
        """Why the user may not judge these terms; empty if he or she may."""
        self.ensure_one()
        judged = self.sudo()
        if not self.env.su and self.env.user in (
            judged.author_ids | judged.submitted_by_id | judged.create_uid
        ):
            return self.env._(
                "You wrote or submitted the terms of %(contract)s: somebody else has "
                "to review and approve them.",
                contract=self.display_name,
            )
        return ""

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
