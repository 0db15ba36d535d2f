"""Call-off orders, confirmed, and the resources that they create."""

from datetime import timedelta

from odoo.fields import Command

from .catalogue import regions
from .customers import noon
from .session import LONG_AGO, QUIET, batches

BATCH = 50
# By which way customers came: most are called on, few find the website by themselves.
MEDIUMS = ("direct", "direct", "direct", "website", "phone")
# Older orders call for no visit any more.
RECENT = timedelta(days=30)


def create(env, plan, partners, contracts, products):
    """Create and confirm the orders; return the references of their resources by the
    plan's keys."""
    references, places = {}, regions(env)
    mediums = [env.ref(f"utm.utm_medium_{name}").id for name in MEDIUMS]
    names = {
        code: product.get_product_multiline_description_sale()
        for code, product in products.items()
    }
    for batch in batches(plan.orders, BATCH):
        is_recent = batch[-1].date > plan.window.today - RECENT
        quietly = QUIET if is_recent else LONG_AGO
        values = [
            _values(order, partners, contracts, products, names, places)
            | {"medium_id": mediums[order.customer % len(mediums)]}
            for order in batch
        ]
        orders = env["sale.order"].with_context(**quietly).create(values)
        orders.action_confirm()
        ending = {}
        for order, record in zip(batch, orders, strict=True):
            record.date_order = _ordered_at(order)
            lines = record.order_line
            for rented, line in zip(order.lines, lines, strict=True):
                resources = line.iaas_resource_ids
                references[rented.key] = resources.mapped("external_ref")
                _label(rented, resources)
                if rented.end:
                    ending.setdefault(rented.end, []).extend(resources.ids)
        for day, ids in ending.items():
            ended = env["iaas.resource"].browse(ids)
            ended.with_context(**quietly).date_end = day
        env.flush_all()
        env.invalidate_all()
    return references


def _ordered_at(order):
    """An instant in the working hours of the day."""
    return noon(order.date) - timedelta(minutes=150 + 37 * order.customer % 440)


def _values(order, partners, contracts, products, names, places):
    contract = contracts[order.customer]
    return {
        "partner_id": partners[order.customer].id,
        "iaas_contract_id": contract.id,
        "user_id": contract.user_id.id,
        "date_order": _ordered_at(order),
        "commitment_date": noon(order.date),
        "order_line": [
            Command.create(
                _line_values(rented, products[rented.product], names[rented.product])
                | _where(rented, places)
            )
            for rented in order.lines
        ],
    }


def _line_values(rented, product, name):
    """Values of a line. The price, discount and wording of the contract come with the
    confirmation; given here, they are not looked up twice."""
    return {
        "product_id": product.id,
        "product_uom_qty": float(rented.quantity),
        "name": name,
        "price_unit": 0,
        "discount": 0,
        "analytic_distribution": False,
    }


def _where(rented, places):
    if rented.region is None:
        return {}
    return {"iaas_dimension_value_ids": [Command.set(places[rented.region].ids)]}


def _label(rented, resources):
    """Give the resources a name that tells them apart."""
    for place, resource in enumerate(resources, 1):
        name = f"{resource.product_id.name}, {rented.label}"
        resource.name = f"{name} {place}" if len(resources) > 1 else name
