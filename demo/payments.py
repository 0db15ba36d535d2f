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
    paid = []
    for invoice in due:
        index = places.get(invoice.partner_id)
        day = _payment_day(seed, index, invoice, today)
        if day:
            paid.append((day, invoice.id))
    paid.sort()
    for batch in batches(paid, BATCH):
        _pay(env, batch)
        env.flush_all()
        env.cr.commit()
        env.invalidate_all()
    return f"{len(paid)} of {len(due)} invoices paid"


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


def _pay(env, batch):
    invoices = env["account.move"].browse([invoice for _day, invoice in batch])
    journal = _bank(env)
    method = journal.inbound_payment_method_line_ids[:1]
    payments = quiet(env["account.payment"]).create(
        [
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": invoice.partner_id.id,
                "amount": invoice.amount_residual,
                "currency_id": invoice.currency_id.id,
                "date": day,
                "journal_id": journal.id,
                "payment_method_line_id": method.id,
                "memo": invoice.payment_reference or invoice.name,
            }
            for (day, _id), invoice in zip(batch, invoices, strict=True)
        ]
    )
    payments.action_post()
    receivable = "asset_receivable"
    env["account.move.line"]._reconcile_plan(
        [
            (invoice.line_ids + payment.move_id.line_ids).filtered(
                lambda line: line.account_id.account_type == receivable
            )
            for invoice, payment in zip(invoices, payments, strict=True)
        ]
    )
