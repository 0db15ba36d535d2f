from odoo import api, fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    iaas_contract_ids = fields.One2many(
        "iaas.contract", "partner_id", string="Framework Contracts"
    )
    iaas_contract_count = fields.Integer(
        compute="_compute_iaas_contract_count",
        string="Contract Count",
    )
    iaas_resource_count = fields.Integer(compute="_compute_iaas_resource_count")

    @api.depends("iaas_contract_ids")
    def _compute_iaas_contract_count(self):
        counts = dict(
            self.env["iaas.contract"]._read_group(
                [("partner_id", "in", self.ids)], ["partner_id"], ["__count"]
            )
        )
        for partner in self:
            partner.iaas_contract_count = counts.get(partner._origin, 0)

    def _compute_iaas_resource_count(self):
        counts = dict(
            self.env["iaas.resource"]._read_group(
                [("partner_id", "in", self.ids)], ["partner_id"], ["__count"]
            )
        )
        for partner in self:
            partner.iaas_resource_count = counts.get(partner._origin, 0)

    def action_view_iaas_contracts(self):
        """The framework contracts of the company."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_contract.iaas_contract_action"
        )
        return action | {
            "domain": [("partner_id", "=", self.id)],
            "context": {"default_partner_id": self.id, "default_term_months": 12},
        }

    def action_view_iaas_resources(self):
        """What the company rents."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_contract.iaas_resource_action"
        )
        return action | {"domain": [("partner_id", "=", self.id)]}
