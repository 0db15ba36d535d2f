"""Payments month by month are those that are made at once at the end."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from demo.plan.transfers import ARREARS_DAYS, transfers

START = date(2026, 1, 1)


def day(number):
    return START + timedelta(days=number)


def test_who_is_late_clears_the_arrears_in_one():
    owed = [
        (day(0), 1, True),
        (day(20), 2, False),
        (day(ARREARS_DAYS), 3, True),
        (day(ARREARS_DAYS + 1), 4, True),
    ]
    assert sorted(transfers(owed, date.max)) == [
        (day(20), [2]),
        (day(ARREARS_DAYS), [1, 3]),
        (day(ARREARS_DAYS + 1), [4]),
    ]


@given(
    st.lists(st.tuples(st.integers(1, 100), st.booleans()), max_size=12),
    st.integers(15, 31),
)
def test_month_by_month_as_at_once(habits, length):
    """Invoice ``n`` is made on day ``n * length`` and paid after that."""
    invoices = [
        (day(number * length), (day(number * length + delay), number, is_late))
        for number, (delay, is_late) in enumerate(habits)
    ]
    paid, done = set(), []
    for number in range(len(invoices)):
        until = day((number + 1) * length)
        owed = [
            payment
            for made, payment in invoices
            if made < until and payment[1] not in paid
        ]
        some = transfers(owed, until)
        paid.update(invoice for _day, together in some for invoice in together)
        done += some
    done += transfers([p for _, p in invoices if p[1] not in paid], date.max)
    assert sorted(done) == sorted(transfers([p for _, p in invoices], date.max))
