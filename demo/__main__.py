"""Make the demo company: ``python -m demo --database D --db-host H``."""

import argparse
from datetime import date, timedelta

from . import (
    catalogue,
    company,
    contracts,
    customers,
    deals,
    orders,
    payments,
    procurement,
    settlement,
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


def main():
    """Parse the command line and run the steps."""
    options = _parse()
    window = calendar.Window(options.until, options.months, options.today)
    with environment(options.database, options.db_host, options.addons_path) as env:
        steps = Steps(env)
        if options.bill_last_month:
            _bill_last_month(steps, window)
        else:
            _make(steps, options, window)
        print(f"Done in {steps.total():.0f} s")


def _parse():
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    today = date.today()
    parser.add_argument("--database", required=True)
    parser.add_argument("--db-host", help="host or socket folder of PostgreSQL")
    parser.add_argument("--addons-path", help="as for Odoo")
    parser.add_argument("--customers", type=int, default=300)
    parser.add_argument("--months", type=int, default=12, help="closed months")
    parser.add_argument(
        "--until",
        type=date.fromisoformat,
        default=calendar.last_closed_month(today),
        help="last day of the last closed month (default: of the month before today)",
    )
    parser.add_argument("--seed", type=int, default=19)
    parser.add_argument(
        "--leave-last-month", action="store_true", help="do not bill the last month"
    )
    parser.add_argument(
        "--bill-last-month", action="store_true", help="bill it now, make nothing else"
    )
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
    partners = steps.run("Customers and contacts", customers.create, plan)
    steps.run("Verification", customers.verify, plan, partners)
    steps.run("Portal access", customers.invite, partners, plan)
    signed = steps.run("Framework contracts", contracts.create, plan, partners, offer)
    references = steps.run("Orders", orders.create, plan, partners, signed, products)
    steps.run("Pools and servers", procurement.create, plan)
    closed = window.month_ends[: -1 if options.leave_last_month else None]
    _settle(steps, plan, references, partners, closed)
    steps.run("Terms of contracts", contracts.follow_terms, plan, signed)
    steps.run("Deals", deals.create, plan, partners, signed, products)
    if not options.leave_last_month:
        _check_concentration(env)
    print("Logins (the password is the login):")
    print("\n".join(company.logins()))


def _settle(steps, plan, references, partners, closed):
    """Usage, invoices and payments. Billing takes longest; the rest runs beside it."""
    send = [usage.send, plan, references]
    steps.run("Usage source", usage.prepare)
    steps.run("Bank account", payments.prepare)
    first = plan.window.month_ends[:FIRST_MONTHS][-1]
    steps.run("Usage of the first months", *send, plan.window.start, first)
    steps.beside("Usage", *send, first + timedelta(days=1), plan.window.usage_end)
    places = {partner.id: index for index, partner in partners.items()}
    settle = [payments.settle, plan.seed, plan.window.today, places]
    for number, day in enumerate(closed, 1):
        steps.run(f"Billing {day:%B %Y}", _bill, day)
        if number >= FIRST_MONTHS:
            # Begins once all usage is sent, which the next month's billing needs too.
            until = calendar.month_end(day + timedelta(days=1))
            steps.beside("Payments", *settle, until)
    steps.join()
    steps.run("Payments", *settle)


def _bill(env, day):
    run = settlement.bill_month(env, day)
    for blocker in run.blocker_ids:
        raise SystemExit(f"{blocker.contract_id.display_name}: {blocker.reason}")
    return settlement.summary(run)


def _bill_last_month(steps, window):
    day = window.month_ends[-1]
    steps.run(f"Billing {day:%B %Y}", _bill, day)
    _check_concentration(steps.env)


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
