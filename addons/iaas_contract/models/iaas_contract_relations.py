from odoo import api, fields, models

from .crm_lead import DEAL_FIELDS


class IaasContract(models.Model):
    """Who is for and against the contract, who else offers, and what it will bring."""

    _inherit = "iaas.contract"

    opportunity_id = fields.Many2one(
        "crm.lead",
        index="btree_not_null",
        copy=False,
        check_company=True,
        ondelete="set null",
        groups="base.group_user",
        help="Its stakeholders, competitors, negotiations and estimates are shown here "
        "too.",
    )
    stakeholder_ids = fields.One2many(
        "iaas.stakeholder",
        "contract_id",
        string="Stakeholders",
        groups="base.group_user",
    )
    competitor_offer_ids = fields.One2many(
        "iaas.competitor.offer",
        "contract_id",
        string="Competitor Offers",
        groups="base.group_user",
    )
    negotiation_ids = fields.One2many(
        "iaas.negotiation",
        "contract_id",
        string="Negotiations",
        groups="base.group_user",
    )
    deal_estimate_ids = fields.One2many(
        "iaas.deal.estimate",
        "contract_id",
        string="Deal Estimates",
        groups="base.group_user",
    )
    negotiation_count = fields.Integer(
        compute="_compute_deal_counts", compute_sudo=True, groups="base.group_user"
    )
    deal_estimate_count = fields.Integer(
        compute="_compute_deal_counts", compute_sudo=True, groups="base.group_user"
    )
    expected_revenue = fields.Monetary(
        copy=False,
        tracking=True,
        groups="base.group_user",
        help="What the contract is expected to bring over its term.",
    )
    objection_percent = fields.Float(
        string="Lowered by Objections (%)",
        compute="_compute_forecast",
        store=True,
        aggregator="avg",
        groups="base.group_user",
        help="The share of the forecast that open objections take away.",
    )
    forecast_revenue = fields.Monetary(
        string="Forecast",
        compute="_compute_forecast",
        store=True,
        groups="base.group_user",
        help="The expected revenue, lowered by the open objections of stakeholders "
        "until the contract is signed.",
    )

    # === COMPUTE ===

    @api.depends("negotiation_ids", "deal_estimate_ids")
    def _compute_deal_counts(self):
        for contract in self:
            contract.negotiation_count = len(contract.negotiation_ids)
            contract.deal_estimate_count = len(contract.deal_estimate_ids)

    @api.depends(
        "expected_revenue",
        "signed_date",
        "stakeholder_ids.is_open_objection",
        "stakeholder_ids.role_id.objection_percent",
    )
    def _compute_forecast(self):
        for contract in self:
            lowering = contract.stakeholder_ids._lowering()
            contract.objection_percent = lowering
            contract.forecast_revenue = contract.expected_revenue * (
                1 if contract.signed_date else 1 - lowering / 100
            )

    # === CRUD ===

    @api.model_create_multi
    def create(self, vals_list):
        contracts = super().create(vals_list)
        contracts._adopt_opportunity()
        return contracts

    def write(self, vals):
        result = super().write(vals)
        if vals.get("opportunity_id"):
            self._adopt_opportunity()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_keep_opportunity_side(self):
        """What came from the opportunity goes back to it."""
        for name in DEAL_FIELDS:
            records = self.sudo()[name.removeprefix("iaas_")]
            records.filtered("lead_id").contract_id = False

    # === BUSINESS ===

    def _adopt_opportunity(self):
        """Show what is known about the opportunity on the contract made from it."""
        for contract in self.sudo().filtered("opportunity_id"):
            for name in DEAL_FIELDS:
                records = contract.opportunity_id[name]
                records.filtered(
                    lambda record: not record.contract_id
                ).contract_id = contract
