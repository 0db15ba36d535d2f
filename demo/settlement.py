"""Billing runs: month after month, as the billing department would start them."""

from datetime import timedelta

from .company import user
from .plan import planner
from .session import quiet


def bill_month(env, day):
    """Bill every period that ended on or before ``day``; return the finished run.

    Invoices carry the day after, as a run on the first of the month gives them.
    """
    run = quiet(env["iaas.billing.run"]).create(
        {
            "date": day,
            "invoice_date": day + timedelta(days=1),
            "user_id": user(env, "billing.manager").id,
        }
    )
    run.action_start()
    while run.state == "running" and run._process_batch():
        env.flush_all()
        env.cr.commit()
        env.invalidate_all()
    return run


def summary(run):
    """What a run did, for the list of steps."""
    invoices = run.statement_ids.move_id
    total = sum(run.statement_ids.mapped("amount_untaxed"))
    return (
        f"{len(run.statement_ids)} statements, {len(invoices)} invoices, "
        f"{total:,.0f} USD"
    )


def top_share(env, count=10):
    """The share of the ``count`` largest groups in what was billed."""
    totals = {}
    for partner, amount in env["iaas.statement"]._read_group(
        [("state", "=", "posted")], ["partner_id"], ["amount_untaxed:sum"]
    ):
        group = partner.iaas_group_id
        totals[group] = totals.get(group, 0) + amount
    return planner.top_share(totals.values(), count)
