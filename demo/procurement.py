"""Pools, servers, vendors and purchase orders behind what is sold."""

import math
import random
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from odoo.fields import Command

from .catalogue import family, regions
from .customers import noon
from .plan import market
from .plan.products import AWAY, HOME
from .session import quiet

VENDORS = (
    ("Kestrel Data Systems Pte. Ltd.", "sg", "orders@kestrel-data.example", 35),
    ("Nordstern Server Asia Pte. Ltd.", "sg", "sales@nordstern-asia.example", 28),
    ("Formosa Rack Integration Co., Ltd.", "tw", "rfq@formosa-rack.example", 56),
)


@dataclass(frozen=True)
class PoolSpec:
    """A pool, the families it serves and the server it is made of."""

    code: str
    name: str
    site: str
    families: tuple
    server: str
    dims: dict
    spare: int
    # live capacity in relation to what is sold; below one the pool is short
    fill: float
    region: str = HOME


# dimension: overcommit, reserved per host
POOLS = (
    PoolSpec(
        "SG1-COMPUTE",
        "Singapore 1 Compute",
        "Singapore, Tai Seng",
        ("compute", "database", "elastic_scaling", "load_balancing"),
        "compute",
        {"vcpu": ("2", "8"), "ram": ("1", "64")},
        2,
        0.94,
    ),
    PoolSpec(
        "SG1-STORAGE",
        "Singapore 1 Storage",
        "Singapore, Tai Seng",
        ("block_storage", "object_storage", "backup"),
        "storage",
        {"disk": ("0.66", "2000")},
        1,
        1.16,
    ),
    PoolSpec(
        "HK1-COMPUTE",
        "Hong Kong 1 Compute",
        "Hong Kong, Tseung Kwan O",
        ("compute",),
        "compute",
        {"vcpu": ("2", "8"), "ram": ("1", "64")},
        1,
        1.1,
        AWAY,
    ),
    PoolSpec(
        "HK1-STORAGE",
        "Hong Kong 1 Storage",
        "Hong Kong, Tseung Kwan O",
        ("block_storage",),
        "storage",
        {"disk": ("0.66", "2000")},
        1,
        1.1,
        AWAY,
    ),
)
# Each vendor's price in relation to the published one.
PRICE_FACTORS = (Decimal("1.00"), Decimal("1.03"), Decimal("0.97"))
DISKS_PER_STORAGE_SERVER = 24
GIB_PER_DISK = 14901  # a 16 TB disk


def _order_price():
    """USD per server in the published order of twenty."""
    rows = market.read("hardware_price_points.csv")
    order = next(row for row in rows if row["item"] == "same order, final")
    return Decimal(order["price"]) / 20


def _disk_price():
    row = next(
        row
        for row in market.read("hardware_price_points.csv")
        if row["spec"].startswith("16 TB")
    )
    return Decimal(row["price"]) * 16000


def _servers():
    """The two server products: name, capacity of one, price."""
    rows = market.read("server_power_capacity_spec.csv")
    compute = next(row for row in rows if "SR645" in row["system"])
    storage = next(row for row in rows if "DL365" in row["system"])
    threads = int(compute["threads"])
    return {
        "compute": (
            f"Lenovo ThinkSystem SR645 V3, 2 x {compute['cpu']}, 3 TiB",
            {"vcpu": threads, "ram": 3072},
            _order_price(),
            compute,
        ),
        "storage": (
            f"HPE {storage['system']}, 24 x 16 TB",
            {"disk": DISKS_PER_STORAGE_SERVER * GIB_PER_DISK},
            _order_price() / 2 + DISKS_PER_STORAGE_SERVER * _disk_price(),
            storage,
        ),
    }


def create(env, plan):
    """Create vendors, servers and pools, and buy what carries the sales."""
    vendors = _vendors(env)
    servers = _server_products(env, vendors)
    planners = env["res.users"].search([("login", "=", "procurement.approver")])
    lines, places = [], regions(env)
    for spec in POOLS:
        pool = env["iaas.pool"].create(
            {
                "code": spec.code,
                "name": spec.name,
                "site": spec.site,
                "user_id": planners.id,
                "dimension_value_ids": places[spec.region].ids,
                "product_categ_ids": [
                    Command.set([family(env, name).id for name in spec.families])
                ],
                "server_product_id": servers[spec.server].id,
                "ha_spare_hosts": spec.spare,
                "dim_ids": [
                    Command.create(
                        {
                            "dimension": dimension,
                            "overcommit": Decimal(overcommit),
                            "reserved": Decimal(reserved),
                        }
                    )
                    for dimension, (overcommit, reserved) in spec.dims.items()
                ],
            }
        )
        env.flush_all()
        env.invalidate_all()
        hosts = _hosts_wanted(pool, spec)
        _buy(env, plan, pool, vendors, hosts)
        lines.append(f"{spec.code}: {hosts} hosts")
    env.flush_all()
    env.invalidate_all()
    return ", ".join(lines)


