from decimal import ROUND_HALF_UP
from decimal import Decimal as Exact

from odoo import api, fields, models
from odoo.tools.misc import formatLang

from odoo.addons.iaas_contract.fields import Decimal

from .. import planning
from .iaas_product_capacity import DIMENSIONS, UNITS

FILL_CAP = {"pack": Exact("0.80"), "spread": Exact("0.65")}


class IaasPoolDim(models.Model):
    """One dimension of a pool: its rules, and what is sold against what may be."""

    _name = "iaas.pool.dim"
    _description = "Pool Dimension"
    _inherit = ["iaas.decimal.mixin"]
    _order = "pool_id, sequence, id"

    pool_id = fields.Many2one(
        "iaas.pool", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="pool_id.company_id", store=True, index=True)
    sequence = fields.Integer(default=10)
    dimension = fields.Selection(DIMENSIONS, required=True)
    unit = fields.Char(compute="_compute_unit")
    overcommit = Decimal(
        default=1,
        required=True,
        help="Units sold per physical unit, e.g. 4 vCPU per hardware thread.",
    )
    reserved = Decimal(
        string="Reserved per Host",
        help="What the host keeps for its own system, before overcommit.",
    )
    fill_cap = Decimal(
        compute="_compute_fill_cap",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        help="Share of the usable capacity that may be sold. Above it large orders "
        "no longer fit on one host.",
    )

    usable = fields.Integer(
        compute="_compute_capacity", help="Live hosts without the spare ones."
    )
    sellable = fields.Integer(
        compute="_compute_capacity", help="Usable capacity up to the fill cap."
    )
    sold = Decimal(compute="_compute_capacity", help="Taken by running resources.")
    held = Decimal(
        compute="_compute_capacity",
        help="Taken by resources that are ordered and start later.",
    )
    free = Decimal(
        compute="_compute_capacity",
        help="Sellable less sold less held. Below zero: oversold.",
    )
    utilisation = Decimal(
        string="Utilisation %",
        compute="_compute_capacity",
        help="Sold and held, in percent of sellable.",
    )
    coming = fields.Integer(
        compute="_compute_capacity",
        help="Sellable capacity of servers requested, ordered or not live yet.",
    )
    shortage = Decimal(
        compute="_compute_capacity", help="What is taken and cannot be carried today."
    )
    shortage_net = Decimal(
        string="To Request",
        compute="_compute_capacity",
        help="What remains short when all that is coming has arrived.",
    )

    _dimension_unique = models.Constraint(
        "UNIQUE (pool_id, dimension)", "A pool has each dimension once."
    )
    _overcommit_positive = models.Constraint(
        "CHECK (overcommit > 0)", "The overcommit must be above zero."
    )
    _reserved_not_negative = models.Constraint(
        "CHECK (reserved >= 0)", "What a host reserves cannot be below zero."
    )
    _fill_cap_share = models.Constraint(
        "CHECK (fill_cap > 0 AND fill_cap <= 1)",
        "The fill cap must be above 0 % and up to 100 %.",
    )

    # === COMPUTE ===

    @api.depends("dimension")
    def _compute_unit(self):
        for dim in self:
            dim.unit = UNITS.get(dim.dimension)

    @api.depends("pool_id.scheduler")
    def _compute_fill_cap(self):
        for dim in self:
            dim.fill_cap = FILL_CAP.get(dim.pool_id.scheduler, FILL_CAP["pack"])

    @api.depends("dimension")
    def _compute_display_name(self):
        for dim in self:
            dim.display_name = dim._get_label()

    @api.depends(
        "dimension",
        "overcommit",
        "reserved",
        "fill_cap",
        "pool_id.ha_spare_hosts",
        "pool_id.host_ids.state",
        "pool_id.host_ids.product_id",
        "pool_id.purchase_line_ids.product_uom_qty",
        "pool_id.purchase_line_ids.qty_received",
        "pool_id.purchase_line_ids.state",
        "pool_id.resource_ids.date_start",
        "pool_id.resource_ids.date_end",
        "pool_id.resource_ids.quantity",
    )
    def _compute_capacity(self):
        pools = self.pool_id
        taken = pools._get_taken()
        live, coming = pools._get_live_hosts(), pools._get_coming_hosts()
        specs = (
            self.env["product.product"]
            .browse({product for hosts in (live, coming) for _, product in hosts})
            ._iaas_capacity()
        )
        for dim in self:
            pool = dim.pool_id._origin
            spare = dim.pool_id.ha_spare_hosts
            now = dim._host_sizes(live, specs)
            later = now + dim._host_sizes(coming, specs)
            dim.usable = planning.usable(now, spare)
            dim.sellable = dim._carried(now)
            dim.sold = taken[pool.id, dim.dimension, "running"]
            dim.held = taken[pool.id, dim.dimension, "planned"]
            demand = dim.sold + dim.held
            dim.free = dim.sellable - demand
            dim.utilisation = dim._percent(demand)
            dim.coming = dim._carried(later) - dim.sellable
            dim.shortage = max(Exact(0), -dim.free)
            dim.shortage_net = max(Exact(0), -dim.free - dim.coming)

    # === TOOLS ===

    def _get_label(self):
        labels = dict(self._fields["dimension"]._description_selection(self.env))
        return labels.get(self.dimension, "")

    def _format(self, quantity):
        """A quantity of this dimension for a reader, e.g. "RAM 900 GiB"."""
        whole = quantity == quantity.to_integral_value()
        number = formatLang(self.env, float(quantity), digits=0 if whole else 1)
        return f"{self._get_label()} {number} {self.unit}"

    def _host_effective(self, spec):
        """Capacity in this dimension of a host with this spec ({dimension: units})."""
        return planning.host_effective(
            spec.get(self.dimension, Exact(0)), self.reserved, self.overcommit
        )

    def _host_sizes(self, hosts, specs):
        """Effective capacity of each of the pool's hosts, counted per product."""
        pool = self.pool_id._origin
        return [
            size
            for (pool_id, product_id), count in hosts.items()
            if pool_id == pool.id
            for size in [self._host_effective(specs[product_id])] * count
        ]

    def _carried(self, sizes):
        usable = planning.usable(sizes, self.pool_id.ha_spare_hosts)
        return planning.sellable(usable, self.fill_cap)

    def _percent(self, demand):
        """Demand in percent of sellable; all that is sold from nothing is 100 %."""
        ratio = planning.utilisation(demand, self.sellable)
        if ratio is None:
            return Exact(100 if demand else 0)
        return (ratio * 100).quantize(Exact("0.1"), ROUND_HALF_UP)
