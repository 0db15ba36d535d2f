from odoo import api, fields, models
from odoo.tools import SQL


class IaasContract(models.Model):
    _inherit = "iaas.contract"

    @api.model
    def _query_revenue(self, since):
        """What was billed by posted statements instead of what was ordered. An advance
        is revenue when its period is over."""
        return SQL(
            """
            SELECT statement.partner_id, statement.company_id,
                   SUM(move.amount_untaxed_signed) AS amount
              FROM iaas_statement statement
              JOIN account_move move ON move.id = statement.move_id
             WHERE statement.state = 'posted'
               AND statement.period_end BETWEEN %s AND %s
             GROUP BY statement.partner_id, statement.company_id
            """,
            since,
            fields.Datetime.now(),
        )

    def _is_settled(self):
        """Every period up to the last day has its posted statement."""
        return super()._is_settled() and next(self._unbilled_periods(), None) is None
