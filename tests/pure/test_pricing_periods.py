"""Periods, proration and rounding: nothing overlaps, nothing is lost."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pricing import (
    CYCLES,
    allocate,
    billing_periods,
    full_period,
    prorate,
    prorate_segments,
    round_half_up,
)
from pricing.numbers import exact

D = Decimal
days = st.dates(date(2000, 1, 1), date(2060, 1, 1))
cycles = st.sampled_from(sorted(CYCLES))
anchors = st.integers(0, 31)
zones = st.sampled_from(
    ["UTC", "Asia/Tokyo", "Europe/Berlin", "America/Sao_Paulo", "Pacific/Kiritimati"]
)
amounts = st.decimals(-(10**9), 10**9, places=8)


def civil(start, end, cycle, anchor, zone="UTC"):
    """The periods as dates of their zone."""
    return [
        tuple(instant.astimezone(ZoneInfo(zone)).date() for instant in period)
        for period in billing_periods(start, end, cycle, anchor, zone)
    ]


class TestPeriods:
    def test_calendar_quarters_are_cut_at_both_ends(self):
        assert civil(date(2026, 2, 10), date(2026, 7, 5), "quarter", None) == [
            (date(2026, 2, 10), date(2026, 4, 1)),
            (date(2026, 4, 1), date(2026, 7, 1)),
            (date(2026, 7, 1), date(2026, 7, 5)),
        ]

    def test_an_anniversary_is_clamped_and_returns(self):
        assert civil(date(2026, 1, 31), date(2026, 5, 31), "month", 31) == [
            (date(2026, 1, 31), date(2026, 2, 28)),
            (date(2026, 2, 28), date(2026, 3, 31)),
            (date(2026, 3, 31), date(2026, 4, 30)),
            (date(2026, 4, 30), date(2026, 5, 31)),
        ]

    def test_an_anniversary_counts_from_the_month_of_the_start(self):
        assert civil(date(2026, 2, 20), date(2026, 9, 1), "quarter", 15) == [
            (date(2026, 2, 20), date(2026, 5, 15)),
            (date(2026, 5, 15), date(2026, 8, 15)),
            (date(2026, 8, 15), date(2026, 9, 1)),
        ]
        assert civil(date(2024, 2, 29), date(2028, 3, 1), "year", 29) == [
            (date(2024, 2, 29), date(2025, 2, 28)),
            (date(2025, 2, 28), date(2026, 2, 28)),
            (date(2026, 2, 28), date(2027, 2, 28)),
            (date(2027, 2, 28), date(2028, 2, 29)),
            (date(2028, 2, 29), date(2028, 3, 1)),
        ]

    def test_days_are_those_of_the_zone(self):
        (period,) = billing_periods(
            date(2026, 3, 1), date(2026, 4, 1), "month", 0, "Europe/Berlin"
        )
        assert period == (
            datetime(2026, 2, 28, 23, tzinfo=timezone.utc),
            datetime(2026, 3, 31, 22, tzinfo=timezone.utc),
        )
        assert {instant.tzinfo for instant in period} == {timezone.utc}

    def test_a_day_without_midnight_begins_when_the_clocks_change(self):
        # Brazil's clocks went from 00:00 to 01:00 on 4 November 2018.
        (period,) = billing_periods(
            date(2018, 11, 4), date(2018, 11, 5), "month", 0, "America/Sao_Paulo"
        )
        assert period[0] == datetime(2018, 11, 4, 3, tzinfo=timezone.utc)
        assert period[1] - period[0] == timedelta(hours=23)

    def test_a_contract_without_end_goes_on(self):
        periods = billing_periods(date(2026, 1, 1), None, "year", 0, "UTC")
        assert [start.year for start, _end in islice(periods, 3)] == [2026, 2027, 2028]

    def test_empty(self):
        assert civil(date(2026, 1, 1), date(2026, 1, 1), "month", 0) == []

    @pytest.mark.parametrize(
        "values",
        [
            {"end": date(2025, 12, 31)},
            {"cycle": "week"},
            {"anchor_day": 32},
            {"anchor_day": -1},
            {"timezone": "Mars/Olympus"},
            {"timezone": ""},
        ],
    )
    def test_refusals(self, values):
        sound = {
            "start": date(2026, 1, 1),
            "end": date(2027, 1, 1),
            "cycle": "month",
            "anchor_day": 0,
            "timezone": "UTC",
        }
        with pytest.raises(ValueError):
            billing_periods(**{**sound, **values})
        with pytest.raises(TypeError):
            billing_periods(**{**sound, "start": datetime(2026, 1, 1)})

    @given(days, st.integers(1, 3000), cycles, anchors, zones)
    def test_they_partition_the_term(self, start, length, cycle, anchor, zone):
        end = start + timedelta(days=length)
        periods = list(billing_periods(start, end, cycle, anchor, zone))
        assert periods[0][0].astimezone(ZoneInfo(zone)).date() == start
        assert periods[-1][1].astimezone(ZoneInfo(zone)).date() == end
        assert all(lower < upper for lower, upper in periods)
        assert all(one[1] == other[0] for one, other in pairwise(periods))

    @given(days, st.integers(1, 1500), cycles, anchors)
    def test_each_is_a_whole_period_cut_by_the_term(self, start, length, cycle, anchor):
        end = start + timedelta(days=length)
        for lower, upper in civil(start, end, cycle, anchor):
            first, after = full_period(lower, cycle, anchor, start)
            assert (lower, upper) == (max(first, start), min(after, end))

    @given(days, days, cycles, anchors)
    def test_every_day_lies_in_one_whole_period(self, day, start, cycle, anchor):
        first, after = full_period(day, cycle, anchor, start)
        assert first <= day < after
        assert full_period(first, cycle, anchor, start) == (first, after)
        last = after - timedelta(days=1)
        assert full_period(last, cycle, anchor, start) == (first, after)

    def test_a_long_anniversary_needs_its_start(self):
        with pytest.raises(ValueError, match="start"):
            full_period(date(2026, 1, 1), "year", 15)


class TestProration:
    def test_share_of_the_whole_period(self):
        assert prorate(91, 31, 91) == 31
        assert prorate(100, 0, 31) == 0

    @pytest.mark.parametrize("days_used, period", [(1, 0), (32, 31), (-1, 31)])
    def test_refusals(self, days_used, period):
        with pytest.raises(ValueError):
            prorate(1, days_used, period)

    @given(amounts, st.lists(st.integers(0, 366), min_size=1, max_size=12))
    def test_segments_add_up_to_the_price(self, amount, segments):
        if not sum(segments):
            return
        with exact():
            assert sum(prorate_segments(amount, segments)) == amount

    @given(amounts, st.integers(1, 366), st.integers(0, 366))
    def test_segments_of_a_cut_period(self, amount, used, unused):
        period = used + unused
        with exact():
            total = sum(prorate_segments(amount, [1] * used, period))
        assert total == prorate(amount, used, period)

    @given(amounts, st.integers(0, 366), st.integers(1, 366))
    def test_never_above_the_price(self, amount, used, period):
        if used <= period:
            assert abs(prorate(amount, used, period)) <= abs(amount)


class TestRounding:
    @pytest.mark.parametrize(
        "amount, digits, expected",
        [
            ("0.005", 2, "0.01"),
            ("-0.005", 2, "-0.01"),
            ("1.0049999999999999999999999999999999", 2, "1.00"),
            ("2.5", 0, "3"),
            ("1234.5", 3, "1234.500"),
        ],
    )
    def test_halves_go_away_from_zero(self, amount, digits, expected):
        assert str(round_half_up(amount, digits)) == expected

    def test_the_difference_goes_to_the_largest_part(self):
        assert allocate(10, ["3.33", "3.33", "3.33"]) == [
            D("3.34"),
            D("3.33"),
            D("3.33"),
        ]
        assert allocate("-1.00", ["0.30", "-1.31"]) == [D("0.30"), D("-1.30")]
        assert allocate(0, []) == []
        with pytest.raises(ValueError):
            allocate(1, [])

    @given(st.lists(amounts, min_size=1, max_size=20))
    def test_parts_add_up(self, parts):
        total = round_half_up(sum(parts), 2)
        rounded = [round_half_up(part, 2) for part in parts]
        mended = allocate(total, rounded)
        assert sum(mended) == total
        assert (
            sum(one != other for one, other in zip(rounded, mended, strict=True)) <= 1
        )
