from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

OBJECTION_ACTIVITY = "iaas_contract.mail_activity_type_objection"

# Days to answer an objection when nobody set a date.
ANSWER_DAYS = 7


class IaasStakeholder(models.Model):
    """A person at the customer who speaks for or against a deal (R43)."""

    _name = "iaas.stakeholder"
    _description = "Stakeholder"
    _inherit = ["iaas.deal.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "is_open_objection desc, sequence, id"
    _rec_name = "partner_id"

    sequence = fields.Integer(default=10)
    partner_id = fields.Many2one(
        "res.partner",
        string="Person",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
        domain="[('is_company', '=', False), '|', "
        "('commercial_partner_id', '=?', customer_id), ('parent_id', '=', False)]",
    )
    department = fields.Selection(
        [
            ("management", "Management"),
            ("technical", "Technical"),
            ("business", "Business"),
            ("purchasing", "Purchasing"),
            ("finance", "Finance"),
            ("legal", "Legal"),
        ],
        required=True,
        default="management",
    )
    role_id = fields.Many2one(
        "iaas.contact.role",
        compute="_compute_role_id",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        ondelete="restrict",
    )
    stance = fields.Selection(
        [("for", "For"), ("neutral", "Neutral"), ("against", "Against")],
        required=True,
        default="neutral",
        tracking=True,
    )
    objection = fields.Text(
        tracking=True, help="What the person holds against the deal."
    )
    plan = fields.Text(help="How the objection will be answered, and how it went.")
    user_id = fields.Many2one(
        "res.users",
        string="Owner",
        compute="_compute_user_id",
        store=True,
        readonly=False,
        precompute=True,
        domain="[('share', '=', False)]",
        help="Who wins this person over.",
    )
    date_deadline = fields.Date(
        string="Answer By", help="Empty: a week after the objection."
    )
    is_handled = fields.Boolean(
        string="Handled",
        compute="_compute_is_handled",
        store=True,
        readonly=True,
        copy=False,
        tracking=True,
    )
    is_open_objection = fields.Boolean(
        string="Open Objection", compute="_compute_is_open_objection", store=True
    )

    _objection_told = models.Constraint(
        "CHECK (stance != 'against' OR objection IS NOT NULL)",
        "Say what a person who is against the deal objects to.",
    )
    _person_per_lead = models.UniqueIndex(
        "(lead_id, partner_id) WHERE lead_id IS NOT NULL",
        "This person is a stakeholder of the opportunity already.",
    )
    _person_per_contract = models.UniqueIndex(
        "(contract_id, partner_id) WHERE contract_id IS NOT NULL",
        "This person is a stakeholder of the contract already.",
    )

    # === COMPUTE ===

    @api.depends("partner_id")
    def _compute_role_id(self):
        for stakeholder in self:
            roles = stakeholder.partner_id.iaas_contact_role_ids
            stakeholder.role_id = roles[:1] or stakeholder.role_id

    @api.depends("lead_id", "contract_id")
    def _compute_user_id(self):
        for stakeholder in self:
            stakeholder.user_id = stakeholder.user_id or stakeholder._deal_owner()

    @api.depends("stance", "objection")
    def _compute_is_handled(self):
        """A new objection is open again, whatever became of the former."""
        self.is_handled = False

    @api.depends("stance", "is_handled")
    def _compute_is_open_objection(self):
        for stakeholder in self:
            stakeholder.is_open_objection = (
                stakeholder.stance == "against" and not stakeholder.is_handled
            )

    # === CRUD ===

    @api.model_create_multi
    def create(self, vals_list):
        stakeholders = super().create(vals_list)
        stakeholders._follow_objections()
        return stakeholders

    def write(self, vals):
        result = super().write(vals)
        if {"stance", "objection", "user_id", "date_deadline"} & vals.keys():
            self._follow_objections()
        return result

    # === ACTIONS ===

    def action_handle(self):
        """The objection is answered: it no longer lowers the forecast."""
        self.check_access("write")
        for stakeholder in self:
            if not stakeholder.is_open_objection:
                raise UserError(
                    self.env._(
                        "%(person)s has no open objection.",
                        person=stakeholder.partner_id.display_name,
                    )
                )
            if not stakeholder.plan:
                raise UserError(
                    self.env._(
                        "Fill in the plan first: how the objection of %(person)s was "
                        "answered.",
                        person=stakeholder.partner_id.display_name,
                    )
                )
            stakeholder.is_handled = True
            stakeholder.activity_feedback(
                [OBJECTION_ACTIVITY], feedback=stakeholder.plan
            )

    def action_reopen(self):
        """The answer did not hold."""
        self.check_access("write")
        self.is_handled = False
        self._follow_objections()

    # === BUSINESS ===

    def _follow_objections(self):
        """Each open objection is one activity of its owner, with a due date."""
        for stakeholder in self:
            if not stakeholder.is_open_objection:
                stakeholder.activity_unlink([OBJECTION_ACTIVITY])
                continue
            deadline = stakeholder.date_deadline or (
                fields.Date.context_today(stakeholder) + timedelta(days=ANSWER_DAYS)
            )
            owner = stakeholder.user_id or stakeholder._deal_owner()
            if stakeholder.activity_search([OBJECTION_ACTIVITY]):
                stakeholder.activity_reschedule(
                    [OBJECTION_ACTIVITY],
                    date_deadline=deadline,
                    new_user_id=owner.id,
                )
            else:
                stakeholder.activity_schedule(
                    OBJECTION_ACTIVITY,
                    date_deadline=deadline,
                    user_id=owner.id,
                    summary=self.env._(
                        "Answer %(person)s · %(deal)s",
                        person=stakeholder.partner_id.name,
                        deal=stakeholder.contract_id.display_name
                        or stakeholder.lead_id.name,
                    ),
                )

    def _lowering(self):
        """The share, in percent, by which the open objections lower a forecast.

        Each takes its part of what the others left, so that it never falls below 0.
        """
        remaining = 1
        for stakeholder in self.filtered("is_open_objection"):
            remaining *= 1 - stakeholder.role_id.objection_percent / 100
        return round(100 * (1 - remaining), 4)
