import logging
from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date, split_every

from .iaas_contract_life import CRON_BATCH
from .iaas_contract_stage import PLANNED_STAGES
from .iaas_customer_tier import ESCALATION_DAYS, STAGE_DAYS

_logger = logging.getLogger(__name__)

ESCALATION_ACTIVITY = "iaas_contract.mail_activity_type_escalation"


class IaasContract(models.Model):
    """The clock of a contract: planned and actual date of every stage."""

    _inherit = "iaas.contract"

    date_opened = fields.Date(
        string="Opened On",
        readonly=True,
        copy=False,
        default=fields.Date.context_today,
        groups="base.group_user",
        help="The day from which the planned days of its stages are counted.",
    )
    stage_ids = fields.One2many(
        "iaas.contract.stage",
        "contract_id",
        string="Stages",
        groups="base.group_user",
    )
    next_stage_id = fields.Many2one(
        "iaas.contract.stage",
        compute="_compute_next_stage_id",
        store=True,
        index="btree_not_null",
        ondelete="set null",
        groups="base.group_user",
        help="The next planned stage that is not reached.",
    )
    days_late = fields.Integer(
        compute="_compute_days_late",
        groups="base.group_user",
        help="Days by which the next stage is late.",
    )
    next_step = fields.Char(
        copy=False,
        tracking=True,
        groups="base.group_user",
        help="What has to be done so that the contract moves on.",
    )
    next_step_date = fields.Date(
        string="Next Step By", copy=False, tracking=True, groups="base.group_user"
    )

    # === COMPUTE ===

    @api.depends(
        "stage_ids.active",
        "stage_ids.date_planned",
        "stage_ids.date_actual",
        "stage_ids.sequence",
    )
    def _compute_next_stage_id(self):
        for contract in self:
            contract.next_stage_id = contract.stage_ids.filtered(
                lambda s: s.active and s.date_planned and not s.date_actual
            ).sorted("sequence")[:1]

    @api.depends("next_stage_id.date_planned")
    def _compute_days_late(self):
        for contract in self:
            contract.days_late = contract.next_stage_id.days_late

    # === CRUD ===

    @api.model
    def _get_gated_fields(self):
        return super()._get_gated_fields() | {"date_opened"}

    @api.model_create_multi
    def create(self, vals_list):
        contracts = super().create(vals_list)
        for contract in contracts.sudo():
            contract._plan_stages()
            if contract.state != "draft":
                contract._log_stage()
        return contracts

    def write(self, vals):
        states = {contract: contract.state for contract in self.sudo()}
        result = super().write(vals)
        if "state" in vals:
            for contract, state in states.items():
                if contract.state != state:
                    contract._log_stage()
        elif vals.keys() & {"signature_deadline", "date_start"}:
            for contract in self.sudo():
                contract._follow_deadline()
        return result

    # === STAGE LOG ===

    def _get_stage_days(self):
        """How many days each step is given, by the tier of the customer."""
        self.ensure_one()
        tier = self.partner_id.iaas_tier_id
        if not tier:
            return STAGE_DAYS
        return {stage: tier[f"stage_days_{stage}"] for stage in STAGE_DAYS}

    def _get_planned_dates(self):
        """``{stage: day}`` for the stages up to the first day in force."""
        self.ensure_one()
        states = self._fields["state"].get_values(self.env)
        steps = self._get_stage_days()
        day = self.date_opened or self._day_of(self.create_date)
        planned = {}
        for stage in PLANNED_STAGES:
            if stage not in states:
                continue
            day += timedelta(days=steps.get(stage, 0))
            planned[stage] = day
        if self.signature_deadline:
            for stage in steps.keys() & planned.keys():
                planned[stage] = min(planned[stage], self.signature_deadline)
            planned["signed"] = self.signature_deadline
        planned["active"] = max(planned["signed"], self.date_start)
        return planned

    def _plan_stages(self):
        """Write the plan that the stages of a new contract are measured by."""
        self.ensure_one()
        stages = self.env["iaas.contract.stage"]
        stages.create(
            [
                {
                    "contract_id": self.id,
                    "stage": stage,
                    "sequence": stages._get_sequence(stage),
                    "date_planned": day,
                }
                for stage, day in self._get_planned_dates().items()
            ]
        )

    def _follow_deadline(self):
        """A deadline or first day that people set is the plan of its stage."""
        self.ensure_one()
        planned = self._get_planned_dates()
        for stage in self.stage_ids.filtered(lambda s: not s.date_actual):
            if stage.stage == "active" or (
                self.signature_deadline and stage.stage in planned
            ):
                stage.date_planned = planned[stage.stage]

    def _log_stage(self):
        """Stamp the stage that the contract is in now; what a step back undoes is
        counted anew against the date planned at first."""
        self.ensure_one()
        stages = self.env["iaas.contract.stage"]
        rank = stages._get_sequence(self.state)
        today = self._today()
        self.stage_ids.filtered(lambda s: s.sequence > rank and s.date_actual)._reopen()
        passed = self.stage_ids.filtered(
            lambda s: s.sequence <= rank and not s.date_actual
        )
        passed.date_actual = today
        here = self.stage_ids.filtered(lambda s: s.stage == self.state)
        if not here and self.state != "draft":
            here = stages.create(
                {
                    "contract_id": self.id,
                    "stage": self.state,
                    "sequence": rank,
                    "date_actual": today,
                }
            )
        if self.state == "signed" and self.signed_date:
            here.date_actual = self.signed_date
        if not self.next_stage_id:
            self.activity_feedback([ESCALATION_ACTIVITY])

    # === ESCALATION ===

    def _get_escalation_user(self):
        """The manager who is asked to step in when the owner is late."""
        self.ensure_one()
        return (
            self.partner_id.iaas_tier_id.escalation_user_id
            or self.user_id.sale_team_id.user_id
            or self.backup_user_id
            or self._responsible()
        )

    def _escalate(self):
        """Ask the manager to step in, once per stage that is late for too long."""
        for contract in self:
            stage = contract.next_stage_id
            tier = contract.partner_id.iaas_tier_id
            patience = tier.escalation_days if tier else ESCALATION_DAYS
            if not stage or stage.escalation_date or stage.days_late <= patience:
                continue
            labels = dict(stage._fields["stage"]._description_selection(self.env))
            contract.activity_schedule(
                ESCALATION_ACTIVITY,
                date_deadline=contract._today(),
                user_id=contract._get_escalation_user().id,
                note=self.env._(
                    "%(contract)s was to be in status %(stage)s by %(day)s and is "
                    "%(late)s days late. Owner: %(owner)s.",
                    contract=contract.display_name,
                    stage=labels[stage.stage],
                    day=format_date(self.env, stage.date_planned),
                    late=stage.days_late,
                    owner=contract._responsible().name,
                ),
            )
            stage.escalation_date = contract._today()

    @api.model
    def _cron_watch_clocks(self):
        """Daily: bring what is late before the managers."""
        late = self.search(
            self._domain_today(
                lambda today: Domain("next_stage_id.date_planned", "<", today)
            )
            & Domain("next_stage_id.escalation_date", "=", False)
        )
        late._in_batches("_escalate")

    def _in_batches(self, step):
        """Call a method on each contract for a cron; a failure of one is logged and
        does not keep the others from their turn."""
        progress = self.env["ir.cron"]
        progress._commit_progress(remaining=len(self))
        for batch in split_every(CRON_BATCH, self.ids, self.browse):
            for contract in batch:
                try:
                    with self.env.cr.savepoint():
                        getattr(contract, step)()
                except Exception:  # noqa: BLE001 one failure must not stop the others
                    _logger.exception("%s failed on %s", step, contract.name)
            if not progress._commit_progress(len(batch)):
                break

    # === MONEY AT RISK ===

    @api.model
    def _query_revenue(self, since):
        """Rows (partner_id, company_id, amount) in company currency: what customers
        brought since the instant. Here: their confirmed orders."""
        return SQL(
            """
            SELECT contract.partner_id, contract.company_id,
                   SUM(sale.amount_untaxed / COALESCE(NULLIF(sale.currency_rate, 0), 1))
                   AS amount
              FROM sale_order sale
              JOIN iaas_contract contract ON contract.id = sale.iaas_contract_id
             WHERE sale.state = 'sale' AND sale.date_order >= %s
             GROUP BY contract.partner_id, contract.company_id
            """,
            since,
        )

    @api.model
    def _query_revenue_12m(self):
        return self._query_revenue(fields.Datetime.now() - relativedelta(months=12))

    @api.model
    def _get_revenue_12m(self, partners):
        """``{partner: revenue of the last 12 months}`` with the current company."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT partner_id, amount FROM (%s) AS revenue"
                " WHERE company_id = %s AND partner_id = ANY(%s)",
                self._query_revenue_12m(),
                self.env.company.id,
                partners.ids,
            )
        )
        amounts = dict(rows)
        return {partner: amounts.get(partner.id, 0.0) for partner in partners}
