"""How customers pay: most on time, some late, a few not at all.

Creating ``account.payment`` records and reconciling them in batches takes a third of
the time of the *Register Payment* dialog and gives the same entries.
"""

import random
from datetime import date, timedelta

from .plan.transfers import transfers
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


def prepare(env):
    """Book incoming payments straight to the bank account, as its statement does."""
    journal = _bank(env)
    journal.inbound_payment_method_line_ids.payment_account_id = (
        journal.default_account_id
    )


def settle(env, seed, today, places, billed, is_last):
    """Register the payments that arrived until ``today`` for older invoices.

    :param places: index of each customer by the partner's id
    :param billed: day up to which all invoices are made; later ones are left alone
    :param is_last: pay also what could be paid together with later ones
    """
    unpaid = env["account.move"].search(
        [
            ("move_type", "=", "out_invoice"),
            ("state", "=", "posted"),
            ("payment_state", "in", ("not_paid", "partial")),
            ("invoice_date", "<=", billed),
        ],
        order="invoice_date, id",
    )
    by_customer = {}
    until = date.max if is_last else billed
    for invoice in unpaid:
        index = places[invoice.partner_id.id]
        day = _payment_day(seed, index, invoice, today)
        if day:
            by_customer.setdefault(index, []).append(
                (day, invoice.id, day > invoice.invoice_date_due)
            )
    due = sorted(
        transfer for owed in by_customer.values() for transfer in transfers(owed, until)
    )
    for batch in batches(due, BATCH):
        _pay(env, batch)
        env.flush_all()
        # The partners' ranks: what billing raises at the same time is not raised here.
        env.cr.postcommit.clear()
        env.cr.commit()
        env.invalidate_all()
    paid = sum(len(invoices) for _day, invoices in due)
    return f"{paid} of {len(unpaid)} invoices paid by {len(due)} transfers"


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
    Line = quiet(env["account.move.line"])
    entries = Move.union(*invoices) + payments.move_id
    receivable = Line.search(
        [
            ("move_id", "in", entries.ids),
            ("account_id.account_type", "=", "asset_receivable"),
        ]
    ).grouped("move_id")
    Line._reconcile_plan(
        [
            receivable[payment.move_id].union(*map(receivable.get, paid))
            for paid, payment in zip(invoices, payments, strict=True)
        ]
    )
