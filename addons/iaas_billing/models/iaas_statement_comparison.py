from odoo import fields, models
from odoo.tools import SQL, float_round


class IaasStatement(models.Model):
    """Beside the period before: what is out of the ordinary is looked at (R67)."""

    _inherit = "iaas.statement"

    previous_amount = fields.Monetary(
        string="Period Before",
        readonly=True,
        copy=False,
        help="What the period before came to without tax, with its corrections.",
    )
    change_percent = fields.Float(
        string="Change per Day %",
        readonly=True,
        copy=False,
        digits=(16, 1),
        aggregator="avg",
        help="Against the period before, by day: periods may differ in length.",
    )
    is_outlier = fields.Boolean(
        string="Outlier",
        readonly=True,
        copy=False,
        help="Came to much more or less than the period before; from which change on "
        "is set on the company or the tier.",
    )

    def _rate(self):
        problems = super()._rate()
        self.filtered(
            lambda statement: (
                statement not in problems and not statement.correction_of_id
            )
        )._compare()
        return problems

    def _preview(self):
        """Rate the drafts without any further step.

        :return: ``{contract: reason}`` of those that cannot be rated
        """
        reasons = {}
        for statement, reason in self._rate().items():
            reasons.setdefault(statement.contract_id, reason)
        return reasons

    def _compare(self):
        """Note what the period before came to, and how far this one is from it."""
        before = self._get_previous()
        for statement in self:
            amount, days = before.get(statement.id, (None, None))
            if amount is None:
                statement.write(
                    {"previous_amount": 0, "change_percent": 0, "is_outlier": False}
                )
                continue
            own_days = (statement.date_to - statement.date_from).days + 1
            expected = amount / days * own_days
            change = 0
            if expected:
                change = 100 * (statement.amount_period - expected) / abs(expected)
            limit = statement._get_rules().statement_outlier_percent
            appeared = not expected and bool(statement.amount_period)
            statement.write(
                {
                    "previous_amount": amount,
                    "change_percent": float_round(change, precision_digits=1),
                    "is_outlier": bool(limit) and (abs(change) >= limit or appeared),
                }
            )

    def _get_previous(self):
        """The nearest period before that is not void, of the contract or of the one
        that it renews: all that it came to, whenever it was billed. What is billed in
        advance is compared with what was.

        :return: ``{statement id: (amount, days)}``
        """
        if not self:
            return {}
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT statement.id, before.amount + COALESCE(corrected.amount, 0),
                       before.days
                  FROM iaas_statement statement
                  JOIN iaas_contract contract ON contract.id = statement.contract_id
            CROSS JOIN LATERAL (
                       SELECT id,
                              amount_untaxed + COALESCE(amount_advance, 0) AS amount,
                              date_to - date_from + 1 AS days
                         FROM iaas_statement
                        WHERE contract_id IN (contract.id, contract.renewal_of_id)
                          AND correction_of_id IS NULL
                          AND kind = statement.kind
                          AND currency_id = statement.currency_id
                          AND state <> 'void'
                          AND (state <> 'draft' OR rated_at IS NOT NULL
                               OR id = ANY(%(ids)s))
                          AND period_end <= statement.period_start
                     ORDER BY period_end DESC
                        LIMIT 1
                       ) before
             LEFT JOIN LATERAL (
                       SELECT SUM(amount_untaxed) AS amount
                         FROM iaas_statement
                        WHERE correction_of_id = before.id AND state = 'posted'
                       ) corrected ON TRUE
                 WHERE statement.id = ANY(%(ids)s)
                """,
                ids=self.ids,
            )
        )
        return {
            statement_id: (float(amount), days) for statement_id, amount, days in rows
        }