def _vendors(env):
    values = [
        {
            "name": name,
            "is_company": True,
            "supplier_rank": 1,
            "country_id": env.ref(f"base.{country}").id,
            "email": email,
            "lang": "en_US",
        }
        for name, country, email, _days in VENDORS
    ]
    return quiet(env["res.partner"]).create(values)


def _server_products(env, vendors):
    category = env["product.category"].create({"name": "Servers"})
    products = {}
    for kind, (name, capacity, price, spec) in _servers().items():
        template = quiet(env["product.template"]).create(
            {
                "name": name,
                "type": "consu",
                "categ_id": category.id,
                "standard_price": float(price),
                "list_price": 0,
                "sale_ok": False,
                "purchase_ok": True,
                "purchase_method": "receive",
                "is_iaas_server": True,
                "description_purchase": (
                    f"{spec['chips']} processors, {spec['cores']} cores, "
                    f"{spec['threads']} threads, {spec['idle_w']} W idle, "
                    f"{spec['max_w']} W at full load"
                ),
                "supplier_taxes_id": [
                    Command.set(env.company.account_purchase_tax_id.ids)
                ],
                "seller_ids": [
                    Command.create(
                        {
                            "partner_id": vendor.id,
                            "price": float(round(price * factor)),
                            "delay": days,
                            "sequence": place,
                        }
                    )
                    for place, (vendor, factor, (*_, days)) in enumerate(
                        zip(vendors, PRICE_FACTORS, VENDORS, strict=True), 1
                    )
                ],
                "iaas_capacity_ids": [
                    Command.create({"dimension": dimension, "quantity": quantity})
                    for dimension, quantity in capacity.items()
                ],
            }
        )
        products[kind] = template.product_variant_id
    return products


def _hosts_wanted(pool, spec):
    """Live hosts that carry ``spec.fill`` of what is sold from the pool."""
    capacity = pool.server_product_id._iaas_capacity()[pool.server_product_id.id]
    most = 0
    for dim in pool.dim_ids:
        size = dim._host_effective(capacity)
        wanted = (dim.sold + dim.held) * Decimal(str(spec.fill))
        most = max(most, math.ceil(wanted / (size * dim.fill_cap)))
    return most + spec.spare


def _buy(env, plan, pool, vendors, hosts):
    """The servers came in deliveries over the year; the last one is on its way."""
    product = pool.server_product_id
    deliveries = [hosts - 2 * (hosts // 5), hosts // 5, hosts // 5]
    start = plan.window.start
    days = [
        start - timedelta(days=75),
        start + timedelta(days=70),
        start + timedelta(days=190),
    ]
    serial = 0
    for place, (quantity, day) in enumerate(zip(deliveries, days, strict=True)):
        if quantity:
            line = _order(env, pool, product, vendors[place % 2], quantity, day)
            arrived = day + timedelta(days=VENDORS[place % 2][3] + 3)
            _receive(line, quantity, arrived, pool, serial)
            serial += quantity
    open_day = plan.window.today - timedelta(days=12)
    _order(env, pool, product, vendors[2], 1 if pool.is_short else 2, open_day)


def _order(env, pool, product, vendor, quantity, day):
    seller = product.seller_ids.filtered(lambda info: info.partner_id == vendor)
    order = quiet(env["purchase.order"]).create(
        {
            "partner_id": vendor.id,
            "date_order": noon(day),
            "user_id": env["res.users"].search([("login", "=", "procurement")]).id,
            "order_line": [
                Command.create(
                    {
                        "product_id": product.id,
                        "product_qty": quantity,
                        "price_unit": seller.price,
                        "date_planned": noon(day + timedelta(days=seller.delay)),
                        "iaas_pool_id": pool.id,
                    }
                )
            ],
        }
    )
    order.button_confirm()
    order.date_approve = noon(day + timedelta(days=1))
    return order.order_line


def _receive(line, quantity, day, pool, serial):
    """Take the servers in and put them to work a few days later."""
    line.order_id.acknowledged = True
    quiet(line).qty_received = quantity
    hosts = quiet(line.iaas_host_ids.sorted("id"))
    rng = random.Random(f"{pool.code}:{serial}")
    for place, host in enumerate(hosts, serial + 1):
        batch = f"{rng.choice('JCZ')}{rng.randrange(10**6, 10**7)}"
        host.write({"serial": f"{batch}{place:03d}", "pool_id": pool.id})
    hosts.action_install()
    hosts.action_go_live()
    hosts.write(
        {
            "date_received": day,
            "date_installed": day + timedelta(days=4),
            "date_live": day + timedelta(days=6),
        }
    )
