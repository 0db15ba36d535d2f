from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

ACTIVITY_VERIFY = "iaas_customer.mail_activity_type_verify"
ACTIVITY_MEND = "iaas_customer.mail_activity_type_mend_verification"
OPS_GROUP = "iaas_customer.group_iaas_ops_user"


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "iaas.gated.mixin"]

    is_iaas_customer = fields.Boolean(
        string="IaaS Customer",
        tracking=True,
        help="A company that rents, or is about to rent, our cloud.",
    )
    iaas_tier_id = fields.Many2one(
        "iaas.customer.tier",
        string="Tier",
        ondelete="restrict",
        index="btree_not_null",
        tracking=True,
        groups="base.group_user",
    )
    iaas_tier_color = fields.Integer(related="iaas_tier_id.color")
    iaas_backup_user_id = fields.Many2one(
        "res.users",
        string="Backup",
        domain=[("share", "=", False)],
        tracking=True,
        groups="base.group_user",
        help="Stands in for the owner when the owner is away.",
    )
    iaas_contact_role_ids = fields.Many2many(
        "iaas.contact.role",
        string="Contact Roles",
        groups="base.group_user",
        help="What this person does and decides at the customer.",
    )

    iaas_group_id = fields.Many2one(
        "res.partner",
        string="Group",
        compute="_compute_iaas_group_id",
        store=True,
        recursive=True,
        index="btree_not_null",
        help="The company at the top of the group; a company alone is its own group.",
    )
    iaas_group_member_ids = fields.One2many(
        "res.partner",
        "iaas_group_id",
        string="Group Companies",
        domain=[("is_company", "=", True)],
    )
    iaas_subsidiary_ids = fields.Many2many(
        "res.partner",
        string="Subsidiaries",
        compute="_compute_iaas_subsidiary_ids",
        help="All companies under this one when it is the top of a group.",
    )
    iaas_subsidiary_count = fields.Integer(
        string="Number of Subsidiaries", compute="_compute_iaas_subsidiary_ids"
    )

    iaas_verification_state = fields.Selection(
        [
            ("unverified", "Unverified"),
            ("in_review", "In Review"),
            ("verified", "Verified"),
            ("rejected", "Rejected"),
        ],
        string="Verification",
        required=True,
        default="unverified",
        readonly=True,
        copy=False,
        tracking=True,
        help="Whether operations have checked that this company is who it says it is.",
    )
    iaas_verification_date = fields.Date(
        string="Verified On", readonly=True, copy=False
    )
    iaas_verifier_id = fields.Many2one(
        "res.users",
        string="Verified By",
        readonly=True,
        copy=False,
        groups="base.group_user",
    )
    iaas_verification_note = fields.Text(
        string="Verification Note",
        copy=False,
        groups="base.group_user",
        help="Why the last verification was rejected.",
    )

    # ------------------------------------------------------------------
    # Constraints and computes
    # ------------------------------------------------------------------

    @api.constrains("is_iaas_customer", "is_company")
    def _check_iaas_customer_is_company(self):
        for partner in self:
            if partner.is_iaas_customer and not partner.is_company:
                raise ValidationError(
                    self.env._(
                        "%(partner)s is a person. Only a company can be an IaaS "
                        "customer: make it a company, or add the person as a contact "
                        "of the customer.",
                        partner=partner.display_name,
                    )
                )

    @api.constrains("user_id", "iaas_backup_user_id")
    def _check_iaas_backup_user(self):
        for partner in self:
            backup = partner.iaas_backup_user_id
            if backup and backup == partner.user_id:
                raise ValidationError(
                    self.env._(
                        "%(user)s owns %(partner)s and cannot be their own backup. "
                        "Name somebody else as backup.",
                        user=backup.name,
                        partner=partner.display_name,
                    )
                )

    @api.depends("is_company", "parent_id.is_company", "parent_id.iaas_group_id")
    def _compute_iaas_group_id(self):
        for partner in self:
            if partner.parent_id.is_company:
                partner.iaas_group_id = partner.parent_id.iaas_group_id
            else:
                partner.iaas_group_id = partner if partner.is_company else False

    @api.depends("iaas_group_member_ids")
    def _compute_iaas_subsidiary_ids(self):
        for partner in self:
            subsidiaries = partner.iaas_group_member_ids - partner._origin
            partner.iaas_subsidiary_ids = subsidiaries
            partner.iaas_subsidiary_count = len(subsidiaries)

    # ------------------------------------------------------------------
    # Gate
    # ------------------------------------------------------------------

    @api.model
    def _get_gated_fields(self):
        return super()._get_gated_fields() | {
            "iaas_verification_state",
            "iaas_verification_date",
            "iaas_verifier_id",
        }

    @api.model
    def _get_gated_message(self, labels):
        return self.env._(
            "The verification of a customer is not set by hand (%(fields)s). "
            "Submit the customer for verification and let operations verify or reject "
            "it.",
            fields=labels,
        )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_iaas_submit_verification(self):
        """Ask operations to verify these customers: each gets a *To verify*
        activity with one owner and a due date."""
        self._iaas_check_verification_step(("unverified", "rejected"))
        self.sudo().write({"iaas_verification_state": "in_review"})
        self.activity_feedback([ACTIVITY_MEND])
        deadline = self.env.ref(ACTIVITY_VERIFY).sudo()._get_date_deadline()
        for partner, verifier in self._iaas_choose_verifiers().items():
            partner.activity_schedule(
                ACTIVITY_VERIFY, date_deadline=deadline, user_id=verifier.id
            )

    def action_iaas_verify(self):
        """Record that the acting operations user has verified these customers."""
        self._iaas_check_operations()
        self._iaas_check_verification_step(("unverified", "in_review"))
        self.sudo().write(
            {
                "iaas_verification_state": "verified",
                "iaas_verification_date": fields.Date.context_today(self),
                "iaas_verifier_id": self.env.uid,
                "iaas_verification_note": False,
            }
        )
        self.activity_feedback([ACTIVITY_VERIFY])

    def action_iaas_reject(self):
        """Open the dialog that asks for the reason of the rejection."""
        self._iaas_check_operations()
        self._iaas_check_verification_step(("in_review",))
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Reject Verification"),
            "res_model": "iaas.verification.reject",
            "view_mode": "form",
            "target": "new",
            "context": {"default_partner_ids": [Command.set(self.ids)]},
        }

    def _iaas_reject(self, reason):
        """Reject the verification and hand the customer back to its owner, who is
        to mend what the reason says and submit again.

        :param str reason: what is wrong, shown to the owner
        """
        self._iaas_check_operations()
        self._iaas_check_verification_step(("in_review",))
        self.sudo().write(
            {
                "iaas_verification_state": "rejected",
                "iaas_verification_date": False,
                "iaas_verifier_id": False,
                "iaas_verification_note": reason,
            }
        )
        self.activity_feedback([ACTIVITY_VERIFY], feedback=reason)
        deadline = self.env.ref(ACTIVITY_MEND).sudo()._get_date_deadline()
        for partner in self:
            owner = partner.user_id or partner.iaas_backup_user_id or self.env.user
            partner.activity_schedule(
                ACTIVITY_MEND, date_deadline=deadline, note=reason, user_id=owner.id
            )

    def action_iaas_reset_verification(self):
        """Take the verification back, for instance when the company has changed."""
        self._iaas_check_operations()
        self._iaas_check_verification_step(("in_review", "verified", "rejected"))
        self.sudo().write(
            {
                "iaas_verification_state": "unverified",
                "iaas_verification_date": False,
                "iaas_verifier_id": False,
                "iaas_verification_note": False,
            }
        )
        self.activity_unlink([ACTIVITY_VERIFY, ACTIVITY_MEND])

    def action_view_iaas_subsidiaries(self):
        """Open the companies under this group."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_customer.res_partner_action"
        )
        return {
            **action,
            "name": self.env._("Subsidiaries of %(group)s", group=self.name),
            "domain": [("id", "in", self.iaas_subsidiary_ids.ids)],
            "context": {"default_is_company": True, "default_parent_id": self.id},
        }

    # ------------------------------------------------------------------
    # Tools
    # ------------------------------------------------------------------

    def _iaas_check_operations(self):
        if not (self.env.su or self.env.user.has_group(OPS_GROUP)):
            raise AccessError(
                self.env._(
                    "Only operations decide on the verification of a customer. Submit "
                    "it for verification; operations then get it in their queue."
                )
            )

    def _iaas_check_verification_step(self, states):
        """Refuse unless all are IaaS customers in one of ``states`` that the user
        may change (the actions go on in superuser mode)."""
        self.check_access("write")
        labels = dict(
            self._fields["iaas_verification_state"]._description_selection(self.env)
        )
        for partner in self:
            if not partner.is_iaas_customer:
                raise UserError(
                    self.env._(
                        "%(partner)s is not an IaaS customer. Mark the company as IaaS "
                        "customer first.",
                        partner=partner.display_name,
                    )
                )
            if partner.iaas_verification_state not in states:
                raise UserError(
                    self.env._(
                        "The verification of %(partner)s is “%(state)s”; this step "
                        "needs: %(expected)s.",
                        partner=partner.display_name,
                        state=labels[partner.iaas_verification_state],
                        expected=", ".join(labels[state] for state in states),
                    )
                )

    def _iaas_choose_verifiers(self):
        """Choose who verifies each customer: its owner, its backup or the acting
        user when they are in operations, else the operations user with the
        fewest verifications open.

        :return: dict partner -> user
        """
        activity_type = self.env.ref(ACTIVITY_VERIFY)
        operations = self.env.ref(OPS_GROUP).sudo().all_user_ids.filtered("active")
        open_count = dict.fromkeys(operations.sorted("id"), 0) | dict(
            self.env["mail.activity"]
            .sudo()
            ._read_group(
                [
                    ("activity_type_id", "=", activity_type.id),
                    ("user_id", "in", operations.ids),
                ],
                ["user_id"],
                ["__count"],
            )
        )
        verifiers = {}
        for partner in self:
            candidates = operations
            if partner.company_id:
                candidates = operations.filtered(
                    lambda user, company=partner.company_id: company in user.company_ids
                )
            if not candidates:
                raise UserError(
                    self.env._(
                        "Nobody can verify %(partner)s: no active user with access to "
                        "it is in the group IaaS / Operations. Add one in Settings > "
                        "Users.",
                        partner=partner.display_name,
                    )
                )
            known = partner.user_id, partner.iaas_backup_user_id, self.env.user
            verifier = next(
                (user for user in known if user in candidates), None
            ) or min(candidates, key=lambda user: (open_count[user], user.id))
            open_count[verifier] += 1
            verifiers[partner] = verifier
        return verifiers
