"""How customers pay: most on time, some late, a few not at all.

Creating ``account.payment`` records and reconciling them in batches takes a third of
the time of the *Register Payment* dialog and gives the same entries.
"""

import random
from datetime import timedelta

from .session import batches, quiet

BATCH = 200
# The customer's habit: weight, and the days between due date and payment.
HABITS = {
    "early": (0.16, (-12, -3)),
    "on time": (0.47, (-3, 0)),
    "late": (0.24, (4, 32)),
    "very late": (0.07, (35, 80)),
    "disputes": (0.03, (35, 80)),
    "stopped": (0.03, (20, 50)),
}
# Who has stopped paying owes the invoices of so many days.
STOPPED_DAYS = 170
# Late invoices whose payments would fall into so many days are paid together.
ARREARS_DAYS = 40


def prepare(env):
    """Book incoming payments straight to the bank account, as its statement does."""
    journal = _bank(env)
    journal.inbound_payment_method_line_ids.payment_account_id = (
        journal.default_account_id
    )


def settle(env, seed, today, partners):
    """Register the payments that arrived until ``today``."""
    due = env["account.move"].search(
        [
            ("move_type", "=", "out_invoice"),
            ("state", "=", "posted"),
            ("payment_state", "in", ("not_paid", "partial")),
        ],
        order="invoice_date, id",
    )
    places = {partner: index for index, partner in partners.items()}
    by_customer, paid = {}, 0
    for invoice in due:
        index = places.get(invoice.partner_id)
        day = _payment_day(seed, index, invoice, today)
        if day:
            paid += 1
            by_customer.setdefault(index, []).append(
                (day, invoice.id, day > invoice.invoice_date_due)
            )
    transfers = sorted(
        transfer for owed in by_customer.values() for transfer in _transfers(owed)
    )
    for batch in batches(transfers, BATCH):
        _pay(env, batch)
        env.flush_all()
        env.cr.commit()
        env.invalidate_all()
    return f"{paid} of {len(due)} invoices paid by {len(transfers)} transfers"


def _transfers(owed):
    """One transfer for each invoice; who is late clears the arrears in one.

    :param owed: the customer's (day, invoice id, whether late)
    :return: (day, invoice ids) of each transfer
    """
    transfers, arrears = [], []
    for day, invoice, is_late in sorted(owed):
        if not is_late:
            transfers.append((day, [invoice]))
        elif arrears and day <= arrears[0][0] + timedelta(ARREARS_DAYS):
            arrears.append((day, invoice))
        else:
            arrears = [(day, invoice)]
            transfers.append((None, arrears))
    return [
        (day, paid) if day else (paid[-1][0], [invoice for _day, invoice in paid])
        for day, paid in transfers
    ]


def _bank(env):
    return env["account.journal"].search(
        [("type", "=", "bank"), ("company_id", "=", env.company.id)], limit=1
    )


def _payment_day(seed, customer, invoice, today):
    """When the customer pays the invoice, by habit; None if not until today."""
    habits = random.Random(f"{seed}:habit:{customer}")
    habit = habits.choices(list(HABITS), [weight for weight, _ in HABITS.values()])[0]
    rng = random.Random(f"{seed}:payment:{customer}:{invoice.invoice_date}")
    chance = rng.random()
    if habit == "disputes" and chance < 0.5:
        return None
    if habit == "stopped" and invoice.invoice_date > today - timedelta(STOPPED_DAYS):
        return None
    if chance < 0.08:
        # Anybody is late once.
        habit = "late"
    days = HABITS[habit][1]
    day = invoice.invoice_date_due + timedelta(days=rng.randint(*days))
    day = max(day, invoice.invoice_date + timedelta(days=1))
    return day if day <= today else None


def _pay(env, transfers):
    Move = quiet(env["account.move"])
    invoices = [Move.browse(ids) for _day, ids in transfers]
    Move.union(*invoices).fetch(["amount_residual", "name", "partner_id"])
    journal = _bank(env)
    method = journal.inbound_payment_method_line_ids[:1]
    payments = quiet(env["account.payment"]).create(
        [
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": paid.partner_id.id,
                "amount": sum(paid.mapped("amount_residual")),
                "currency_id": paid.currency_id.id,
                "date": day,
                "journal_id": journal.id,
                "payment_method_line_id": method.id,
                "memo": ", ".join(paid.mapped("name")),
            }
            for (day, _ids), paid in zip(transfers, invoices, strict=True)
        ]
    )
    payments.action_post()
    receivable = "asset_receivable"
    quiet(env["account.move.line"])._reconcile_plan(
        [
            (paid.line_ids + payment.move_id.line_ids).filtered(
                lambda line: line.account_id.account_type == receivable
            )
            for paid, payment in zip(invoices, payments, strict=True)
        ]
    )
