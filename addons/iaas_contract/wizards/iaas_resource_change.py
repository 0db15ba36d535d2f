from odoo import api, fields, models

from ..fields import Decimal


class IaasResourceChange(models.TransientModel):
    _name = "iaas.resource.change"
    _description = "Change Cloud Resources"
    _inherit = ["iaas.decimal.mixin"]

    resource_ids = fields.Many2many("iaas.resource", required=True, readonly=True)
    kind = fields.Selection(
        [
            ("resize", "Resize"),
            ("product", "Change product"),
            ("suspend", "Suspend"),
            ("resume", "Resume"),
        ],
        required=True,
        readonly=True,
    )
    date = fields.Date(
        string="From",
        required=True,
        default=fields.Date.context_today,
        help="The first day on which the change holds.",
    )
    quantity = Decimal(string="New Quantity")
    product_id = fields.Many2one(
        "product.product",
        string="New Product",
        domain="[('id', 'in', target_ids)]",
    )
    target_ids = fields.Many2many("product.product", compute="_compute_target_ids")
    reason = fields.Char()

    @api.depends("resource_ids")
    def _compute_target_ids(self):
        for wizard in self:
            targets = [
                product.iaas_change_target_ids
                for product in wizard.resource_ids.product_id
            ]
            common = targets[0] if targets else wizard.product_id
            for others in targets[1:]:
                common &= others
            wizard.target_ids = common

    def action_change(self):
        """Change the resources from the chosen day."""
        self.ensure_one()
        self.resource_ids._change(
            self.kind, self.date, self.product_id, self.quantity, self.reason
        )
        return {"type": "ir.actions.act_window_close"}
