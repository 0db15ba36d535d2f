from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import models

from .iaas_contract import LIVE_STATES, UNSIGNED_STATES


class IaasContract(models.Model):
    _inherit = "iaas.contract"

    def _follow_term(self):
        for contract in self.filtered(lambda c: c._renews_itself()):
            contract._renew_itself()
        return super()._follow_term()

    def _renews_itself(self):
        """Whether the day of notice passed without one, so the term goes on."""
        self.ensure_one()
        return (
            self.auto_renew
            and self.state in LIVE_STATES
            and not self.termination_date
            and not self.sudo().let_end_reason
            and self.renewed_by_id.state in (False, *UNSIGNED_STATES)
            and self.date_end - timedelta(days=self.notice_days) < self._today()
        )

    def _renew_itself(self):
        """Let the term go on, in a version of its own."""
        self.ensure_one()
        self._current_version()
        # Counted from the first day, so that a day that some months do not have comes
        # back; where the term is no whole number of months, from the end of the last.
        months, start = self.term_months, self.date_start
        if not months:
            start = self.date_end + timedelta(days=1)
        while self._renews_itself():
            first = self.date_end + timedelta(days=1)
            months += self.renew_months
            self.date_end = start + relativedelta(months=months, days=-1)
            self.sudo().version_id.renewed_from = first
        self.message_post(
            body=self.env._(
                "Nobody gave notice in time: the contract goes on until %(day)s.",
                day=self.date_end,
            )
        )
