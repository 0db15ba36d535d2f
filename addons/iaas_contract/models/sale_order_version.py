from odoo import fields, models


class SaleOrder(models.Model):
    """An order keeps the terms it was made under, and so do its resources (R29)."""

    _inherit = "sale.order"

    iaas_contract_version_id = fields.Many2one(
        "iaas.contract.version",
        string="Contract Version",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
    )

    def _action_confirm(self):
        for order in self.filtered("iaas_contract_id"):
            contract = order.iaas_contract_id.sudo()
            order.iaas_contract_version_id = contract._current_version()
        return super()._action_confirm()
