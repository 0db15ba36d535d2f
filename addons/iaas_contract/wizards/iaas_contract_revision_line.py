from odoo import api, fields, models

from ..fields import Decimal


class IaasContractRevisionLine(models.TransientModel):
    _name = "iaas.contract.revision.line"
    _description = "Revised Discount or Price"
    _inherit = ["iaas.decimal.mixin"]

    revision_id = fields.Many2one(
        "iaas.contract.revision", required=True, ondelete="cascade"
    )
    name = fields.Char(string="Product or Family", readonly=True)
    contract_line_id = fields.Many2one("iaas.contract.line", readonly=True)
    price_id = fields.Many2one("iaas.price", string="Own Price", readonly=True)
    old_discount = Decimal(readonly=True)
    new_discount = Decimal(readonly=True)
    old_price = Decimal(readonly=True)
    new_price = Decimal(readonly=True)
    is_capped = fields.Boolean(
        string="At List Price",
        readonly=True,
        help="The raise takes away the whole discount and more: beyond that the list "
        "price would have to rise.",
    )
    change = fields.Char(compute="_compute_change")

    @api.depends("name", "old_discount", "new_discount", "old_price", "new_price")
    def _compute_change(self):
        for line in self:
            if line.price_id:
                old, new, unit = line.old_price, line.new_price, ""
            else:
                old, new, unit = line.old_discount, line.new_discount, " %"
            line.change = (
                f"{line.name} {old.normalize():f}{unit} → {new.normalize():f}{unit}"
            )
