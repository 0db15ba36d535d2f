from odoo import api, fields, models


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

    @api.model
    def _get_gated_fields(self):
        return super()._get_gated_fields() | {"iaas_contract_version_id"}

    def _action_confirm(self):
        # As superuser: no user says under which version an order was made.
        for order in self.filtered("iaas_contract_id").sudo():
            contract = order.iaas_contract_id
            order.iaas_contract_version_id = contract._current_version()
        return super()._action_confirm()
