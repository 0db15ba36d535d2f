from odoo import api, fields, models

DEAL_FIELDS = {
    "iaas_stakeholder_ids": "partner_id",
    "iaas_competitor_offer_ids": "competitor_id",
    "iaas_negotiation_ids": None,
    "iaas_deal_estimate_ids": None,
}


class CrmLead(models.Model):
    _inherit = "crm.lead"

    iaas_stakeholder_ids = fields.One2many(
        "iaas.stakeholder", "lead_id", string="Stakeholders"
    )
    iaas_competitor_offer_ids = fields.One2many(
        "iaas.competitor.offer", "lead_id", string="Competitor Offers"
    )
    iaas_negotiation_ids = fields.One2many(
        "iaas.negotiation", "lead_id", string="Negotiations"
    )
    iaas_deal_estimate_ids = fields.One2many(
        "iaas.deal.estimate", "lead_id", string="Deal Estimates"
    )
    iaas_contract_ids = fields.One2many(
        "iaas.contract", "opportunity_id", string="Framework Contracts"
    )
    # Solution engineers read opportunities, not orders: sums and counts tell no more.
    sale_amount_total = fields.Monetary(compute_sudo=True)
    quotation_count = fields.Integer(compute_sudo=True)
    sale_order_count = fields.Integer(compute_sudo=True)
    iaas_negotiation_count = fields.Integer(
        compute="_compute_iaas_counts", compute_sudo=True
    )
    iaas_deal_estimate_count = fields.Integer(
        compute="_compute_iaas_counts", compute_sudo=True
    )
    iaas_contract_count = fields.Integer(
        string="Contract Count", compute="_compute_iaas_counts", compute_sudo=True
    )
    iaas_objection_percent = fields.Float(
        string="Lowered by Objections (%)",
        compute="_compute_iaas_objection_percent",
        store=True,
        aggregator="avg",
        help="The share of the forecast that open objections take away.",
    )

    # === COMPUTE ===

    @api.depends("iaas_negotiation_ids", "iaas_deal_estimate_ids", "iaas_contract_ids")
    def _compute_iaas_counts(self):
        for lead in self:
            lead.iaas_negotiation_count = len(lead.iaas_negotiation_ids)
            lead.iaas_deal_estimate_count = len(lead.iaas_deal_estimate_ids)
            lead.iaas_contract_count = len(lead.iaas_contract_ids)

    @api.depends(
        "iaas_stakeholder_ids.is_open_objection",
        "iaas_stakeholder_ids.role_id.objection_percent",
    )
    def _compute_iaas_objection_percent(self):
        for lead in self:
            lead.iaas_objection_percent = lead.iaas_stakeholder_ids._lowering()

    @api.depends("iaas_objection_percent", "won_status")
    def _compute_prorated_revenue(self):
        """Odoo's forecast: expected revenue × probability, less the objections."""
        result = super()._compute_prorated_revenue()
        self._lower_forecast("prorated_revenue")
        return result

    @api.depends("iaas_objection_percent", "won_status")
    def _compute_recurring_revenue_prorated(self):
        result = super()._compute_recurring_revenue_prorated()
        self._lower_forecast("recurring_revenue_prorated")
        return result

    @api.depends("iaas_objection_percent", "won_status")
    def _compute_recurring_revenue_monthly_prorated(self):
        result = super()._compute_recurring_revenue_monthly_prorated()
        self._lower_forecast("recurring_revenue_monthly_prorated")
        return result

    def _lower_forecast(self, name):
        # What is won is won, whoever was against it.
        for lead in self.filtered(lambda lead: lead.won_status != "won"):
            if lead.iaas_objection_percent:
                lead[name] *= 1 - lead.iaas_objection_percent / 100

    # === CRUD ===

    @api.ondelete(at_uninstall=False)
    def _unlink_keep_contract_side(self):
        """What the contract has taken over stays with the contract."""
        for name in DEAL_FIELDS:
            self.sudo()[name].filtered("contract_id").lead_id = False

    def _merge_dependences(self, opportunities):
        """Bring along what the merged opportunities know about their deal."""
        for name, key in DEAL_FIELDS.items():
            for record in opportunities.sudo()[name]:
                twin = self.sudo()[name].filtered(
                    lambda known: key and known[key] == record[key]  # noqa: B023
                )
                if not twin:
                    record.lead_id = self
                elif name == "iaas_competitor_offer_ids":
                    known = twin.line_ids.product_id
                    record.line_ids.filtered(
                        lambda line: line.product_id not in known  # noqa: B023
                    ).offer_id = twin
        return super()._merge_dependences(opportunities)

    # === ACTIONS ===

    def action_new_iaas_contract(self):
        """Draft the framework contract that this opportunity is about."""
        self.ensure_one()
        partner = self.partner_id.commercial_partner_id
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("New Framework Contract"),
            "res_model": "iaas.contract",
            "views": [(False, "form")],
            "context": {
                "default_opportunity_id": self.id,
                "default_partner_id": partner.id if partner.is_company else False,
                "default_title": self.name,
                "default_company_id": (self.company_id or self.env.company).id,
                "default_expected_revenue": self.expected_revenue,
            },
        }
