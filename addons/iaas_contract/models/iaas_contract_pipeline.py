from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from .iaas_customer_tier import STAGE_DAYS

# The status in preparation, and the step for which the tier gives so many days.
NEXT_STAGE = {
    "draft": "review",
    "review": "approval",
    "approval": "sent",
    "sent": "signed",
}


class IaasContract(models.Model):
    """How long a contract stands in its status, and which do not move (R31)."""

    _inherit = "iaas.contract"

    state_date = fields.Date(
        string="In this Status Since",
        readonly=True,
        copy=False,
        default=fields.Date.context_today,
        groups="base.group_user",
    )
    days_in_stage = fields.Integer(
        compute="_compute_days_in_stage",
        groups="base.group_user",
        help="Days since the contract came into its present status.",
    )
    is_stuck = fields.Boolean(
        string="Stuck",
        compute="_compute_days_in_stage",
        search="_search_is_stuck",
        groups="base.group_user",
        help="In preparation, and longer in its status than the tier of the customer "
        "gives for the next step.",
    )

    @api.depends("state", "state_date", "timezone", "partner_id.iaas_tier_id")
    def _compute_days_in_stage(self):
        for contract in self:
            since = contract.state_date
            days = (contract._today() - since).days if since else 0
            step = NEXT_STAGE.get(contract.state)
            contract.days_in_stage = max(days, 0)
            contract.is_stuck = bool(step) and days > contract._get_stage_days()[step]

    @api.model
    def _search_is_stuck(self, operator, value):
        if operator != "in":
            return NotImplemented
        tiers = self.env["iaas.customer.tier"].with_context(active_test=False)
        given = {False: STAGE_DAYS} | {
            tier.id: {stage: tier[f"stage_days_{stage}"] for stage in STAGE_DAYS}
            for tier in tiers.search([])
        }
        return self._domain_today(
            lambda today: Domain.OR(
                Domain("state", "=", state)
                & Domain("partner_id.iaas_tier_id", "=", tier_id)
                & Domain("state_date", "<", today - timedelta(days=days[step]))
                for tier_id, days in given.items()
                for state, step in NEXT_STAGE.items()
            )
        )

    @api.model
    def _get_gated_fields(self):
        return super()._get_gated_fields() | {"state_date"}

    def _log_stage(self):
        result = super()._log_stage()
        self.state_date = self._today()
        return result
