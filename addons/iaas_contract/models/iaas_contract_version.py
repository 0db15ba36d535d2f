import logging
from datetime import date

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .iaas_contract_digest import describe_changes, terms_digest
from .iaas_contract_transitions import TERMS_PENDING

_logger = logging.getLogger(__name__)

OPEN_STATES = ("draft", "in_review", "approved")
# The terms that an amendment changes; the others need a new contract.
AMENDED_FIELDS = (
    "date_end",
    "notice_days",
    "auto_renew",
    "renew_months",
    "payment_term_id",
    "payer_id",
    "credit_limit_amount",
    "deposit_amount",
    "commitment_amount",
    "shortfall_rule",
    "billing_timing",
    "advance_percent",
    "service_level",
    "catalogue_id",
    "note",
)
# While the version is a draft; afterwards it stands as it was submitted.
PROPOSAL_FIELDS = {
    *AMENDED_FIELDS,
    "line_ids",
    "clause_ids",
    "annex_ids",
    "price_ids",
    "date_effective",
    "reason",
}
# Set by the actions, never by the client.
GATED_FIELDS = {
    "state",
    "number",
    "digest",
    "base_digest",
    "terms",
    "summary",
    "author_id",
    "writer_ids",
    "approved_by_id",
    "signed_by",
    "signed_date",
    "date_sent",
    "contract_id",
    "renewed_from",
}


