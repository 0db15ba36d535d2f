from odoo import api, fields, models
from odoo.exceptions import UserError

# The steps that have a planned date: from the draft until the contract is in force.
PLANNED_STAGES = ("review", "approval", "sent", "signed", "active")

# What people say about a step; its dates follow from the contract.
OWN_WORDS = {
    "date_forecast",
    "delay_reason",
    "delay_note",
    "waiting_for",
    "waiting_department",
    "user_id",
}
PLANNER_GROUPS = "iaas_customer.group_iaas_ops_manager,sales_team.group_sale_manager"


class IaasContractStage(models.Model):
    """When a contract was to reach a stage, when it did, and what kept it."""

    _name = "iaas.contract.stage"
    _description = "Contract Stage"
    _order = "contract_id, sequence, id"
    _rec_name = "stage"
    _check_company_auto = True

    contract_id = fields.Many2one(
        "iaas.contract", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="contract_id.company_id", store=True, index=True, precompute=True
    )
    active = fields.Boolean(
        default=True,
        help="Unset on the dates of a round that was taken back.",
    )
    stage = fields.Selection(
        selection=lambda self: (
            self.env["iaas.contract"]._fields["state"]._description_selection(self.env)
        ),
        required=True,
        readonly=True,
    )
    sequence = fields.Integer(readonly=True)
    user_id = fields.Many2one(
        "res.users",
        string="Owner",
        compute="_compute_user_id",
        store=True,
        readonly=False,
        precompute=True,
        domain="[('share', '=', False)]",
    )
    date_planned = fields.Date(
        string="Planned", help="By when the stage was to be reached."
    )
    date_forecast = fields.Date(
        string="Forecast", help="When the owner now expects to reach it."
    )
    date_actual = fields.Date(
        string="Reached", readonly=True, help="When it was reached."
    )
    days_late = fields.Integer(compute="_compute_days_late")
    delay_reason = fields.Selection(
        [
            ("price", "Price"),
            ("terms", "Terms and clauses"),
            ("own_approval", "Our approval"),
            ("customer_approval", "Approval of the customer"),
            ("budget", "Budget of the customer"),
            ("verification", "Verification"),
            ("capacity", "Capacity"),
            ("other", "Other"),
        ],
    )
    delay_note = fields.Char(string="Note")
    waiting_for = fields.Selection(
        [("us", "Us"), ("customer", "Customer")],
        help="Whose move it is.",
    )
    waiting_department = fields.Selection(
        [
            ("legal", "Legal"),
            ("purchasing", "Purchasing"),
            ("finance", "Finance"),
            ("technical", "IT"),
            ("management", "Management"),
            ("sales", "Sales"),
            ("operations", "Operations"),
        ],
        string="Department",
        help="Which department holds it.",
    )
    escalation_date = fields.Date(string="Escalated", readonly=True)

    _one_per_stage = models.UniqueIndex(
        "(contract_id, stage) WHERE active",
        "A contract passes each stage once per round.",
    )

    # === COMPUTE ===

    @api.depends("contract_id.user_id")
    def _compute_user_id(self):
        for stage in self:
            if not stage.date_actual:
                stage.user_id = stage.contract_id.user_id

    @api.depends("date_planned", "date_actual", "contract_id.timezone")
    def _compute_days_late(self):
        for stage in self:
            days = 0
            if stage.date_planned:
                reached = stage.date_actual or stage.contract_id._today()
                days = max((reached - stage.date_planned).days, 0)
            stage.days_late = days

    @api.depends("stage", "contract_id")
    def _compute_display_name(self):
        labels = dict(self._fields["stage"]._description_selection(self.env))
        for stage in self:
            stage.display_name = self.env._(
                "%(contract)s: %(stage)s",
                contract=stage.contract_id.name,
                stage=labels.get(stage.stage, ""),
            )

    # === CRUD ===

    def write(self, vals):
        if not self.env.su:
            self._check_may_write(vals)
        old_plans = {stage: stage.date_planned for stage in self}
        result = super().write(vals)
        if "date_planned" in vals and not self.env.su:
            self._report_new_plan(old_plans)
        return result

    def _check_may_write(self, vals):
        """The clock of a stage is not set by hand; its plan only by a manager."""
        locked = vals.keys() - OWN_WORDS
        if self.env.user.has_groups(PLANNER_GROUPS):
            locked -= {"date_planned"}
        if locked:
            raise UserError(
                self.env._(
                    "%(fields)s of a stage cannot be changed by hand. Say when you "
                    "expect it (forecast), why it is late and who is waited for; a "
                    "manager may change the planned date.",
                    fields=", ".join(
                        self._fields[name]._description_string(self.env)
                        for name in sorted(locked)
                    ),
                )
            )

    def _report_new_plan(self, old_plans):
        for stage in self:
            if stage.date_planned != old_plans[stage]:
                stage.contract_id.message_post(
                    body=self.env._(
                        "Planned date of %(stage)s: %(old)s → %(new)s",
                        stage=dict(
                            self._fields["stage"]._description_selection(self.env)
                        )[stage.stage],
                        old=old_plans[stage] or "–",
                        new=stage.date_planned or "–",
                    )
                )

    # === BUSINESS ===

    @api.model
    def _get_sequence(self, stage):
        """Where the stage stands in the life of a contract."""
        states = self.env["iaas.contract"]._fields["state"].get_values(self.env)
        return states.index(stage)

    def _reopen(self):
        """Count these reached stages anew, against the date planned at first."""
        planned = self.filtered("date_planned")
        values = [
            {
                "contract_id": stage.contract_id.id,
                "stage": stage.stage,
                "sequence": stage.sequence,
                "date_planned": stage.date_planned,
            }
            for stage in planned
        ]
        self.active = False
        self.flush_recordset(["active"])
        self.create(values)
