from odoo import api, fields, models


class IaasContractDecide(models.TransientModel):
    """Asks for the reason of a decision, which is kept with it."""

    _name = "iaas.contract.decide"
    _description = "Decide on Contract Terms"

    res_model = fields.Selection(
        [("iaas.contract", "Contract"), ("iaas.contract.version", "Amendment")],
        required=True,
        readonly=True,
    )
    res_id = fields.Many2oneReference(
        model_field="res_model", required=True, readonly=True
    )
    decision = fields.Selection(
        [("reviewed", "Reviewed"), ("approved", "Approved"), ("refused", "Refused")],
        required=True,
        readonly=True,
    )
    terms_name = fields.Char(string="Terms", compute="_compute_terms")
    rule_ids = fields.Many2many(
        "iaas.contract.approval.rule", string="For", compute="_compute_terms"
    )
    reason = fields.Text(required=True)

    @api.depends("res_model", "res_id")
    def _compute_terms(self):
        for wizard in self:
            judged = wizard._judged()
            wizard.terms_name = judged.display_name
            wizard.rule_ids = judged.pending_rule_ids

    def _judged(self):
        return self.env[self.res_model].browse(self.res_id)

    def action_decide(self):
        """Decide as the current user."""
        self.ensure_one()
        self._judged()._decide(self.decision, self.reason)
        return {"type": "ir.actions.act_window_close"}
