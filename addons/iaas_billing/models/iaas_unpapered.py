from dateutil.relativedelta import relativedelta

from odoo import fields, models
from odoo.tools import SQL


class IaasUnpapered(models.Model):
    """Contracts under which money is, or was, earned without a valid signature."""

    _name = "iaas.unpapered"
    _description = "Unpapered Revenue"
    _auto = False
    _order = "amount_total desc, cost_of_delay desc, id"
    _rec_name = "contract_id"
    _depends = {
        "iaas.contract": [
            "partner_id",
            "company_id",
            "user_id",
            "state",
            "date_start",
            "date_end",
            "signed_date",
            "renewal_of_id",
            "timezone",
        ],
        "iaas.resource": ["contract_id", "date_start", "date_end", "active"],
        "iaas.statement": [
            "contract_id",
            "kind",
            "state",
            "move_id",
            "amount_untaxed",
            "amount_advance",
        ],
        "iaas.statement.line": ["amount", "segment_start", "segment_end"],
        "account.move": ["amount_residual"],
    }

    contract_id = fields.Many2one("iaas.contract", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    tier_id = fields.Many2one("iaas.customer.tier", readonly=True)
    user_id = fields.Many2one("res.users", string="Owner", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    state = fields.Selection(
        selection=lambda self: (
            self.env["iaas.contract"]._fields["state"]._description_selection(self.env)
        ),
        string="Status",
        readonly=True,
    )
    reason = fields.Selection(
        [
            ("unsigned", "Not signed"),
            ("late", "Signed late"),
            ("lapsed", "Lapsed, still in use"),
        ],
        readonly=True,
    )
    date_due = fields.Date(
        string="Signature Due",
        readonly=True,
        help="The first day of the contract.",
    )
    signed_date = fields.Date(string="Signed On", readonly=True)
    days_late = fields.Integer(
        readonly=True,
        aggregator="avg",
        help="Days from the first day to the signature, or until today.",
    )
    amount_billed = fields.Monetary(
        string="Billed Unpapered",
        readonly=True,
        help="Posted statements: the part for days before the signature.",
    )
    amount_receivable = fields.Monetary(
        string="Receivable Unpapered",
        readonly=True,
        help="The part of it that is invoiced and not paid yet, with taxes.",
    )
    amount_unbilled = fields.Monetary(
        string="Unbilled (Estimate)",
        readonly=True,
        help="What is still used after the last day of the contract and cannot be "
        "billed: days since then at the average day of the last 12 months.",
    )
    amount_total = fields.Monetary(string="Earned Unpapered", readonly=True)
    daily_revenue = fields.Monetary(
        string="Revenue per Day",
        readonly=True,
        aggregator="avg",
        help="Average of the last 12 months under this contract and the one that it "
        "renews.",
    )
    cost_of_delay = fields.Monetary(
        readonly=True, help="Days late at the revenue per day."
    )

    @property
    def _table_query(self):
        now = fields.Datetime.now()
        return SQL(
            """
            WITH contract AS (%(contract)s),
                 billed AS (%(billed)s),
                 income AS (%(income)s),
                 lapsed AS (%(lapsed)s),
                 exposure AS (%(exposure)s)
            SELECT id, contract_id, partner_id, tier_id, user_id, company_id,
                   currency_id, state, date_due, signed_date, days_late, daily_revenue,
                   CASE WHEN days_lapsed > 0 THEN 'lapsed'
                        WHEN signed_date IS NULL THEN 'unsigned'
                        ELSE 'late'
                   END AS reason,
                   amount_billed, amount_receivable, amount_unbilled,
                   amount_billed + amount_unbilled AS amount_total,
                   days_late * daily_revenue AS cost_of_delay
              FROM exposure
             WHERE amount_billed > 0 OR days_lapsed > 0
                OR days_late * daily_revenue > 0
            """,
            contract=self._query_contract(now),
            billed=self._query_billed(),
            income=self._query_income(now),
            lapsed=self._query_lapsed(),
            exposure=self._query_exposure(),
        )

    def _query_contract(self, now):
        """Each contract with today's date in its time zone."""
        return SQL(
            """
            SELECT contract.*,
                   (%s::timestamp AT TIME ZONE 'UTC' AT TIME ZONE contract.timezone
                   )::date AS today
              FROM iaas_contract contract
            """,
            now,
        )

    def _query_billed(self):
        """What posted statements charged for days before the signature, and how much
        of their invoices is open, by the same share. What was billed in advance is
        deducted for the days for which it was billed."""
        return SQL(
            """
            SELECT contract_id, SUM(unpapered) AS amount,
                   SUM(residual * unpapered / NULLIF(amount_untaxed, 0)) AS receivable
              FROM (
                    SELECT statement.contract_id, statement.amount_untaxed,
                           CASE WHEN move.payment_state <> 'reversed'
                                THEN CASE move.move_type WHEN 'out_refund' THEN -1
                                     ELSE 1 END * move.amount_residual
                           END AS residual,
                           SUM(line.amount * GREATEST(
                               LEAST(COALESCE(contract.signed_date, 'infinity'),
                                     line.segment_end + 1) - line.segment_start, 0
                           ) / (line.segment_end - line.segment_start + 1)) AS unpapered
                      FROM iaas_statement statement
                      JOIN contract ON contract.id = statement.contract_id
                      JOIN iaas_statement_line line ON line.statement_id = statement.id
                      LEFT JOIN account_move move ON move.id = statement.move_id
                     WHERE statement.state = 'posted'
                       AND (contract.signed_date IS NULL
                            OR line.segment_start < contract.signed_date)
                     GROUP BY statement.id, move.id
                   ) AS part
             GROUP BY contract_id
            """
        )

    def _query_income(self, now):
        """The average day of the last 12 months, with the contract renewed: what the
        periods came to, of which advances are a part."""
        return SQL(
            """
            SELECT contract.id AS contract_id,
                   SUM(statement.amount_untaxed + COALESCE(statement.amount_advance, 0))
                   / SUM(statement.date_to - statement.date_from + 1)
                     FILTER (WHERE statement.correction_of_id IS NULL) AS daily
              FROM contract
              JOIN iaas_statement statement
                ON statement.contract_id IN (contract.id, contract.renewal_of_id)
             WHERE statement.state = 'posted' AND statement.period_end >= %s
               AND statement.kind = 'regular'
             GROUP BY contract.id
            """,
            now - relativedelta(months=12),
        )

    def _query_lapsed(self):
        """Days on which resources went on after the last day of their contract."""
        return SQL(
            """
            SELECT contract.id AS contract_id,
                   MAX(LEAST(COALESCE(resource.date_end, contract.today),
                             contract.today) - contract.date_end) AS days
              FROM contract
              JOIN iaas_resource resource ON resource.contract_id = contract.id
             WHERE resource.active AND contract.date_end < contract.today
               AND COALESCE(resource.date_end, contract.today) > contract.date_end
               AND NOT EXISTS (
                   SELECT FROM iaas_contract renewal
                    WHERE renewal.renewal_of_id = contract.id
                      AND renewal.state IN
                          ('active', 'expiring', 'renewed', 'ended', 'terminated'))
             GROUP BY contract.id
            """
        )

    def _query_exposure(self):
        return SQL(
            """
            SELECT contract.id, contract.id AS contract_id, contract.partner_id,
                   partner.iaas_tier_id AS tier_id, contract.user_id,
                   contract.company_id, contract.currency_id, contract.state,
                   contract.date_start AS date_due, contract.signed_date,
                   CASE WHEN contract.signed_date IS NULL
                             AND contract.state IN ('ended', 'terminated', 'renewed')
                        THEN 0
                        ELSE GREATEST(COALESCE(contract.signed_date, contract.today)
                                      - contract.date_start, 0)
                   END AS days_late,
                   COALESCE(lapsed.days, 0) AS days_lapsed,
                   COALESCE(income.daily, 0) AS daily_revenue,
                   COALESCE(billed.amount, 0) AS amount_billed,
                   COALESCE(billed.receivable, 0) AS amount_receivable,
                   COALESCE(lapsed.days * income.daily, 0) AS amount_unbilled
              FROM contract
              JOIN res_partner partner ON partner.id = contract.partner_id
              LEFT JOIN billed ON billed.contract_id = contract.id
              LEFT JOIN income ON income.contract_id = contract.id
              LEFT JOIN lapsed ON lapsed.contract_id = contract.id
            """
        )

    def action_open_contract(self):
        """Open the contract that lacks its signature."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "iaas.contract",
            "res_id": self.contract_id.id,
            "view_mode": "form",
        }
