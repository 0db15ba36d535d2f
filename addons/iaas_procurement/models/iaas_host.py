from odoo import api, fields, models
from odoo.exceptions import UserError

# From which states each state may be reached, and the date it stamps.
MOVES = {
    "received": (("ordered",), "date_received"),
    "installed": (("received",), "date_installed"),
    "live": (("installed", "drained"), "date_live"),
    "drained": (("live",), "date_drained"),
    "retired": (("received", "installed", "drained"), "date_retired"),
}
# On the way into service: their capacity counts as coming.
STATES_COMING = ("ordered", "received", "installed")


class IaasHost(models.Model):
    """A physical server, from its order to its retirement."""

    _name = "iaas.host"
    _description = "Host"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "name desc, id desc"
    _rec_names_search = ["name", "serial"]
    _check_company_auto = True

    name = fields.Char(
        required=True,
        copy=False,
        default=lambda self: self.env["ir.sequence"].next_by_code("iaas.host"),
    )
    serial = fields.Char(string="Serial Number", copy=False, tracking=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    pool_id = fields.Many2one(
        "iaas.pool",
        index=True,
        ondelete="restrict",
        tracking=True,
        check_company=True,
    )
    product_id = fields.Many2one(
        "product.product",
        string="Server Model",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
        domain="[('is_iaas_server', '=', True)]",
    )
    capacity_ids = fields.One2many(related="product_id.iaas_capacity_ids")
    state = fields.Selection(
        [
            ("ordered", "Ordered"),
            ("received", "Received"),
            ("installed", "Installed"),
            ("live", "Live"),
            ("drained", "Drained"),
            ("retired", "Retired"),
        ],
        string="Status",
        required=True,
        default="ordered",
        index=True,
        copy=False,
        tracking=True,
        group_expand=True,
        help="Only live hosts carry what is sold.",
    )
    date_received = fields.Date(string="Received on", copy=False)
    date_installed = fields.Date(string="Installed on", copy=False)
    date_live = fields.Date(string="Live since", copy=False)
    date_drained = fields.Date(string="Drained on", copy=False)
    date_retired = fields.Date(string="Retired on", copy=False)
    purchase_line_id = fields.Many2one(
        "purchase.order.line",
        string="Order Line",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
    )
    purchase_order_id = fields.Many2one(
        related="purchase_line_id.order_id",
        string="Purchase Order",
        store=True,
        index="btree_not_null",
    )
    purchase_unit = fields.Integer(
        string="Unit of Order Line",
        readonly=True,
        copy=False,
        help="Which of the ordered units this host is.",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    cost = fields.Monetary(
        string="Purchase Cost",
        copy=False,
        tracking=True,
        help="Price paid for the host, without recoverable taxes.",
    )

    _serial_unique = models.UniqueIndex(
        "(company_id, serial)", "Another host of this company has this serial number."
    )
    _purchase_unit_unique = models.UniqueIndex(
        "(purchase_line_id, purchase_unit)",
        "This unit of the order line is a host already.",
    )

    # === CRUD ===

    def write(self, vals):
        if "state" in vals and not self.env.su:
            raise UserError(
                self.env._(
                    "The status of a host changes by its buttons: Install, Go Live, "
                    "Drain, Retire."
                )
            )
        if "serial" in vals:
            vals = dict(vals, serial=(vals["serial"] or "").strip() or False)
        return super().write(vals)

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            vals["serial"] = (vals.get("serial") or "").strip() or False
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_in_service(self):
        for host in self:
            if host.state not in ("ordered", "received"):
                raise UserError(
                    self.env._(
                        "%(host)s has been in service. Retire it, so that its history "
                        "stays.",
                        host=host.display_name,
                    )
                )
            if host.purchase_line_id and not self.env.su:
                raise UserError(
                    self.env._(
                        "%(host)s was received on %(order)s. Correct the received "
                        "quantity there.",
                        host=host.display_name,
                        order=host.purchase_order_id.display_name,
                    )
                )

    # === ACTIONS ===

    def action_receive(self):
        """Take in a host that comes without a purchase order, e.g. a leased one."""
        self._move("received")

    def action_install(self):
        """The host is racked and cabled."""
        for host in self:
            if not host.serial:
                raise UserError(
                    self.env._(
                        "%(host)s cannot be installed without its serial number: enter "
                        "the one on its label, so that it is known which server stands "
                        "in the rack.",
                        host=host.display_name,
                    )
                )
        self._move("installed")

    def action_go_live(self):
        """The host carries what its pool sells."""
        for host in self:
            missing = [
                label
                for name, label in (
                    ("serial", self.env._("serial number")),
                    ("pool_id", self.env._("pool")),
                )
                if not host[name]
            ]
            if missing:
                raise UserError(
                    self.env._(
                        "%(host)s cannot go live without its %(missing)s. Fill it in "
                        "on the host first.",
                        host=host.display_name,
                        missing=", ".join(missing),
                    )
                )
        self._move("live")

    def action_drain(self):
        """Its instances move to other hosts; it carries nothing more."""
        self._move("drained")

    def action_retire(self):
        """The host leaves for good."""
        self._move("retired")

    # === BUSINESS ===

    def _move(self, state):
        sources, date_field = MOVES[state]
        labels = dict(self._fields["state"]._description_selection(self.env))
        for host in self:
            if host.state not in sources:
                raise UserError(
                    self.env._(
                        "%(host)s is %(state)s. Only a host that is %(sources)s can "
                        "become %(target)s.",
                        host=host.display_name,
                        state=labels[host.state],
                        sources=" / ".join(labels[source] for source in sources),
                        target=labels[state],
                    )
                )
        self.check_access("write")
        self.sudo().write({"state": state, date_field: fields.Date.context_today(self)})

    @api.depends("name", "serial")
    def _compute_display_name(self):
        for host in self:
            host.display_name = (
                f"{host.name} ({host.serial})" if host.serial else host.name
            )
