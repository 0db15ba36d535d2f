"""Products, list prices, meters and the catalogue from which contracts are served."""

from decimal import Decimal

from odoo.fields import Command

from .plan.desk import pilot_days
from .plan.products import AWAY, REGIONS, pilot
from .session import quiet

UNITS = {
    "hour": "uom.product_uom_hour",
    "month": "uom.product_uom_unit",
    "unit": "uom.product_uom_unit",
    "gib": "iaas_contract.uom_gib",
    "gib_month": "iaas_contract.uom_gib_month",
    "mbps": "iaas_contract.uom_mbps",
    "mreq": "iaas_contract.uom_million_requests",
}
# Each of these is a thing of its own at the platform; of others a line is one resource.
PER_UNIT = {"vpc-vpn", "waf-pro", "ddos-adv"}
# Into which other services running resources may be changed.
CHANGES = {"evs-hdd": "evs-ssd", "evs-ssd": "evs-hdd"}


def create(env, plan):
    """Create the products of the plan; return them by code, and the catalogue."""
    codes = list(plan.products)
    regions = _regions(env)
    templates = quiet(env["product.template"]).create(
        [_values(env, plan.products[code], regions) for code in codes]
    )
    products = {
        code: template.product_variant_id
        for code, template in zip(codes, templates, strict=True)
    }
    for code, other in CHANGES.items():
        products[code].product_tmpl_id.iaas_change_target_ids = products[other]
    first = plan.window.start.replace(month=1, day=1)
    env["iaas.price"].create(
        [
            values
            for code, product in products.items()
            for values in _prices(plan.products[code], product, first, regions)
        ]
    )
    env["iaas.meter"].create(
        [
            _meter(plan.products[code], product)
            for code, product in products.items()
            if plan.products[code].is_usage
        ]
    )
    catalogue = env["iaas.catalogue"].create(
        {
            "name": "Public cloud",
            "product_ids": [Command.set([product.id for product in products.values()])],
        }
    )
    return products, catalogue


def create_pilot(env, plan, catalogue):
    """Add the service of the pilot, whose price ended with the pilot."""
    _first, last = pilot_days(plan.window)
    service = pilot()
    template = quiet(env["product.template"]).create(_values(env, service, {}))
    product = template.product_variant_id
    env["iaas.price"].create(
        _price(service, product) | {"date_start": plan.window.start, "date_end": last}
    )
    catalogue.product_ids += product
    return product


def _regions(env):
    """The regions in which we have data centres."""
    region = env.ref("iaas_contract.iaas_price_dimension_region")
    values = env["iaas.price.dimension.value"].create(
        [
            {"dimension_id": region.id, "code": code, "name": name, "sequence": place}
            for place, (code, name) in enumerate(REGIONS.items(), 1)
        ]
    )
    return {value.code: value for value in values}


def regions(env):
    """The values of the dimension region, by their code."""
    values = env["iaas.price.dimension.value"].search([("code", "in", list(REGIONS))])
    return {value.code: value for value in values}


def family(env, name):
    """The product category of a family."""
    suffix = "" if name == "iaas" else f"_{name}"
    return env.ref(f"iaas_contract.product_category_iaas{suffix}")


def _values(env, product, regions):
    unit = env.ref(UNITS[product.unit]).id
    return {
        "name": product.name,
        "default_code": product.code.upper(),
        "type": "service",
        "categ_id": family(env, product.family).id,
        "uom_id": unit,
        "list_price": float(product.price or 0) if not product.is_usage else 0,
        "is_iaas": True,
        "iaas_charge_kind": product.kind,
        "iaas_resource_policy": "per_unit" if product.code in PER_UNIT else "per_line",
        "description_sale": product.description,
        "purchase_ok": False,
        "taxes_id": [Command.set(env.company.account_sale_tax_id.ids)],
        "iaas_capacity_ids": [
            Command.create({"dimension": dimension, "quantity": quantity})
            for dimension, quantity in product.capacity.items()
        ],
        "iaas_dimension_value_ids": [
            Command.set([value.id for value in regions.values()])
            if product.is_regional
            else Command.clear()
        ],
    }


def _prices(product, record, first, regions):
    """The list price, and where it is dearer that one."""
    values = _price(product, record) | {"date_start": first}
    yield values
    if product.is_regional:
        yield values | {
            "unit_price": product.price_in(AWAY),
            "dimension_value_ids": [Command.set(regions[AWAY].ids)],
        }


def _price(product, record):
    values = {"product_id": record.id}
    if product.price is not None:
        return values | {"charge_model": "standard", "unit_price": product.price}
    return values | {
        "charge_model": "graduated",
        "tier_ids": [
            Command.create(
                {
                    "up_to": up_to is not None and Decimal(up_to),
                    "unit_price": price,
                }
            )
            for up_to, price in product.tiers
        ],
    }


def _meter(product, record):
    return {
        "name": product.name,
        "code": product.meter_code,
        "product_id": record.id,
        "aggregation": product.aggregation,
        "description": f"Sent once a day for each resource. {product.description}",
    }
