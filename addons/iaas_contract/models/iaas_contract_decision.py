from odoo import api, fields, models
from odoo.exceptions import UserError


class IaasContractDecision(models.Model):
    """Who decided what about which terms, and why: written once, never changed."""

    _name = "iaas.contract.decision"
    _description = "Decision on Contract Terms"
    _order = "id desc"
    _rec_name = "decision"

    contract_id = fields.Many2one(
        "iaas.contract", required=True, readonly=True, index=True, ondelete="restrict"
    )
    version_id = fields.Many2one(
        "iaas.contract.version",
        string="Amendment",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    company_id = fields.Many2one(
        related="contract_id.company_id", store=True, precompute=True
    )
    rule_id = fields.Many2one(
        "iaas.contract.approval.rule", readonly=True, ondelete="restrict"
    )
    decision = fields.Selection(
        [
            ("reviewed", "Reviewed"),
            ("approved", "Approved"),
            ("automatic", "Approved by Itself"),
            ("refused", "Refused"),
        ],
        required=True,
        readonly=True,
    )
    user_id = fields.Many2one(
        "res.users",
        string="By",
        required=True,
        readonly=True,
        default=lambda self: self.env.user,
        ondelete="restrict",
    )
    date = fields.Datetime(
        string="On", required=True, readonly=True, default=fields.Datetime.now
    )
    reason = fields.Text(required=True, readonly=True)
    digest = fields.Char(string="SHA-256 of the Terms", required=True, readonly=True)

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            raise UserError(
                self.env._("Decisions are made with the buttons of the contract.")
            )
        return super().create(vals_list)

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self.env._("A decision is kept as it was made."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A decision is kept: it cannot be deleted."))
