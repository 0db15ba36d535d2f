from itertools import count, islice
from math import ceil

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import float_compare

RECEIPT_FIELDS = {"qty_received", "qty_received_manual", "product_uom_id"}


class PurchaseOrderLine(models.Model):
    _inherit = "purchase.order.line"

    iaas_pool_id = fields.Many2one(
        "iaas.pool",
        string="Pool",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        help="The pool that the received servers join.",
    )
    iaas_host_ids = fields.One2many(
        "iaas.host", "purchase_line_id", string="Hosts", copy=False
    )

    # === CRUD ===

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.filtered("qty_received")._receive_iaas_hosts()
        return lines

    def write(self, vals):
        result = super().write(vals)
        if RECEIPT_FIELDS & vals.keys():
            self._receive_iaas_hosts()
        return result

    # === BUSINESS ===

    def _filter_expected(self):
        """The lines that may still bring servers.

        Of alternative requests for quotation one is going to be ordered: the ordered
        one counts, and before that the largest.
        """
        rejected = self.order_id.browse()
        for tender in self.order_id.purchase_group_id:
            rivals = self.order_id.filtered(
                lambda order, tender=tender: order.purchase_group_id == tender
            )
            chosen = tender.order_ids.filtered(lambda order: order.state == "purchase")
            rejected |= rivals - (chosen or max(rivals, key=self._count_open_servers))
        return self.filtered(lambda line: line.order_id not in rejected)

    def _count_open_servers(self, order):
        lines = self.filtered(lambda line: line.order_id == order)
        return sum(line._get_open_servers() for line in lines)

    def _get_open_servers(self):
        """Servers of the line that did not arrive yet."""
        return max(0, ceil(self.product_uom_qty) - len(self.iaas_host_ids))

    def _receive_iaas_hosts(self):
        """Keep one received host per server received, whatever was typed before."""
        lines = self.filtered("product_id.is_iaas_server")
        # Written first, so that two people receiving the same line meet in the
        # database and the second one counts again.
        lines.flush_recordset(["qty_received"])
        for line in lines:
            # Who receives goods may have no right to create hosts by hand.
            line.sudo()._set_received_hosts(line._get_received_servers())

    def _get_received_servers(self):
        """Whole servers received, in the unit of the product."""
        received = self.product_uom_id._compute_quantity(
            self.qty_received, self.product_id.uom_id, round=False
        )
        servers = round(received)
        if servers < 0 or float_compare(received, servers, precision_digits=6):
            raise UserError(
                self.env._(
                    "%(order)s, %(product)s: %(quantity)s is no number of whole "
                    "servers. Enter how many arrived.",
                    order=self.order_id.display_name,
                    product=self.product_id.display_name,
                    quantity=received,
                )
            )
        if servers and self.state != "purchase":
            raise UserError(
                self.env._(
                    "%(order)s is not confirmed. Confirm it before you receive "
                    "%(product)s.",
                    order=self.order_id.display_name,
                    product=self.product_id.display_name,
                )
            )
        return servers

    def _set_received_hosts(self, servers):
        missing = servers - len(self.iaas_host_ids)
        if missing < 0:
            self._take_back_hosts(-missing)
        elif missing:
            self._create_hosts(missing)

    def _take_back_hosts(self, surplus):
        """Correct a quantity typed too high, while its hosts are still untouched."""
        untouched = self.iaas_host_ids.filtered(
            lambda host: host.state == "received" and not host.serial
        ).sorted("purchase_unit", reverse=True)
        if len(untouched) < surplus:
            raise UserError(
                self.env._(
                    "%(order)s, %(product)s: %(used)s hosts of this line have a serial "
                    "number or are in use. Retire the returned ones instead of "
                    "lowering the received quantity below that.",
                    order=self.order_id.display_name,
                    product=self.product_id.display_name,
                    used=len(self.iaas_host_ids) - len(untouched),
                )
            )
        untouched[:surplus].unlink()

    def _create_hosts(self, servers):
        taken = set(self.iaas_host_ids.mapped("purchase_unit"))
        units = islice((unit for unit in count(1) if unit not in taken), servers)
        self.env["iaas.host"].create(
            [self._prepare_host_values() | {"purchase_unit": unit} for unit in units]
        )

    def _prepare_host_values(self):
        """Values of a host that this line brings. Addons may add theirs."""
        return {
            "company_id": self.company_id.id,
            "pool_id": self.iaas_pool_id.id,
            "product_id": self.product_id.id,
            "purchase_line_id": self.id,
            "state": "received",
            "date_received": fields.Date.context_today(self),
            "cost": self.currency_id._convert(
                self._get_gross_price_unit(),
                self.company_id.currency_id,
                self.company_id,
                self.date_order,
            ),
        }
