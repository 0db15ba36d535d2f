"""Billing whose process is killed for real, or that runs twice at once: in the end each
contract has exactly one statement and one invoice per period, of the right amount."""

from calendar import monthrange
from datetime import date

import pytest

from .amounts import CONTRACTS, expected

#: Exit code of a process that was killed by its own hand.
DIED = 9

# Step, its call after which the process dies, and the month that is billed then.
KILLED = [
    ("collected", 1, 1),
    ("claimed", 2, 2),
    ("rated", 2, 3),
    ("prepared", 7, 4),
    ("invoice", 2, 5),
    ("invoices posted", 2, 6),
    ("posted", 2, 7),
    ("committed", 2, 8),
]


def _last_day(month):
    return date(2026, month, monthrange(2026, month)[1]).isoformat()


def _check_books(rows, month):
    """One posted statement, one posted invoice, the right amount, for each contract."""
    bills = rows(
        """
        SELECT statement.contract_id, statement.state, statement.amount_untaxed,
               move.state AS move_state, move.amount_untaxed AS move_amount, move.name
          FROM iaas_statement statement
          LEFT JOIN account_move move ON move.iaas_statement_id = statement.id
         WHERE statement.date_to = %s
        """,
        _last_day(month),
    )
    assert len(bills) == CONTRACTS
    assert len({bill.contract_id for bill in bills}) == CONTRACTS
    assert {(bill.state, bill.move_state) for bill in bills} == {("posted", "posted")}
    assert {bill.amount_untaxed for bill in bills} == {expected(month)}
    assert {bill.move_amount for bill in bills} == {expected(month)}
    assert len({bill.name for bill in bills}) == CONTRACTS
    runs = rows("SELECT state FROM iaas_billing_run WHERE date = %s", _last_day(month))
    assert [run.state for run in runs] == ["done"]


@pytest.mark.parametrize(("step", "call", "month"), KILLED)
def test_killed_and_resumed(bill, rows, step, call, month):
    """Issue 4: a kill at each step of a run."""
    day = _last_day(month)
    assert bill({"day": day, "step": step, "call": call}) == [DIED]
    left = rows(
        "SELECT COUNT(*) AS count FROM iaas_statement WHERE state = 'posted' "
        "AND date_to = %s",
        day,
    )
    assert left[0].count < CONTRACTS
    assert bill({"day": day}) == [0]
    _check_books(rows, month)


def test_two_at_once(bill, rows):
    """Issue 4: two processes bill the same run; neither waits, none bills twice."""
    day = _last_day(9)
    # The run is there and nothing of it is billed.
    assert bill({"day": day, "step": "claimed"}) == [DIED]
    assert bill({"day": day}, {"day": day}) == [0, 0]
    _check_books(rows, 9)
    numbers = rows("SELECT name FROM account_move WHERE move_type = 'out_invoice'")
    assert len(numbers) == len(set(numbers)) == 9 * CONTRACTS
