"""Open the review sheet of a large customer, against a bare SQL aggregate.

    odoo shell -d DATABASE --addons-path addons < tests/load/review_sheet.py

In any database with iaas_contract; nothing is kept. Makes a contract with 5,000
resources of 20 services and 24 months of invoices, opens its review sheet as the form
does, and prints the time, the number of queries, and how many times as long it takes
as one query that sums the same resources and receivables and does nothing else.
"""

# ruff: noqa: F821  ``env`` is that of the shell
import time
from datetime import date

from dateutil.relativedelta import relativedelta

from odoo import Command, fields
from odoo.tools import SQL

RESOURCES, SERVICES, MONTHS, ROUNDS = 5000, 20, 24, 5
COLUMNS = ("product_id", "quantity", "list_unit", "discount", "net_unit", "note")


def make():
    """The contract of a customer with all that."""
    company = env.company
    if not company.chart_template:
        env["account.chart.template"].try_loading(
            "generic_coa", company=company, install_demo=False
        )
    today = fields.Date.context_today(env.user)
    first = today + relativedelta(months=-MONTHS, day=1)
    partner = env["res.partner"].create(
        {"name": "Large", "is_company": True, "is_iaas_customer": True}
    )
    products = env["product.product"].create(
        [
            {
                "name": f"Server {number}",
                "type": "service",
                "is_iaas": True,
                "iaas_charge_kind": "recurring",
                "taxes_id": [],
            }
            for number in range(SERVICES)
        ]
    )
    env["iaas.price"].create(
        [
            {"product_id": product.id, "unit_price": "80", "date_start": "2020-01-01"}
            for product in products
        ]
    )
    contract = env["iaas.contract"].create(
        {
            "title": "Large",
            "partner_id": partner.id,
            "date_start": first,
            "date_end": first + relativedelta(years=4, days=-1),
            "timezone": "UTC",
            "catalogue_id": env["iaas.catalogue"]
            .create({"name": "Large", "product_ids": [Command.set(products.ids)]})
            .id,
            "line_ids": [
                Command.create({"product_id": product.id, "discount": number})
                for number, product in enumerate(products)
            ],
        }
    )
    contract.state = "active"
    env["iaas.resource"].with_context(tracking_disable=True).create(
        [
            {
                "name": f"Server {number}",
                "contract_id": contract.id,
                "product_id": products[number % SERVICES].id,
                "date_start": first,
            }
            for number in range(RESOURCES)
        ]
    )
    invoices = env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_date": first + relativedelta(months=month + 1),
                "invoice_date_due": first + relativedelta(months=month + 2),
                "invoice_line_ids": [
                    Command.create(
                        {"name": f"Family {number}", "price_unit": 1000, "tax_ids": []}
                    )
                    for number in range(10)
                ],
            }
            for month in range(MONTHS)
        ]
    )
    invoices.action_post()
    env.flush_all()
    return contract


def open_sheet(contract):
    action = contract.action_open_review()
    sheet = env[action["res_model"]].browse(action["res_id"])
    sheet.web_read(
        {
            "proposal": {},
            "overdue": {},
            "margin_percent": {},
            "line_ids": {"fields": {name: {} for name in COLUMNS}},
        }
    )
    env.flush_all()


def aggregate(contract):
    env.execute_query(
        SQL(
            """
            SELECT (SELECT array_agg(total) FROM (
                        SELECT SUM(quantity) AS total FROM iaas_resource
                         WHERE contract_id = %s GROUP BY product_id) sums),
                   (SELECT SUM(amount_residual) FROM account_move_line line
                      JOIN account_account account ON account.id = line.account_id
                     WHERE line.partner_id = %s
                       AND account.account_type = 'asset_receivable')
            """,
            contract.id,
            contract.partner_id.id,
        )
    )


def best(function, contract):
    """The shortest of some rounds, each with nothing in the cache, and its queries."""
    times, queries = [], 0
    for _round in range(ROUNDS):
        env.invalidate_all()
        before, start = env.cr.sql_log_count, time.perf_counter()
        function(contract)
        times.append(time.perf_counter() - start)
        queries = env.cr.sql_log_count - before
    return min(times), queries


def main():
    contract = make()
    env.cr.execute("ANALYZE iaas_resource, account_move, account_move_line")
    least, _one = best(aggregate, contract)
    taken, queries = best(open_sheet, contract)
    print(f"{date.today()}  {RESOURCES} resources, {MONTHS} months of invoices")
    print(f"bare aggregate {least:.4f} s, review sheet {taken:.3f} s", end=", ")
    print(f"{taken / least:.0f} times, {queries} queries")
    env.cr.rollback()


main()
