"""Billing runs: month after month, as the billing department would start them."""

from datetime import timedelta

from .company import user
from .plan import planner
from .session import batches, quiet


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


def date_postings(env):
    """Statements were posted on the day of their invoice; one in twenty late, as those
    of customers who took their time to confirm. What was posted long ago needs no
    mail."""
    env.flush_all()
    env.cr.execute(
        """
        UPDATE iaas_statement statement
           SET posted_at = day + interval '9 hours',
               days_late = GREATEST(day - post_by, 0),
               on_time_percent = CASE WHEN day > post_by THEN 0 ELSE 100 END,
               mail_state = 'sent'
          FROM (SELECT id, COALESCE(invoice_date, date_to + 1)
                       + CASE WHEN statement.contract_id % 20 = 7
                              THEN 12 + statement.id % 9 ELSE 0 END AS day
                  FROM iaas_statement statement
                  LEFT JOIN (SELECT id AS move_id, invoice_date FROM account_move) move
                 USING (move_id)
                 WHERE statement.state = 'posted') posted
         WHERE posted.id = statement.id
        """
    )
    env.invalidate_all()


def rate_running(env):
    """What the month that runs comes to so far, as the cron rates it."""
    usage = env["iaas.current.usage"]
    for batch in batches(usage._get_contracts(), 100):
        usage._refresh(batch)
    return f"{usage.search_count([])} entries"


def set_budgets(env):
    """Every ninth of the other customers has set a budget, some of them too small."""
    usage = env["iaas.current.usage"]._read_group(
        [("contract_id", "not in", env["iaas.budget"].search([]).contract_id.ids)],
        ["contract_id"],
        ["amount_projected:sum"],
        order="contract_id",
    )
    values = []
    for number, (contract, projected) in enumerate(usage[::9]):
        contact = contract.partner_id.child_ids.filtered("email")[:1]
        if contact and projected:
            share = (90, 115, 140, 180)[number % 4]
            values.append(
                {
                    "contract_id": contract.id,
                    "contact_id": contact.id,
                    "amount": max(round(projected * share / 100, -2), 100),
                }
            )
    quiet(env["iaas.budget"]).create(values)


def alert(env):
    """Tell those whose budget is spent, or will be, as the cron does."""
    budgets = env["iaas.budget"]
    budgets._check(budgets.search([]).contract_id)
    return f"{budgets.search_count([('level', '!=', False)])} alerts"


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
