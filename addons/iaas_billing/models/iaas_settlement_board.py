from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.iaas_contract.models.iaas_contract import LIVE_STATES

from .iaas_statement import OPEN_STATES

KINDS = [
    ("lapsed", "No valid contract"),
    ("unbilled", "Not billed"),
    ("unrated", "Cannot be rated"),
    ("blocked", "Set aside"),
    ("draft", "Draft"),
    ("grace", "Usage may come in"),
    ("earlier", "An earlier period waits"),
    ("review", "In review"),
    ("unconfirmed", "Not confirmed"),
    ("confirmed", "Confirmed, not posted"),
    ("dispute", "In dispute"),
    ("after_close", "Usage after close"),
]


class IaasSettlementBoard(models.Model):
    """What is not settled yet, why, who owns it and how late it is (R67): a row per
    contract, period and reason."""

    _name = "iaas.settlement.board"
    _description = "Settlement Board"
    _auto = False
    _order = "days_late desc, post_by, id"
    _rec_name = "contract_id"
    _depends = {
        "iaas.contract": [
            "partner_id",
            "company_id",
            "user_id",
            "state",
            "date_end",
            "next_billing_date",
            "current_usage_problem",
        ],
        "iaas.resource": ["contract_id", "date_end", "active"],
        "iaas.statement": [
            "state",
            "is_held",
            "waits_for",
            "post_by",
            "kind",
            "amount_untaxed",
            "amount_advance",
        ],
        "iaas.billing.blocker": ["state", "user_id", "reason"],
        "iaas.statement.dispute": ["state", "user_id"],
        "iaas.after.close": ["state"],
    }

    kind = fields.Selection(KINDS, string="Blocker", readonly=True)
    reason = fields.Text(readonly=True)
    contract_id = fields.Many2one("iaas.contract", readonly=True)
    statement_id = fields.Many2one("iaas.statement", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    tier_id = fields.Many2one("iaas.customer.tier", readonly=True)
    user_id = fields.Many2one("res.users", string="Owner", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    date_from = fields.Date(string="From", readonly=True)
    date_to = fields.Date(string="To", readonly=True)
    post_by = fields.Date(string="To Post by", readonly=True)
    days_late = fields.Integer(readonly=True, aggregator="max")
    amount = fields.Monetary(
        readonly=True,
        help="Without tax: of the statement, or what the line in dispute comes to; for "
        "a period that was not billed yet, the last statement of the contract.",
    )

    @property
    def _table_query(self):
        today = fields.Date.context_today(self)
        return SQL(
            """
            WITH entry AS (%(open)s UNION ALL %(dispute)s UNION ALL %(after_close)s
                           UNION ALL %(unbilled)s UNION ALL %(unrated)s
                           UNION ALL %(lapsed)s)
            SELECT entry.id, entry.kind, entry.reason, entry.contract_id,
                   entry.statement_id, contract.partner_id,
                   partner.iaas_tier_id AS tier_id,
                   COALESCE(entry.user_id, contract.user_id) AS user_id,
                   contract.company_id, contract.currency_id,
                   entry.date_from, entry.date_to, entry.post_by,
                   GREATEST(%(today)s - entry.post_by, 0) AS days_late, entry.amount
              FROM entry
              JOIN iaas_contract contract ON contract.id = entry.contract_id
              JOIN res_partner customer ON customer.id = contract.partner_id
              JOIN res_partner partner ON partner.id = customer.commercial_partner_id
            """,
            today=today,
            open=self._query_open(),
            dispute=self._query_dispute(),
            after_close=self._query_after_close(),
            unbilled=self._query_unbilled(today),
            unrated=self._query_unrated(today),
            lapsed=self._query_lapsed(today),
        )

    # Each part numbers its rows by what they are about: six parts share the numbers.

    def _query_open(self):
        """Statements on their way to the invoice."""
        return SQL(
            """
            SELECT statement.id::bigint * 6 AS id,
                   CASE WHEN statement.is_held THEN 'blocked'
                        WHEN statement.waits_for IS NOT NULL THEN statement.waits_for
                        WHEN statement.state = 'sent' THEN 'unconfirmed'
                        ELSE statement.state
                   END AS kind,
                   CASE WHEN statement.is_held THEN blocker.reason END AS reason,
                   statement.contract_id, statement.id AS statement_id,
                   COALESCE(CASE WHEN statement.is_held THEN blocker.user_id END,
                            statement.user_id) AS user_id,
                   statement.date_from, statement.date_to, statement.post_by,
                   statement.amount_untaxed AS amount
              FROM iaas_statement statement
              LEFT JOIN iaas_billing_blocker blocker
                ON blocker.contract_id = statement.contract_id
               AND blocker.state = 'open'
             WHERE statement.state = ANY(%s) AND statement.correction_of_id IS NULL
            """,
            list(OPEN_STATES),
        )

    def _query_dispute(self):
        return SQL(
            """
            SELECT dispute.id::bigint * 6 + 1, 'dispute', dispute.reason,
                   statement.contract_id, statement.id, dispute.user_id,
                   statement.date_from, statement.date_to,
                   CASE WHEN statement.state = 'posted' THEN dispute.date_due
                        ELSE statement.post_by END,
                   line.amount
              FROM iaas_statement_dispute dispute
              JOIN iaas_statement statement ON statement.id = dispute.statement_id
              LEFT JOIN iaas_statement_line line ON line.id = dispute.line_id
             WHERE dispute.state = 'open'
            """
        )

    def _query_after_close(self):
        return SQL(
            """
            SELECT entry.id::bigint * 6 + 2, 'after_close', entry.obstacle,
                   statement.contract_id, statement.id, entry.user_id,
                   statement.date_from, statement.date_to, entry.date_due, entry.amount
              FROM iaas_after_close entry
              JOIN iaas_statement statement ON statement.id = entry.statement_id
             WHERE entry.state = 'open'
            """
        )

    def _query_unbilled(self, today):
        """Contracts with a period that is over, for which no run has begun."""
        return SQL(
            """
            SELECT contract.id::bigint * 6 + 3, 'unbilled', blocker.reason,
                   contract.id, NULL::int, blocker.user_id,
                   NULL::date, contract.next_billing_date - 1,
                   contract.next_billing_date - 1
                   + CASE WHEN tier.has_statement_rules THEN tier.statement_due_days
                          ELSE company.statement_due_days END,
                   previous.amount
              FROM iaas_contract contract
              JOIN res_company company ON company.id = contract.company_id
              JOIN res_partner customer ON customer.id = contract.partner_id
              JOIN res_partner partner ON partner.id = customer.commercial_partner_id
              LEFT JOIN iaas_customer_tier tier ON tier.id = partner.iaas_tier_id
              LEFT JOIN iaas_billing_blocker blocker
                ON blocker.contract_id = contract.id AND blocker.state = 'open'
              LEFT JOIN LATERAL (
                   SELECT amount_untaxed + COALESCE(amount_advance, 0) AS amount
                     FROM iaas_statement
                    WHERE contract_id = contract.id AND state = 'posted'
                      AND correction_of_id IS NULL AND kind = 'regular'
                    ORDER BY period_end DESC
                    LIMIT 1) previous ON TRUE
             WHERE contract.next_billing_date <= %s
               AND NOT EXISTS (
                   SELECT FROM iaas_statement statement
                    WHERE statement.contract_id = contract.id
                      AND statement.correction_of_id IS NULL
                      AND statement.kind = 'regular'
                      AND statement.state = ANY(%s))
            """,
            today,
            list(OPEN_STATES),
        )

    def _query_unrated(self, today):
        """Contracts whose running period cannot be rated: it would be set aside when
        it is over, so there is time to mend it."""
        return SQL(
            """
            SELECT contract.id::bigint * 6 + 5, 'unrated',
                   contract.current_usage_problem, contract.id, NULL::int, NULL::int,
                   NULL::date,
                   CASE WHEN contract.next_billing_date > %(today)s
                        THEN contract.next_billing_date - 1 END,
                   NULL::date, NULL::numeric
              FROM iaas_contract contract
             WHERE contract.current_usage_problem IS NOT NULL
               AND contract.state = ANY(%(live)s)
            """,
            today=today,
            live=list(LIVE_STATES),
        )

    def _query_lapsed(self, today):
        """What is still rented after the last day of a contract cannot be settled."""
        return SQL(
            """
            SELECT contract.id::bigint * 6 + 4, 'lapsed', NULL, contract.id, NULL::int,
                   NULL::int, contract.date_end + 1, NULL::date, contract.date_end,
                   previous.amount
              FROM iaas_contract contract
              LEFT JOIN LATERAL (
                   SELECT amount_untaxed + COALESCE(amount_advance, 0) AS amount
                     FROM iaas_statement
                    WHERE contract_id = contract.id AND state = 'posted'
                      AND correction_of_id IS NULL AND kind = 'regular'
                    ORDER BY period_end DESC
                    LIMIT 1) previous ON TRUE
             WHERE contract.date_end < %(today)s
               AND EXISTS (
                   SELECT FROM iaas_resource resource
                    WHERE resource.contract_id = contract.id AND resource.active
                      AND COALESCE(resource.date_end, %(today)s) > contract.date_end)
               AND NOT EXISTS (
                   SELECT FROM iaas_contract renewal
                    WHERE renewal.renewal_of_id = contract.id
                      AND renewal.state IN
                          ('active', 'expiring', 'renewed', 'ended', 'terminated'))
            """,
            today=today,
        )

    def action_open(self):
        """Open what the row is about: the statement, else the contract."""
        self.ensure_one()
        record = self.statement_id or self.contract_id
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }
