from datetime import timedelta

from odoo import models

_DAY = timedelta(days=1)


class IaasContract(models.Model):
    """What a free trial for all services means for what a whole period is measured
    by: the commitment, and discounts from a spend, count the other days (R63)."""

    _inherit = "iaas.contract"

    def _get_full_trials(self):
        """The free trials for all services."""
        return self.sudo().line_ids.filtered(
            lambda line: line.is_trial and not line.product_id and not line.categ_id
        )

    def _get_trial_borders(self, first, last):
        """The days after the first one, up to the last, on which everything begins or
        ceases to be free."""
        self.ensure_one()
        borders = set()
        for trial in self._get_full_trials():
            borders |= {trial.date_start, trial.date_end + _DAY}
        return {day for day in borders if day and first < day <= last}

    def _count_trial_days(self, first, last):
        """On how many days, from the first to the last, everything is free. Such
        trials do not overlap."""
        self.ensure_one()
        return sum(
            max(
                (min(trial.date_end, last) - max(trial.date_start or first, first)).days
                + 1,
                0,
            )
            for trial in self._get_full_trials()
        )
