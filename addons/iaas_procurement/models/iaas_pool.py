from collections import Counter, defaultdict
from decimal import Decimal as Exact

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.iaas_contract.pricing import dimension_key

from .. import planning
from .iaas_host import STATES_COMING


class IaasPool(models.Model):
    """Hosts at one site that together carry some product families."""

    _name = "iaas.pool"
    _description = "Capacity Pool"
    _inherit = ["iaas.dimension.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "sequence, code, id"
    _rec_names_search = ["name", "code", "site"]
    _check_company_auto = True
    _mail_post_access = "read"

    name = fields.Char(required=True, tracking=True)
    code = fields.Char(required=True, copy=False)
    site = fields.Char(help="Data centre or availability zone.")
    dimension_value_ids = fields.Many2many(
        string="Serves",
        tracking=True,
        help="The region, and so on, where it stands: resources of another one do not "
        "go here. Empty: it serves them all.",
    )
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    color = fields.Integer()
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    user_id = fields.Many2one(
        "res.users",
        string="Owner",
        default=lambda self: self.env.user,
        tracking=True,
        domain="[('share', '=', False)]",
        help="Answers for the capacity of the pool and gets its tasks.",
    )
    product_categ_ids = fields.Many2many(
        "product.category",
        string="Product Families",
        help="New resources of these families, and of those below them, go here. "
        "Where several pools serve a family, the one of their region takes them, else "
        "the first in the list.",
    )
    scheduler = fields.Selection(
        [("pack", "Pack"), ("spread", "Spread")],
        required=True,
        default="pack",
        tracking=True,
        help="How the cloud platform places instances: filling host by host, or evenly "
        "over all. Spreading leaves no large gaps, so less can be sold.",
    )
    ha_spare_hosts = fields.Integer(
        string="Spare Hosts",
        default=1,
        tracking=True,
        help="How many of the largest hosts may fail while all that is sold still "
        "runs.",
    )
    server_product_id = fields.Many2one(
        "product.product",
        string="Server Model",
        check_company=True,
        domain="[('is_iaas_server', '=', True)]",
        help="What is bought when the pool is short.",
    )
    dim_ids = fields.One2many("iaas.pool.dim", "pool_id", "Dimensions", copy=True)
    host_ids = fields.One2many("iaas.host", "pool_id", "Hosts")
    resource_ids = fields.One2many("iaas.resource", "pool_id", "Resources")
    purchase_line_ids = fields.One2many(
        "purchase.order.line", "iaas_pool_id", "Order Lines"
    )

    host_count = fields.Integer(compute="_compute_counts", compute_sudo=True)
    live_host_count = fields.Integer(compute="_compute_counts", compute_sudo=True)
    resource_count = fields.Integer(compute="_compute_counts", compute_sudo=True)
    order_count = fields.Integer(compute="_compute_counts", compute_sudo=True)
    coming_server_count = fields.Integer(
        string="Servers Coming",
        compute="_compute_need",
        help="Servers requested, ordered or not live yet.",
    )
    binding_dim_id = fields.Many2one(
        "iaas.pool.dim",
        string="Binding Dimension",
        compute="_compute_need",
        help="The dimension that runs out first.",
    )
    servers_to_request = fields.Integer(
        compute="_compute_need",
        search="_search_servers_to_request",
        help="Whole servers that close the shortage once all that is coming has "
        "arrived.",
    )
    is_short = fields.Boolean(
        string="Short", compute="_compute_need", search="_search_is_short"
    )
    usage = fields.Json(compute="_compute_usage")

    _code_unique = models.UniqueIndex(
        "(company_id, code)", "Another pool of this company has this code."
    )
    _spare_not_negative = models.Constraint(
        "CHECK (ha_spare_hosts >= 0)", "Spare hosts cannot be below zero."
    )

    # === COMPUTE ===

    @api.depends("host_ids.state", "resource_ids", "purchase_line_ids.order_id")
    def _compute_counts(self):
        domain = [("pool_id", "in", self.ids)]
        hosts = {
            (pool, state): count
            for pool, state, count in self.env["iaas.host"]._read_group(
                [*domain, ("state", "!=", "retired")],
                ["pool_id", "state"],
                ["__count"],
            )
        }
        resources = dict(
            self.env["iaas.resource"]._read_group(domain, ["pool_id"], ["__count"])
        )
        orders = dict(
            self.env["purchase.order.line"]._read_group(
                [("iaas_pool_id", "in", self.ids)],
                ["iaas_pool_id"],
                ["order_id:count_distinct"],
            )
        )
        for pool in self:
            origin = pool._origin
            pool.host_count = sum(
                count for (owner, _state), count in hosts.items() if owner == origin
            )
            pool.live_host_count = hosts.get((origin, "live"), 0)
            pool.resource_count = resources.get(origin, 0)
            pool.order_count = orders.get(origin, 0)

    @api.depends(
        "server_product_id.iaas_capacity_ids.quantity",
        "dim_ids.sold",
        "dim_ids.held",
        "dim_ids.sellable",
        "dim_ids.shortage_net",
    )
    def _compute_need(self):
        coming = Counter()
        for (pool_id, _product), count in self._get_coming_hosts().items():
            coming[pool_id] += count
        for pool in self:
            dims = {dim.dimension: dim for dim in pool.dim_ids}
            binding = planning.binding(
                {name: dim.sold + dim.held for name, dim in dims.items()},
                {name: dim.sellable for name, dim in dims.items()},
            )
            pool.binding_dim_id = dims.get(binding)
            pool.coming_server_count = coming[pool._origin.id]
            pool.is_short = any(dim.shortage for dim in pool.dim_ids)
            pool.servers_to_request = (
                0 if pool._get_missing_dims() else pool._get_need().servers
            )

    @api.depends("dim_ids.sold", "dim_ids.held", "dim_ids.sellable")
    def _compute_usage(self):
        labels = dict(
            self.env["iaas.pool.dim"]
            ._fields["dimension"]
            ._description_selection(self.env)
        )
        for pool in self:
            pool.usage = [
                {
                    "dimension": dim.dimension,
                    "label": labels[dim.dimension],
                    "unit": dim.unit,
                    "taken": int(dim.sold + dim.held),
                    "sellable": dim.sellable,
                    "percent": int(dim.utilisation),
                    "short": bool(dim.shortage),
                }
                for dim in pool.dim_ids
                if dim.dimension
            ]

    def _search_servers_to_request(self, operator, value):
        if operator not in (">", ">="):
            return NotImplemented
        pools = self.search([])
        return Domain(
            "id",
            "in",
            pools.filtered_domain([("servers_to_request", operator, value)]).ids,
        )

    def _search_is_short(self, operator, value):
        if operator != "in":
            return NotImplemented
        pools = self.search([])
        return Domain("id", "in", [pool.id for pool in pools if pool.is_short in value])

    # === CRUD ===

    @api.model_create_multi
    def create(self, vals_list):
        pools = super().create(vals_list)
        pools._place_resources()
        return pools

    def write(self, vals):
        result = super().write(vals)
        if "product_categ_ids" in vals:
            self._place_resources()
        return result

    # === ACTIONS ===

    def action_view_hosts(self):
        """Open the hosts of the pool."""
        action = self._get_pool_action("iaas_procurement.iaas_host_action")
        return action | {"context": {"default_pool_id": self.id}}

    def action_view_resources(self):
        """Open what is sold from the pool."""
        return self._get_pool_action("iaas_contract.iaas_resource_action")

    def action_view_orders(self):
        """Open the requests and purchase orders for the pool."""
        action = self._get_pool_action("iaas_procurement.purchase_order_action")
        return action | {"domain": [("order_line.iaas_pool_id", "=", self.id)]}

    def _get_pool_action(self, xmlid):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        return action | {"domain": [("pool_id", "=", self.id)], "context": {}}

    # === BUSINESS ===

    @api.model
    def _find_for_categories(self, categories, company):
        """Return {category: pool}: the pool that serves it or its nearest ancestor."""
        wanted = {category: (category, {}) for category in categories}
        return self._find_each(wanted, company)

    @api.model
    def _find_each(self, wanted, company):
        """The pool of each ``(category, dimensions)``: of those that serve the category
        or its nearest ancestor and stand in no other region, the one that names most
        of the dimensions, then the first.

        :param wanted: ``{anything: (category, {dimension code: value code})}``
        :return: dict from the keys of ``wanted`` to pool, as far as one serves them
        """
        pools = [
            (pool, set(pool.product_categ_ids.ids), pool._get_dimensions())
            for pool in self.search([("company_id", "=", company.id)])
        ]
        found, result = {}, {}
        for key, (category, dimensions) in wanted.items():
            scope = (category, dimension_key(dimensions))
            if scope not in found:
                found[scope] = self._choose(pools, category, dimensions)
            if found[scope]:
                result[key] = found[scope]
        return result

    @api.model
    def _choose(self, pools, category, dimensions):
        ancestors = [int(part) for part in category.parent_path.split("/") if part]
        for ancestor in reversed(ancestors):
            serving = [
                (len(own.items() & dimensions.items()), pool)
                for pool, families, own in pools
                if ancestor in families
                and all(
                    dimensions.get(name, code) == code for name, code in own.items()
                )
            ]
            if serving:
                # Of those that name as many the first.
                return max(serving, key=lambda one: one[0])[1]
        return None

    def _place_resources(self):
        """Give resources that had no pool the one that serves them now."""
        Resource = self.env["iaas.resource"].sudo()
        homeless = Resource.search(
            [
                ("pool_id", "=", False),
                ("company_id", "in", self.company_id.ids),
                ("product_id.categ_id", "child_of", self.product_categ_ids.ids),
            ]
        )
        # Thousands of them may move in at once; the history of each needs no line.
        homeless = homeless.with_context(tracking_disable=True)
        self.env.add_to_compute(Resource._fields["pool_id"], homeless)
        homeless.flush_recordset(["pool_id"])

    def _get_taken(self):
        """Capacity sold and held: {(pool id, dimension, resource state): quantity}."""
        Resource = self.env["iaas.resource"].sudo()
        Capacity = self.env["iaas.product.capacity"]
        Resource.flush_model(["product_id", "pool_id", "quantity"])
        Capacity.flush_model(["product_id", "dimension", "quantity"])
        taken = defaultdict(Exact)
        for state in ("running", "planned"):
            query = Resource._search(
                Domain("pool_id", "in", self._origin.ids) & Domain("state", "=", state)
            )
            capacity = query.join(
                Resource._table, "product_id", Capacity._table, "product_id", "capacity"
            )
            pool = SQL.identifier(Resource._table, "pool_id")
            dimension = SQL.identifier(capacity, "dimension")
            query.groupby = SQL("%s, %s", pool, dimension)
            total = SQL(
                "SUM(%s * %s)::text",
                SQL.identifier(Resource._table, "quantity"),
                SQL.identifier(capacity, "quantity"),
            )
            for pool_id, name, quantity in self.env.execute_query(
                query.select(pool, dimension, total)
            ):
                taken[pool_id, name, state] = Exact(quantity)
        return taken

    def _get_live_hosts(self):
        """Count live hosts: {(pool id, product id): hosts}."""
        return self._count_hosts(["live"])

    def _get_coming_hosts(self):
        """Count servers on their way into service: {(pool id, product id): servers}."""
        coming = self._count_hosts(STATES_COMING)
        lines = (
            self.env["purchase.order.line"]
            .sudo()
            .search(
                [
                    ("iaas_pool_id", "in", self._origin.ids),
                    ("product_id.is_iaas_server", "=", True),
                    ("state", "!=", "cancel"),
                ]
            )
        )
        for line in lines._filter_expected():
            key = line.iaas_pool_id.id, line.product_id.id
            coming[key] += line._get_open_servers()
        return coming

    def _count_hosts(self, states):
        return Counter(
            {
                (pool.id, product.id): count
                for pool, product, count in self.env["iaas.host"]
                .sudo()
                ._read_group(
                    [("pool_id", "in", self._origin.ids), ("state", "in", states)],
                    ["pool_id", "product_id"],
                    ["__count"],
                )
            }
        )
