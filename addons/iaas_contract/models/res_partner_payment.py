from dateutil.relativedelta import relativedelta

from odoo import fields, models
from odoo.tools import SQL


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _get_iaas_payment_facts(self, company):
        """How the company has paid its invoices, in the currency of ``company``.

        :return: dict of ``receivable`` and ``overdue`` amounts, ``invoiced`` in the
            last 12 months, ``late_count`` and ``days_late``, the mean over what fell
            due in the last 12 months
        """
        self.ensure_one()
        today = fields.Date.context_today(self)
        self.env["account.move"].flush_model()
        self.env["account.move.line"].flush_model()
        self.env["account.partial.reconcile"].flush_model()
        row = self.env.execute_query_dict(
            SQL(
                """
                SELECT COALESCE(SUM(residual), 0) AS receivable,
                       COALESCE(SUM(residual) FILTER (WHERE due < %(today)s), 0)
                           AS overdue,
                       COALESCE(SUM(balance) FILTER (WHERE date > %(since)s), 0)
                           AS invoiced,
                       COUNT(*) FILTER (WHERE late > 0 AND due > %(since)s)
                           AS late_count,
                       COALESCE(AVG(late) FILTER (
                           WHERE due > %(since)s AND due <= %(today)s), 0)
                           AS days_late
                  FROM (SELECT line.amount_residual AS residual,
                               line.balance,
                               line.date,
                               COALESCE(line.date_maturity, line.date) AS due,
                               GREATEST(0,
                                   CASE WHEN line.amount_residual = 0
                                        THEN COALESCE(paid.day, line.date)
                                        ELSE %(today)s END
                                   - COALESCE(line.date_maturity, line.date)
                               ) AS late
                          FROM account_move_line line
                          JOIN account_move move ON move.id = line.move_id
                          JOIN account_account account
                            ON account.id = line.account_id
                           AND account.account_type = 'asset_receivable'
                     LEFT JOIN LATERAL (
                               SELECT MAX(part.max_date) AS day
                                 FROM account_partial_reconcile part
                                WHERE part.debit_move_id = line.id
                               ) paid ON TRUE
                         WHERE move.commercial_partner_id = %(partner)s
                           AND move.company_id = %(company)s
                           AND move.move_type = 'out_invoice'
                           AND move.state = 'posted'
                       ) AS due_lines
                """,
                today=today,
                since=today - relativedelta(months=12),
                partner=self.commercial_partner_id.id,
                company=company.id,
            )
        )[0]
        return row | {"days_late": round(row["days_late"])}
