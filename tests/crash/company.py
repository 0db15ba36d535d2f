"""What the workers bill."""

from datetime import date

from odoo.addons.iaas_billing.metering import Entry

from .amounts import CONTRACTS, SERVER, TRAFFIC, used


def make(env):
    """Contracts since January 2026, each with a server and metered traffic."""
    company = env.company
    env["account.chart.template"].try_loading(
        "generic_coa", company=company, install_demo=False
    )
    category = env.ref("iaas_contract.product_category_iaas_compute")
    common = {"type": "service", "is_iaas": True, "categ_id": category.id}
    server, traffic = env["product.product"].create(
        [
            common | {"name": "Server", "iaas_charge_kind": "recurring"},
            common | {"name": "Traffic", "iaas_charge_kind": "usage"},
        ]
    )
    env["iaas.price"].create(
        [
            {
                "product_id": product.id,
                "charge_model": "standard",
                "unit_price": str(price),
                "date_start": date(2020, 1, 1),
            }
            for product, price in ((server, SERVER), (traffic, TRAFFIC))
        ]
    )
    meter = env["iaas.meter"].create(
        {"name": "Traffic", "code": "traffic", "product_id": traffic.id}
    )
    source, _files = env["iaas.usage.source"].create(
        [{"name": "Cloud", "code": "cloud"}, {"name": "Files", "code": "files"}]
    )
    customers = env["res.partner"].create(
        [
            {
                "name": f"Customer {number}",
                "is_company": True,
                "iaas_verification_state": "verified",
            }
            for number in range(CONTRACTS)
        ]
    )
    contracts = env["iaas.contract"].create(
        [
            {
                "title": "Cloud services",
                "partner_id": customer.id,
                "date_start": date(2026, 1, 1),
                "date_end": date(2027, 12, 31),
                "timezone": "UTC",
                "state": "active",
            }
            for customer in customers
        ]
    )
    resources = env["iaas.resource"].create(
        [
            {
                "name": product.name,
                "external_ref": f"{product.name}-{contract.id}",
                "contract_id": contract.id,
                "product_id": product.id,
                "date_start": date(2026, 1, 1),
            }
            for contract in contracts
            for product in (server, traffic)
        ]
    )
    metered = resources.filtered(lambda one: one.product_id == traffic)
    entries = []
    for resource in metered:
        for month in range(1, 11):
            event = {
                "specversion": "1.0",
                "id": f"{resource.id}-{month}",
                "source": source.code,
                "type": meter.code,
                "subject": resource.external_ref,
                "time": f"2026-{month:02}-15T12:00:00Z",
                "data": {"value": str(used(month))},
            }
            entries.append(Entry(len(entries) + 1, "", event))
    taken = env["iaas.usage.event"]._ingest(entries, source)
    assert taken.accepted == len(entries), taken.refusals
