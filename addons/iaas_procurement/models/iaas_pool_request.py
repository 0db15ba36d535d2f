from math import ceil

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from .. import planning


class IaasPool(models.Model):
    """From a shortage to a request for quotation."""

    _inherit = "iaas.pool"

    last_request = fields.Datetime(string="Last Requested", readonly=True, copy=False)

    # === ACTIONS ===

    def action_request_quotation(self):
        """Turn what the pool lacks into a request for quotation for whole servers.

        What was requested, ordered or received before counts as coming, so that
        pressing again requests nothing again.
        """
        self.ensure_one()
        self.env["purchase.order"].check_access("create")
        if not self.try_lock_for_update(allow_referencing=True):
            raise UserError(
                self.env._(
                    "Someone else is requesting servers for %(pool)s this moment. Look "
                    "at its requests before you try again.",
                    pool=self.display_name,
                )
            )
        self._check_can_request()
        need = self._get_need()
        if not need.servers:
            raise UserError(
                self.env._(
                    "%(pool)s needs no further servers: %(live)s live and %(coming)s "
                    "coming hosts carry all that is sold.",
                    pool=self.display_name,
                    live=self.live_host_count,
                    coming=self.coming_server_count,
                )
            )
        seller, servers = self._select_vendor(need.servers)
        reason = self._describe_need(need, servers)
        order = (
            self.env["purchase.order"]
            .with_company(self.company_id)
            .create(self._prepare_purchase_order(seller, servers))
        )
        order.message_post(body=reason)
        self.message_post(
            body=self.env._(
                "%(order)s: %(reason)s", order=order._get_html_link(), reason=reason
            )
        )
        # An update of the row: a request made at the same instant must start over
        # and find this one.
        self.sudo().last_request = fields.Datetime.now()
        # The task may be another person's.
        self.sudo().activity_feedback(["iaas_procurement.mail_activity_type_shortage"])
        return order._get_records_action()

    # === BUSINESS ===

    @api.model
    def _cron_schedule_shortages(self):
        """Give the owner of each pool that lacks servers one task to request them."""
        activity_type = "iaas_procurement.mail_activity_type_shortage"
        deadline = self.env.ref(activity_type)._get_date_deadline()
        for pool in self.search([("servers_to_request", ">", 0)]):
            if not pool.activity_search([activity_type]):
                pool.activity_schedule(
                    activity_type,
                    date_deadline=deadline,
                    user_id=(pool.user_id or self.env.user).id,
                    summary=self.env._("Servers short: %s", pool.servers_to_request),
                )

    def _check_can_request(self):
        missing = self._get_missing_dims()
        if not self.dim_ids:
            raise UserError(
                self.env._(
                    "%(pool)s has no dimensions. Say under Capacity what its hosts "
                    "carry: vCPU, RAM, disk.",
                    pool=self.display_name,
                )
            )
        if not self.server_product_id:
            raise UserError(
                self.env._(
                    "%(pool)s has no server model. Choose the one to buy for it.",
                    pool=self.display_name,
                )
            )
        if missing:
            raise UserError(
                self.env._(
                    "%(pool)s is short of %(dimensions)s, which %(server)s does not "
                    "bring. Complete the capacity of the server model or choose "
                    "another.",
                    pool=self.display_name,
                    dimensions=", ".join(dim._get_label() for dim in missing),
                    server=self.server_product_id.display_name,
                )
            )

    def _get_need(self):
        """Whole servers to buy, beyond what is coming, and the binding dimension."""
        self.ensure_one()
        hosts = self._get_live_hosts() + self._get_coming_hosts()
        products = self.server_product_id | self.server_product_id.browse(
            product for _pool, product in hosts
        )
        specs = products._iaas_capacity()
        return planning.servers_for_demand(
            {
                dim.dimension: planning.Demand(
                    taken=dim.sold + dim.held,
                    hosts=tuple(dim._host_sizes(hosts, specs)),
                    server=dim._host_effective(
                        specs.get(self.server_product_id.id, {})
                    ),
                    fill_cap=dim.fill_cap,
                )
                for dim in self.dim_ids
            },
            self.ha_spare_hosts,
        )

    def _select_vendor(self, servers):
        """Return (vendor price, servers): the one to ask, and the least it sells."""
        product = self.server_product_id.with_company(self.company_id)
        seller = product._select_seller(quantity=servers, uom_id=product.uom_id)
        if not seller:
            seller = product._get_filtered_sellers(quantity=None).sorted("min_qty")[:1]
            least = seller.product_uom_id._compute_quantity(
                seller.min_qty, product.uom_id
            )
            servers = max(servers, ceil(least))
        if not seller:
            raise UserError(
                self.env._(
                    "Nobody sells %(server)s. Add a vendor under Purchase on the "
                    "product, then request again.",
                    server=product.display_name,
                )
            )
        return seller, servers

    def _prepare_purchase_order(self, seller, servers):
        """Values of the request for quotation. Addons may add theirs."""
        vendor = seller.partner_id.with_company(self.company_id)
        fiscal_position = (
            self.env["account.fiscal.position"]
            .with_company(self.company_id)
            ._get_fiscal_position(vendor)
        )
        return {
            "company_id": self.company_id.id,
            "partner_id": vendor.id,
            "currency_id": seller.currency_id.id,
            "fiscal_position_id": fiscal_position.id,
            "payment_term_id": vendor.property_supplier_payment_term_id.id,
            "origin": self.code,
            "order_line": [
                Command.create(
                    {
                        "product_id": self.server_product_id.id,
                        "product_qty": servers,
                        "product_uom_id": self.server_product_id.uom_id.id,
                        "iaas_pool_id": self.id,
                    }
                )
            ],
        }

    def _describe_need(self, need, servers):
        """Say why so many servers are requested, and what they leave unused."""
        short = self.dim_ids.filtered("shortage_net")
        spec = self.server_product_id._iaas_capacity()[self.server_product_id.id]
        stranded = planning.stranded(
            servers,
            {dim.dimension: dim._host_effective(spec) for dim in self.dim_ids},
            {dim.dimension: dim.fill_cap for dim in self.dim_ids},
            {dim.dimension: dim.shortage_net for dim in self.dim_ids},
        )
        labels = {dim.dimension: dim._get_label() for dim in self.dim_ids}
        return self.env._(
            "%(servers)s × %(server)s. Short: %(short)s. %(binding)s asks for the "
            "most. Left over then: %(stranded)s.",
            servers=servers,
            server=self.server_product_id.display_name,
            short=", ".join(dim._format(dim.shortage_net) for dim in short),
            binding=labels[need.binding],
            stranded=", ".join(
                dim._format(stranded[dim.dimension]) for dim in self.dim_ids
            ),
        )

    def _get_missing_dims(self):
        """Dimensions that are short and that the server model does not bring."""
        spec = self.server_product_id._iaas_capacity().get(
            self.server_product_id.id, {}
        )
        return self.dim_ids.filtered(
            lambda dim: dim.shortage_net and not dim._host_effective(spec)
        )
