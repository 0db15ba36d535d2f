from odoo import api, fields, models

from ..fields import Decimal
from ..models.iaas_resource_credit import CreditExceeded


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
    credit_message = fields.Text(readonly=True)

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

    @api.onchange("date", "product_id", "quantity")
    def _onchange_asked(self):
        self.credit_message = False

    def action_change(self):
        """Change the resources from the chosen day; above the credit limit, say so."""
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                self.resource_ids._change(
                    self.kind, self.date, self.product_id, self.quantity, self.reason
                )
        except CreditExceeded as error:
            self.credit_message = str(error)
            return self.env["ir.actions.act_window"]._for_xml_id(
                "iaas_contract.iaas_resource_change_action"
            ) | {"res_id": self.id}
        return {"type": "ir.actions.act_window_close"}

    def action_ask_release(self):
        """Put the change before finance."""
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                self.resource_ids._change(
                    self.kind, self.date, self.product_id, self.quantity, self.reason
                )
        except CreditExceeded as error:
            self.env["iaas.resource.hold"]._hold(
                self.resource_ids,
                self.kind,
                self.date,
                self.product_id,
                self.quantity,
                self.reason,
                str(error),
            )
        return {"type": "ir.actions.act_window_close"}