class IaasContractVersion(models.Model):
    """The terms of a contract as they were agreed at one time, or are proposed."""

    _name = "iaas.contract.version"
    _description = "Contract Version"
    _inherit = [
        "iaas.contract.terms",
        "iaas.contract.judged",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "contract_id desc, number desc"
    _check_company_auto = True

    contract_id = fields.Many2one(
        "iaas.contract", required=True, readonly=True, index=True, ondelete="cascade"
    )
    number = fields.Integer(required=True, readonly=True)
    company_id = fields.Many2one(
        related="contract_id.company_id", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one(related="contract_id.currency_id")
    partner_id = fields.Many2one(
        related="contract_id.partner_id", string="Customer", store=True
    )
    contract_state = fields.Selection(
        related="contract_id.state", string="Status of the Contract"
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("in_review", "In Review"),
            ("approved", "Approved"),
            ("in_force", "In Force"),
            ("superseded", "Superseded"),
            ("refused", "Refused"),
            ("void", "Void"),
        ],
        string="Status",
        required=True,
        readonly=True,
        default="draft",
        index=True,
        tracking=True,
    )
    date_effective = fields.Date(
        string="Effective From",
        required=True,
        tracking=True,
        help="First day on which these terms hold.",
    )
    renewed_from = fields.Date(
        readonly=True,
        copy=False,
        help="First day of the term that began because the contract renewed itself.",
    )
    reason = fields.Text(help="Why the terms change.")
    author_id = fields.Many2one(
        "res.users",
        required=True,
        readonly=True,
        default=lambda self: self.env.user,
    )
    writer_ids = fields.Many2many(
        "res.users",
        "iaas_contract_version_writer_rel",
        readonly=True,
        help="Who wrote the proposal. They do not approve it.",
    )
    approved_by_id = fields.Many2one("res.users", readonly=True, tracking=True)
    signed_by = fields.Char(
        readonly=True,
        copy=False,
        tracking=True,
        help="Who signed for the customer.",
    )
    signed_date = fields.Date(
        string="Signed On", readonly=True, copy=False, tracking=True
    )
    line_ids = fields.One2many(
        "iaas.contract.version.line", "version_id", string="Discounts", copy=True
    )
    clause_ids = fields.One2many("iaas.contract.clause", "version_id", string="Clauses")
    annex_ids = fields.One2many("iaas.contract.annex", "version_id", string="Annexes")
    price_ids = fields.One2many(
        "iaas.price",
        "amendment_id",
        string="Own Prices",
        context={"active_test": False},
        help="All prices that hold under this contract only, once the amendment is in "
        "force. What is taken out ends, and the list price holds again.",
    )
    decision_ids = fields.One2many(
        "iaas.contract.decision", "version_id", string="Decisions"
    )
    terms = fields.Json(readonly=True, copy=False)
    digest = fields.Char(
        string="SHA-256", readonly=True, copy=False, help="Of all terms, once fixed."
    )
    base_digest = fields.Char(readonly=True, copy=False)
    summary = fields.Text(readonly=True, copy=False)
    changes = fields.Text(
        compute="_compute_changes", help="What changed: old value → new value."
    )

    _number_unique = models.Constraint(
        "UNIQUE (contract_id, number)", "A contract has one version of each number."
    )
    _one_open = models.UniqueIndex(
        "(contract_id) WHERE state IN ('draft', 'in_review', 'approved')",
        "An amendment of this contract is under way already: finish or withdraw it.",
    )
    _one_in_force = models.UniqueIndex(
        "(contract_id) WHERE state = 'in_force'",
        "Another version of this contract is in force.",
    )

    # === COMPUTE ===

    @api.depends("contract_id.name", "number")
    def _compute_display_name(self):
        for version in self:
            version.display_name = f"{version.contract_id.name} v{version.number}"

    @api.depends(
        *AMENDED_FIELDS,
        "state",
        "summary",
        "line_ids",
        "clause_ids",
        "annex_ids",
        "price_ids",
    )
    def _compute_changes(self):
        for version in self:
            if version.state in ("draft", "in_review"):
                version.changes = describe_changes(
                    version.env, version.contract_id._terms_data(), version._proposal()
                )
            else:
                version.changes = version.summary

    # === CRUD ===

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            raise UserError(
                self.env._("A version is made with the button Amend of the contract.")
            )
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su:
            if GATED_FIELDS & vals.keys():
                raise UserError(
                    self.env._("A version moves on by its buttons, not by hand.")
                )
            if PROPOSAL_FIELDS & vals.keys():
                self._check_open()
                self._note_writer()
        return super().write(vals)

    def _note_writer(self):
        new = self.sudo().filtered(lambda v: self.env.user not in v.writer_ids)
        new.writer_ids = [Command.link(self.env.uid)]

    @api.ondelete(at_uninstall=False)
    def _unlink_if_draft(self):
        self._check_open()

    def _check_open(self):
        """Refuse changes of what was submitted."""
        for version in self:
            if version.state != "draft" and not self.env.su:
                raise UserError(
                    self.env._(
                        "%(version)s was submitted and can no longer be changed. Set "
                        "it back to draft, or make another amendment.",
                        version=version.display_name,
                    )
                )

    # === ACTIONS ===

    def action_submit(self):
        """Ask for approval; terms inside the guardrails are approved at once."""
        self._check_version_state(("draft",), self.env._("submitted"))
        self.check_access("write")
        self._check_live()
        self._check_base()
        for version in self:
            version._check_prices()
            if not version.changes:
                raise UserError(
                    self.env._("Nothing changes: there is nothing to approve.")
                )
            version.sudo().state = "in_review"
            if self.env.su or not version._approval_rules():
                version._log_decision(
                    "automatic", version.contract_id._automatic_reason()
                )
                version._settle("approved", "")
            else:
                version._ask_approvers("mail.mail_activity_data_todo")

    def action_draft(self):
        """Take back an amendment that is not in force yet; its approval is void."""
        self._check_version_state(("in_review", "approved"), self._deed_draft())
        self.check_access("write")
        self._check_live()
        self.sudo().write(
            {
                "state": "draft",
                "approved_by_id": False,
                "signed_by": False,
                "signed_date": False,
                "digest": False,
            }
        )

    def action_withdraw(self):
        """Give an amendment up before it is in force; it stays on record."""
        self._check_version_state(OPEN_STATES, self.env._("withdrawn"))
        self.check_access("write")
        self.sudo()._leave("void")
        self.activity_unlink(["mail.mail_activity_data_todo"])

    def action_put_in_force(self):
        """Make the approved and signed terms those of the contract."""
        self._check_version_state(("approved",), self.env._("put in force"))
        self.check_access("write")
        self._check_live()
        for version in self:
            today = version.contract_id._today()
            if not (version.signed_by and version.signed_date):
                raise UserError(
                    self.env._(
                        "%(version)s is not signed: send it to the customer to be "
                        "signed, or record the signature on paper.",
                        version=version.display_name,
                    )
                )
            if version.date_effective > today:
                raise UserError(
                    self.env._(
                        "%(version)s takes effect on %(day)s and is put in force then.",
                        version=version.display_name,
                        day=fields.Date.to_string(version.date_effective),
                    )
                )
            version._put_in_force()

    # === BUSINESS ===

    def _judged_contract(self):
        return self.contract_id

    def _judged_terms(self):
        return self._proposal()

    def _authors(self):
        return self.sudo().author_id | self.sudo().writer_ids

    def _awaits_approval(self):
        return self.state == "in_review"

    def _settle(self, decision, reason):
        version = self.sudo()
        values = {"state": decision}
        if decision == "approved":
            values["approved_by_id"] = self.env.uid
            values["digest"] = terms_digest(self._proposal())
        version.write(values | {"summary": version.changes, "terms": self._proposal()})
        version.activity_feedback(["mail.mail_activity_data_todo"])
        if decision == "refused":
            version.message_post(
                body=self.env._("Amendment refused: %(reason)s", reason=reason),
                author_id=self.env.user.partner_id.id,
            )

    def _deed_draft(self):
        return self.env._("set back to draft")

    def _check_version_state(self, states, deed):
        labels = dict(self._fields["state"]._description_selection(self.env))
        for version in self:
            if version.state not in states:
                raise UserError(
                    self.env._(
                        "%(version)s is %(state)s and cannot be %(deed)s.",
                        version=version.display_name,
                        state=labels[version.state],
                        deed=deed,
                    )
                )

    def _check_live(self):
        """Amendments are for contracts in force; before that the draft is changed."""
        self.contract_id._check_state({"active", "expiring"}, self.env._("amended"))

    def _check_base(self):
        """Refuse to go on from terms that somebody changed in the meantime."""
        for version in self:
            if version.base_digest != version.contract_id._terms_digest():
                raise UserError(
                    self.env._(
                        "The terms of %(contract)s changed since %(version)s was "
                        "begun. Withdraw it and amend the contract as it is now.",
                        contract=version.contract_id.name,
                        version=version.display_name,
                    )
                )

    def _check_prices(self):
        """Refuse two own prices for one service at a time, before anybody approves."""
        self.ensure_one()
        for key, prices in self.price_ids.grouped(lambda p: p._get_scope()).items():
            ordered = prices.sorted(lambda price: price.date_start or date.min)
            for one, other in zip(ordered, ordered[1:], strict=False):
                if not one.date_end or (other.date_start or date.min) <= one.date_end:
                    raise UserError(
                        self.env._(
                            "%(version)s has two own prices of %(product)s at a time: "
                            "change the one, end it before the other begins, or take "
                            "it out.",
                            version=self.display_name,
                            product=key[0].display_name,
                        )
                    )

    def _proposal(self):
        """The terms of the contract as they would be with this version."""
        self.ensure_one()
        return self.contract_id._terms_data(self)

    def _put_in_force(self):
        self.ensure_one()
        self._check_base()
        if terms_digest(self._proposal()) != self.digest:
            raise UserError(
                self.env._(
                    "%(version)s changed after its approval. Set it back to draft and "
                    "submit it again.",
                    version=self.display_name,
                )
            )
        contract = self.contract_id.sudo().with_context(
            iaas_terms_pending=TERMS_PENDING
        )
        day = max(self.date_effective, contract._today())
        values = {name: self.sudo()[name] for name in AMENDED_FIELDS}
        contract.version_id._leave("superseded")
        contract.write(
            {
                name: value.id if isinstance(value, models.BaseModel) else value
                for name, value in values.items()
            }
            | {
                "clause_ids": [
                    Command.clear(),
                    *(
                        Command.create(clause._copy_values())
                        for clause in self.clause_ids
                    ),
                ],
                "annex_ids": [
                    Command.clear(),
                    *(Command.create(annex._copy_values()) for annex in self.annex_ids),
                ],
            }
        )
        contract._take_discounts(self.sudo().line_ids, day)
        contract._take_prices(self.sudo().price_ids, day)
        terms = contract._terms_data()
        self.sudo().write(
            {
                "state": "in_force",
                "date_effective": day,
                "terms": terms,
                "digest": terms_digest(terms),
            }
        )
        contract.version_id = self
        contract._follow_term()

    def _leave(self, state):
        """Make room for the version that follows."""
        if self:
            self.sudo().write({"state": state})
            # The successor meets the unique indexes of the database.
            self.flush_recordset(["state"])

    @api.model
    def _cron_put_in_force(self):
        """Daily: approved and signed amendments whose day has come."""
        due = self.search(
            Domain("state", "=", "approved")
            & Domain("contract_id.state", "in", ("active", "expiring"))
            & Domain("signed_by", "!=", False)
            & Domain("signed_date", "!=", False)
        )
        for version in due:
            if version.date_effective <= version.contract_id._today():
                try:
                    with self.env.cr.savepoint():
                        version._put_in_force_or_tell()
                except Exception:  # noqa: BLE001 one failure must not stop the others
                    _logger.exception("Cannot put %s in force", version.id)

    def _put_in_force_or_tell(self):
        """One amendment that cannot come into force must not keep back the others."""
        try:
            with self.env.cr.savepoint():
                self._put_in_force()
        except UserError as error:
            if not self.activity_ids:
                self.activity_schedule(
                    "mail.mail_activity_data_todo",
                    note=str(error),
                    user_id=self.contract_id._responsible().id,
                )
