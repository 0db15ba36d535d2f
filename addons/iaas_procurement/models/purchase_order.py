from odoo import api, fields, models
from odoo.exceptions import UserError


class PurchaseOrder(models.Model):
    _inherit = "purchase.order"

    iaas_host_count = fields.Integer(
        string="Hosts", compute="_compute_iaas_host_count", compute_sudo=True
    )

    @api.depends("order_line.iaas_host_ids")
    def _compute_iaas_host_count(self):
        counts = dict(
            self.env["iaas.host"]._read_group(
                [("purchase_order_id", "in", self.ids)],
                ["purchase_order_id"],
                ["__count"],
            )
        )
        for order in self:
            order.iaas_host_count = counts.get(order._origin, 0)

    def button_cancel(self):
        """Refuse while servers are in the house: they would have no order."""
        for order in self:
            if order.iaas_host_count:
                raise UserError(
                    self.env._(
                        "%(order)s cannot be cancelled: servers of it were received. "
                        "Set their received quantity back to zero first.",
                        order=order.display_name,
                    )
                )
        return super().button_cancel()

    def _prepare_grouped_data(self, rfq):
        """Merge only requests for one same pool: lines of others would join it."""
        pools = rfq.order_line.iaas_pool_id
        key = pools.ids if len(pools) <= 1 else ["mixed", rfq.id]
        return (*super()._prepare_grouped_data(rfq), *key)

    def action_view_iaas_hosts(self):
        """Open the hosts that came with the order, to enter their serial numbers."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "iaas_procurement.iaas_host_action"
        )
        entry = self.env.ref("iaas_procurement.iaas_host_view_list_receipt")
        return action | {
            "domain": [("purchase_order_id", "in", self.ids)],
            "context": {},
            "views": [(entry.id, "list"), (False, "kanban"), (False, "form")],
        }
