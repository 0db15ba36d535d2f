from odoo import fields, models
from odoo.tools import SQL


class IaasContractStageReport(models.Model):
    """Planned stages against the clock: what waits now, and who keeps to the plan."""

    _name = "iaas.contract.stage.report"
    _description = "Delay Board"
    _auto = False
    _order = "is_top desc, days_late desc, revenue_12m desc, id"
    _rec_name = "contract_id"
    _depends = {
        "iaas.contract": [
            "partner_id",
            "company_id",
            "state",
            "next_stage_id",
            "next_step",
            "next_step_date",
            "timezone",
            "renewal_due_date",
        ],
        "iaas.contract.stage": [
            "stage",
            "date_planned",
            "date_actual",
            "date_forecast",
            "delay_reason",
            "waiting_for",
            "waiting_department",
            "escalation_date",
            "user_id",
            "active",
        ],
        "res.partner": ["iaas_tier_id"],
        "sale.order": ["amount_untaxed", "state", "date_order", "iaas_contract_id"],
    }

    contract_id = fields.Many2one("iaas.contract", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    tier_id = fields.Many2one("iaas.customer.tier", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    user_id = fields.Many2one("res.users", string="Owner", readonly=True)
    stage = fields.Selection(
        selection=lambda self: (
            self.env["iaas.contract"]._fields["state"]._description_selection(self.env)
        ),
        string="Stage to Reach",
        readonly=True,
    )
    is_current = fields.Boolean(
        string="Waiting", readonly=True, help="The stage that the contract waits for."
    )
    date_planned = fields.Date(string="Planned", readonly=True)
    date_forecast = fields.Date(string="Forecast", readonly=True)
    date_actual = fields.Date(string="Reached", readonly=True)
    days_late = fields.Integer(readonly=True, aggregator="avg")
    on_time = fields.Float(
        string="On Time (%)",
        readonly=True,
        aggregator="avg",
        help="Share of the stages that were reached by the planned date; those not "
        "due yet do not count.",
    )
    waiting_for = fields.Selection(
        selection=lambda self: (
            self.env["iaas.contract.stage"]
            ._fields["waiting_for"]
            ._description_selection(self.env)
        ),
        readonly=True,
    )
    waiting_department = fields.Selection(
        selection=lambda self: (
            self.env["iaas.contract.stage"]
            ._fields["waiting_department"]
            ._description_selection(self.env)
        ),
        string="Department",
        readonly=True,
    )
    delay_reason = fields.Selection(
        selection=lambda self: (
            self.env["iaas.contract.stage"]
            ._fields["delay_reason"]
            ._description_selection(self.env)
        ),
        readonly=True,
    )
    escalation_date = fields.Date(string="Escalated", readonly=True)
    next_step = fields.Char(readonly=True)
    next_step_date = fields.Date(string="Next Step By", readonly=True)
    renewal_due_date = fields.Date(
        string="Renewal Due",
        readonly=True,
        help="Last day of the contract that this one renews.",
    )
    is_top = fields.Boolean(
        string="Top Ten",
        readonly=True,
        help="One of the ten customers with the most revenue in the last 12 months.",
    )
    revenue_12m = fields.Monetary(
        string="Revenue (12 Months)",
        readonly=True,
        aggregator="max",
        help="What the customer brought in the last 12 months.",
    )
    revenue_at_risk = fields.Monetary(
        string="Money at Risk",
        readonly=True,
        help="The customer's revenue of the last 12 months, shared out over its "
        "contracts that wait, so that it counts once.",
    )

    @property
    def _table_query(self):
        return SQL(
            "WITH %(with)s SELECT %(select)s FROM %(from)s WHERE %(where)s",
            **{
                "with": self._with(),
                "select": self._select(),
                "from": self._from(),
                "where": self._where(),
            },
        )

    def _with(self):
        return SQL(
            """
            revenue AS (
                SELECT partner_id, company_id, amount,
                       amount > 0 AND rank() OVER (
                           PARTITION BY company_id ORDER BY amount DESC
                       ) <= 10 AS is_top
                  FROM (%s) AS income
            ),
            waiting AS (
                SELECT partner_id, company_id, count(*) AS contracts
                  FROM iaas_contract
                 WHERE next_stage_id IS NOT NULL
                 GROUP BY partner_id, company_id
            )
            """,
            self.env["iaas.contract"]._query_revenue_12m(),
        )

    def _select(self):
        today = SQL(
            "(%s::timestamp AT TIME ZONE 'UTC' AT TIME ZONE contract.timezone)::date",
            fields.Datetime.now(),
        )
        return SQL(
            """
            stage.id, stage.contract_id, contract.partner_id, contract.company_id,
            company.currency_id, partner.iaas_tier_id AS tier_id,
            stage.user_id, stage.stage, stage.date_planned, stage.date_forecast,
            stage.date_actual, stage.waiting_for, stage.waiting_department,
            stage.delay_reason, stage.escalation_date, contract.next_step,
            contract.next_step_date, contract.renewal_due_date,
            COALESCE(contract.next_stage_id = stage.id, FALSE) AS is_current,
            GREATEST(COALESCE(stage.date_actual, %(today)s) - stage.date_planned, 0)
                AS days_late,
            CASE WHEN COALESCE(stage.date_actual, %(today)s) > stage.date_planned
                      THEN 0.0
                 WHEN stage.date_actual IS NOT NULL THEN 100.0
            END AS on_time,
            COALESCE(revenue.is_top, FALSE) AS is_top,
            COALESCE(revenue.amount, 0) AS revenue_12m,
            CASE WHEN contract.next_stage_id = stage.id
                 THEN COALESCE(revenue.amount, 0) / waiting.contracts
            END AS revenue_at_risk
            """,
            today=today,
        )

    def _from(self):
        return SQL(
            """
            iaas_contract_stage stage
            JOIN iaas_contract contract ON contract.id = stage.contract_id
            JOIN res_company company ON company.id = contract.company_id
            JOIN res_partner partner ON partner.id = contract.partner_id
            LEFT JOIN revenue ON revenue.partner_id = contract.partner_id
                             AND revenue.company_id = contract.company_id
            LEFT JOIN waiting ON waiting.partner_id = contract.partner_id
                             AND waiting.company_id = contract.company_id
            """
        )

    def _where(self):
        return SQL("stage.active AND stage.date_planned IS NOT NULL")

    def action_open_contract(self):
        """Open the contract that waits."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "iaas.contract",
            "res_id": self.contract_id.id,
            "view_mode": "form",
        }
