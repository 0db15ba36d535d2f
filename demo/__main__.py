"""Make the demo company: ``python -m demo --database D --db-host H``."""

import argparse
from datetime import date, timedelta

from . import (
    billing_desk,
    catalogue,
    company,
    contracts,
    customers,
    deals,
    feeds,
    orders,
    payments,
    procurement,
    settlement,
    trials,
    usage,
)
from .plan import calendar, planner
from .session import Steps, environment

# The share of the ten largest accounts; a smaller company or a shorter time may differ.
SHARE_BOUNDS = (0.54, 0.56)
SHARE_CUSTOMERS = 100
SHARE_MONTHS = 3
# Usage of so many months is sent first; that of the others while these are billed.
FIRST_MONTHS = 3
DAY = timedelta(days=1)


def main():
    """Parse the command line and run the steps."""
    options = _parse()
    window = calendar.Window(options.until, options.months, options.today)
    with environment(
        options.database, options.db_host, options.addons_path, options.data_dir
    ) as env:
        steps = Steps(env)
        _make(steps, options, window)
        print(f"Done in {steps.total():.0f} s")


def _parse():
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    today = date.today()
    parser.add_argument("--database", required=True)
    parser.add_argument("--db-host", help="host or socket folder of PostgreSQL")
    parser.add_argument("--addons-path", help="as for Odoo")
    parser.add_argument("--data-dir", help="as for Odoo; usage is archived there")
    parser.add_argument("--customers", type=int, default=300)
    parser.add_argument("--months", type=int, default=12, help="closed months")
    parser.add_argument(
        "--until",
        type=date.fromisoformat,
        default=calendar.last_closed_month(today),
        help="last day of the last closed month (default: of the month before today)",
    )
    parser.add_argument("--seed", type=int, default=19)
    parser.set_defaults(today=today)
    return parser.parse_args()


def _make(steps, options, window):
    env = steps.env
    if env["iaas.contract"].search_count([], limit=1):
        raise SystemExit(
            f"Database {options.database} has contracts already: the demo company is "
            "made on a database that has none."
        )
    plan = planner.make_plan(options.seed, options.customers, window)
    steps.run("Company, users, taxes", company.set_up)
    steps.beside("Passwords", company.set_passwords)
    products, offer = steps.run("Catalogue and prices", catalogue.create, plan)
    pilot = steps.run("Pilot", catalogue.create_pilot, plan, offer)
    partners = steps.run("Customers and contacts", customers.create, plan)
    steps.run("Verification", customers.verify, plan, partners)
    signed = steps.run("Framework contracts", contracts.create, plan, partners, offer)
    references = steps.run("Orders", orders.create, plan, partners, signed, products)
    steps.run("Free trials", trials.grant, plan, signed)
    trial = [plan, partners, signed, pilot]
    steps.run("Customers who approve first", billing_desk.open_desk, *trial)
    _settle(steps, plan, references, partners, pilot)
    steps.beside("Dates of posting", settlement.date_postings)
    steps.beside("Archive of usage", feeds.retire, plan)
    steps.run("Portal access", customers.invite, partners, plan)
    places = {index: partner.id for index, partner in partners.items()}
    # Both leave the contracts that the steps after them change alone.
    steps.beside("The desk of billing", billing_desk.work, plan, places)
    steps.run("Pools and servers", procurement.create, plan)
    steps.join()
    steps.run("Terms of contracts", contracts.follow_terms, plan, signed)
    steps.run("Deals", deals.create, plan, partners, signed, products)
    steps.run("Usage of this month", feeds.look_after, plan, references)
    steps.run("Usage outside a contract", usage.linger)
    steps.run("The month that runs", settlement.rate_running)
    steps.run("Budgets of the customer with a login", feeds.budget)
    steps.run("Budgets of others", settlement.set_budgets)
    steps.run("Alerts of budgets", settlement.alert)
    _check_concentration(env)
    print("Logins (the password is the login):")
    print("\n".join(company.logins()))


def _settle(steps, plan, references, partners, pilot):
    """Usage, invoices and payments. Billing takes longest; the rest runs beside it.

    Of the last month, the cycle that has just closed, nothing is paid yet.
    """
    window = plan.window
    early = min(FIRST_MONTHS, window.months - 1)
    rest = window.month_ends[early].replace(day=1)
    send = [usage.send, plan, references]
    steps.run("Usage source", usage.prepare)
    steps.run("Files and connectors", feeds.set_up, plan, references)
    steps.run("Usage by file and by pull", feeds.take_in, plan, references)
    steps.run("Bank account", payments.prepare)
    steps.run("Usage of the first months", *send, window.start, rest - DAY)
    steps.beside("Usage of the others", *send, rest, window.usage_end)
    places = {partner.id: index for index, partner in partners.items()}
    for day in window.month_ends:
        if day > rest:
            settle = [payments.settle, plan.seed, window.today, places, day]
            steps.beside("Payments", *settle, day == window.until)
        if day == window.until:
            billing_desk.ask_first(steps.env)
        steps.run(f"Billing {day:%B %Y}", _bill, day, pilot)


def _bill(env, day, pilot):
    run = settlement.bill_month(env, day)
    for blocker in run.blocker_ids:
        if not billing_desk.is_expected(blocker, pilot):
            raise SystemExit(f"{blocker.contract_id.display_name}: {blocker.reason}")
    return settlement.summary(run)


def _check_concentration(env):
    """The ten largest accounts bring 55 % once every closed month is billed."""
    share = settlement.top_share(env)
    print(f"Ten largest accounts: {share:.1%} of the revenue billed")
    customers = env["res.partner"].search_count([("is_iaas_customer", "=", True)])
    months = env["iaas.billing.run"].search_count([])
    low, high = SHARE_BOUNDS
    if (
        customers >= SHARE_CUSTOMERS
        and months >= SHARE_MONTHS
        and not low <= share <= high
    ):
        raise SystemExit(f"It should be between {low:.0%} and {high:.0%}.")


if __name__ == "__main__":
    main()
