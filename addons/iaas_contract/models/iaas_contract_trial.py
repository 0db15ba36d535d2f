from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date

from .iaas_contract import LIVE_STATES

TRIAL_ACTIVITY = "iaas_contract.mail_activity_type_trial"

# Days before the last day of a free trial on which the owner is told.
TRIAL_AHEAD = 7


class IaasContract(models.Model):
    """Free trials: the customer uses first and pays afterwards, under the same
    contract (R63)."""

    _inherit = "iaas.contract"

    trial_end = fields.Date(
        string="Free Trial Until",
        compute="_compute_trial_end",
        store=True,
        help="The last day of the last free trial of the contract. It is agreed on "
        "among the discounts.",
    )
    is_in_trial = fields.Boolean(
        string="In Free Trial",
        compute="_compute_current_trial_end",
        compute_sudo=True,
    )
    current_trial_end = fields.Date(
        string="Free Now Until",
        compute="_compute_current_trial_end",
        compute_sudo=True,
        help="The last day of what is free today.",
    )

    # === COMPUTE ===

    @api.depends("line_ids.is_trial", "line_ids.date_end")
    def _compute_trial_end(self):
        for contract in self:
            trials = contract.line_ids.filtered("is_trial")
            # A form may show a trial of which the last day is yet to be filled in.
            contract.trial_end = max(
                filter(None, trials.mapped("date_end")), default=False
            )

    @api.depends("line_ids.is_trial", "line_ids.date_start", "line_ids.date_end")
    def _compute_current_trial_end(self):
        for contract in self:
            today = contract._today()
            trials = contract.line_ids.filtered(
                lambda line: (
                    line.is_trial and line.date_end and line._is_valid_on(today)  # noqa: B023
                )
            )
            contract.is_in_trial = bool(trials)
            contract.current_trial_end = max(trials.mapped("date_end"), default=False)

    # === BUSINESS ===

    def _get_open_trials(self):
        """The free trials that are not over, the first to end first."""
        self.ensure_one()
        today = self._today()
        return (
            self.sudo()
            .line_ids.filtered(lambda line: line.is_trial and line.date_end >= today)
            .sorted("date_end")
        )

    def _end(self):
        result = super()._end()
        self.activity_unlink([TRIAL_ACTIVITY])
        return result

    def _follow_trials(self):
        """Tell the owner in time that a free trial is about to end."""
        for contract in self:
            asked = contract.activity_search([TRIAL_ACTIVITY])
            trial = contract._get_open_trials()[:1]
            if not trial or contract.termination_date:
                continue
            day = trial.date_end
            if day - timedelta(days=TRIAL_AHEAD) > contract._today():
                # An amendment moved the end of the trial.
                asked.unlink()
            elif asked:
                asked.filtered(
                    lambda activity: activity.date_deadline != day  # noqa: B023
                ).date_deadline = day
            else:
                contract.activity_schedule(
                    TRIAL_ACTIVITY,
                    date_deadline=day,
                    user_id=contract._responsible().id,
                    note=self.env._(
                        "Free until %(day)s: %(services)s. From the next day on what "
                        "is still rented is charged as the contract says. Ask the "
                        "customer what is to stay.",
                        day=format_date(self.env, day),
                        services=trial._target_text(),
                    ),
                )

    @api.model
    def _cron_follow_trials(self):
        """Daily: remind the owners of trials that end soon."""
        self.search(
            self._domain_today(lambda today: Domain("trial_end", ">=", today))
            & Domain("state", "in", LIVE_STATES)
        )._in_batches("_follow_trials")
