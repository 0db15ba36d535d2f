# Run in Odoo's shell on a copy of the suite: a year of daily sums, such as fifty
# million events leave, of 1,000 contracts, and one large customer with a login whose
# year is billed. IAAS_LOAD_EVENTS says of how many events; the customer's share is a
# tenth.
import os
from datetime import date

from dateutil.relativedelta import relativedelta

from odoo import Command
from odoo.tools import SQL

env = env  # noqa: F821, PLW0127
EVENTS = int(os.environ["IAAS_LOAD_EVENTS"])
METERS, CONTRACTS, HOURS, DAYS = 20, 1000, 24, 365
RESOURCES = EVENTS // (HOURS * DAYS)
TODAY = date.today()
START = (TODAY - relativedelta(years=1)).replace(day=1)


def make_services():
    env["account.chart.template"].try_loading(
        "generic_coa", company=env.company, install_demo=False
    )
    category = env.ref("iaas_contract.product_category_iaas_compute")
    products = env["product.product"].create(
        [
            {
                "name": f"Service {number}",
                "type": "service",
                "is_iaas": True,
                "iaas_charge_kind": "usage",
                "categ_id": category.id,
            }
            for number in range(METERS)
        ]
    )
    env["iaas.price"].create(
        [
            {
                "product_id": product.id,
                "charge_model": "standard",
                "unit_price": "0.0123",
                "date_start": date(2020, 1, 1),
            }
            for product in products
        ]
    )
    env["iaas.meter"].create(
        [
            {
                "name": product.name,
                "code": f"load.{product.id}",
                "product_id": product.id,
                "daily_dimensions": "region",
            }
            for product in products
        ]
    )
    return products


def make_contract(partner, products, count):
    contract = env["iaas.contract"].create(
        {
            "title": "Load",
            "partner_id": partner.id,
            "date_start": START,
            "date_end": START + relativedelta(years=3),
            "state": "active",
        }
    )
    env["iaas.resource"].create(
        [
            {
                "name": f"res-{contract.id}-{number}",
                "external_ref": f"res-{contract.id}-{number}",
                "contract_id": contract.id,
                "product_id": products[number % METERS].id,
                "date_start": START,
            }
            for number in range(count)
        ]
    )
    return contract


def fill_daily_sums(resources):
    """A row for each resource and day, as 24 events an hour apart leave it."""
    env.flush_all()
    env.cr.execute(
        SQL(
            """
            INSERT INTO iaas_usage_daily (resource_id, day, meter_id, dimensions,
                                          quantity, peak, event_count, fingerprint)
            SELECT resource.id, day::date, meter.id,
                   jsonb_build_object('region', 'region-' || resource.id %% 4),
                   (random() * 1000)::int, 100, %s, day::date - '2000-01-01'
              FROM iaas_resource resource
              JOIN iaas_meter meter ON meter.product_id = resource.product_id
             CROSS JOIN generate_series(%s::date, %s::date, '1 day') AS day
             WHERE resource.id = ANY(%s)
            """,
            HOURS,
            START,
            TODAY,
            resources.ids,
        )
    )


def make_customer():
    customer = env["res.partner"].create(
        {
            "name": "Large customer",
            "is_company": True,
            "iaas_verification_state": "verified",
        }
    )
    contact = env["res.partner"].create(
        {"name": "Contact", "email": "load@example.com", "parent_id": customer.id}
    )
    contact.iaas_contact_role_ids = env.ref(
        "iaas_customer.iaas_contact_role_administrator"
    )
    env["res.users"].create(
        {
            "login": "load",
            "password": "load",
            "partner_id": contact.id,
            "group_ids": [Command.set(env.ref("base.group_portal").ids)],
        }
    )
    return customer


def main():
    products = make_services()
    customer = make_customer()
    contract = make_contract(customer, products, RESOURCES // 10)
    others = env["res.partner"].create([{"name": f"C {n}"} for n in range(CONTRACTS)])
    share = RESOURCES * 9 // 10 // CONTRACTS or 1
    for partner in others:
        make_contract(partner, products, share)
    fill_daily_sums(env["iaas.resource"].search([]))
    env.cr.commit()
    env.cr.execute("ANALYZE iaas_usage_daily, iaas_resource, iaas_contract")
    run = env["iaas.billing.run"].create(
        {"date": TODAY.replace(day=1), "contract_ids": contract.ids}
    )
    run._collect_statements()
    run.state = "running"
    run._work(lambda _done: env.cr.commit() or 1)
    assert run.posted_count, run.blocker_ids.mapped("reason")
    env["iaas.current.usage"]._refresh(contract)
    env.cr.commit()


main()
