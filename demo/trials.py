"""Free trials: one that runs, one after which the customer went on, one that lapsed."""

from datetime import timedelta

from odoo.fields import Command

from .session import quiet

# How long a trial is, and in how many days the running one ends.
TRIAL = timedelta(days=30)
ENDS_IN = timedelta(days=6)
DAY = timedelta(days=1)


def grant(env, plan, contracts):
    """Let small customers have tried a service that they rented later than others;
    what they rented before it, and what the largest pay, stays as it is."""
    rented = _rented(env, plan, contracts)
    window = plan.window
    granted = {}
    for kind, suits in (
        (
            "running",
            lambda first, last: (
                window.until - 2 * TRIAL < first < window.until and not last
            ),
        ),
        (
            "converted",
            lambda first, last: (
                window.start + TRIAL < first < window.until - 3 * TRIAL and not last
            ),
        ),
        (
            "lapsed",
            lambda first, last: (
                last and first < last <= min(window.until, first + 3 * TRIAL)
            ),
        ),
    ):
        for contract, product, first, last in rented:
            # Of a monthly contract the first charge is billed already.
            if kind == "converted" and contract.cycle != "month":
                continue
            if contract not in granted and suits(first, last):
                granted[contract] = kind
                end = {
                    "running": window.today + ENDS_IN,
                    "converted": first + TRIAL - DAY,
                    "lapsed": last,
                }[kind]
                _grant(contract, product, first, end)
                break
    return ", ".join(granted.values())


def _rented(env, plan, contracts):
    """``(contract, product, first day, last day or None)``, the smallest customers
    first."""
    worth = {
        contract: plan.expected.get(customer, 0)
        for customer, contract in contracts.items()
    }
    groups = env["iaas.resource"]._read_group(
        [("contract_id.state", "in", ("active", "expiring"))],
        ["contract_id", "product_id"],
        ["date_start:min", "date_end:max", "date_end:count", "__count"],
    )
    rows = [
        (contract, product, first, last if ended == number else None)
        for contract, product, first, last, ended, number in groups
    ]
    return sorted(rows, key=lambda row: (worth.get(row[0], 0), row[0].id, row[1].id))


def _grant(contract, product, start, end):
    quiet(contract).line_ids = [
        Command.create(
            {
                "is_trial": True,
                "product_id": product.id,
                "date_start": start,
                "date_end": end,
            }
        )
    ]
    contract._follow_trials()
