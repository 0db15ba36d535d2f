from odoo import fields, models


class IaasContract(models.Model):
    """The period that runs."""

    _inherit = "iaas.contract"

    current_usage_ids = fields.One2many("iaas.current.usage", "contract_id")
    current_usage_problem = fields.Char(
        string="Period Cannot Be Rated",
        readonly=True,
        copy=False,
        groups="base.group_user",
        help="Why the period that runs could not be rated: mend it before its end.",
    )

    def _get_running_period(self, now):
        """The period that holds the instant, as a naive UTC pair, or None."""
        for start, end in self._settlement_periods():
            if start > now:
                return None
            if now < end:
                return start, end
        return None
