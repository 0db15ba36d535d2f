"""The meters' aggregations: exact, independent of order, split without loss."""

import doctest
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from decimal import Decimal, getcontext
from zoneinfo import ZoneInfo

import metering.aggregation
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metering import AGGREGATIONS, aggregate

D = Decimal
START = datetime(2026, 3, 1)
END = datetime(2026, 4, 1)
HOUR = timedelta(hours=1)
values = st.decimals(0, 10**9, places=6)
inside = st.datetimes(START, END - timedelta(microseconds=1))
around = st.datetimes(START - timedelta(days=40), END + timedelta(days=40))
all_kinds = st.sampled_from(AGGREGATIONS)


def events(times=inside, **kwargs):
    return st.lists(st.tuples(times, values), max_size=40, **kwargs)


def at(hours, value, *key):
    return (START + hours * HOUR, value, *key)


def test_examples_in_docstrings_hold():
    assert doctest.testmod(metering.aggregation).failed == 0


class TestExamples:
    @pytest.mark.parametrize(
        ("kind", "expected"),
        [
            ("sum", D("7.5")),
            ("max", D("4.5")),
            ("count", D(3)),
            ("count_unique", D(3)),
            ("latest", D(2)),
            ("percentile_95", D("4.5")),
            ("peak_4th", D("4.5")),
        ],
    )
    def test_three_events(self, kind, expected):
        taken = [at(2, D("4.5")), at(5, 2), at(1, 1)]
        assert aggregate(kind, taken, START, END) == expected

    def test_count_unique_counts_keys(self):
        taken = [at(1, 1, "a"), at(2, 1, "b"), at(3, 1, "a")]
        assert aggregate("count_unique", taken, START, END) == 2

    def test_time_weighted_carries_the_level_over(self):
        assert aggregate("time_weighted", [], START, END, initial=2) == 2 * 744
        taken = [at(-5, 9), at(-2, 3), at(744 - 4, 0), at(744, 1000)]
        assert aggregate("time_weighted", taken, START, END, initial=2) == 3 * 740

    def test_time_weighted_counts_real_hours_over_a_clock_change(self):
        zone = ZoneInfo("Europe/Berlin")
        start, end = (datetime(2026, 3, day, tzinfo=zone) for day in (29, 30))
        assert aggregate("time_weighted", [], start, end, initial=1) == 23

    def test_latest_falls_back_on_the_level_before(self):
        assert aggregate("latest", [], START, END, initial=7) == 7
        assert aggregate("latest", [at(-1, 5)], START, END, initial=7) == 5

    @pytest.mark.parametrize(
        ("samples", "dropped"),
        [(1, 0), (19, 0), (20, 1), (39, 1), (40, 2), (8928, 446)],
    )
    def test_percentile_drops_the_top_twentieth(self, samples, dropped):
        taken = [(START + n * timedelta(minutes=5), n) for n in range(samples)]
        assert aggregate("percentile_95", taken, START, END) == samples - 1 - dropped

    def test_fourth_peak(self):
        taken = [
            (START + timedelta(days=day, hours=hour), 10 * day + hour)
            for day in range(6)
            for hour in range(3)
        ]
        assert aggregate("peak_4th", taken, START, END) == 22
        assert aggregate("peak_4th", taken[:6], START, END) == 2

    def test_days_are_those_of_the_zone_of_the_start(self):
        """20:00 and 04:00 UTC are two days in UTC, one in Tokyo."""
        zone = ZoneInfo("Asia/Tokyo")
        start, end = (datetime(2026, month, 1, tzinfo=zone) for month in (3, 4))
        taken = [
            (datetime(2026, 3, 2, 20, tzinfo=timezone.utc), 9),
            (datetime(2026, 3, 3, 4, tzinfo=timezone.utc), 5),
            *((datetime(2026, 3, 10 + n, tzinfo=timezone.utc), 1) for n in range(3)),
        ]
        assert aggregate("peak_4th", taken, start, end) == 1
        taken.append((datetime(2026, 3, 20, tzinfo=timezone.utc), 4))
        assert aggregate("peak_4th", taken, start, end) == 1
        utc = aggregate("peak_4th", taken, start.astimezone(timezone.utc), end)
        assert utc == 1

    def test_without_events_nothing_is_used(self):
        for kind in AGGREGATIONS:
            assert aggregate(kind, [], START, END) == 0


class TestBoundaries:
    @given(all_kinds, st.integers(1, 10**6))
    def test_start_counts_and_end_does_not(self, kind, value):
        edge = timedelta(microseconds=1)
        assert aggregate(kind, [(START, value)], START, END) > 0
        assert aggregate(kind, [(END, value)], START, END) == 0
        assert aggregate(kind, [(END - edge, value)], START, END) > 0

    @given(all_kinds, events(around))
    def test_empty_period_uses_nothing(self, kind, taken):
        if kind != "latest":
            assert aggregate(kind, taken, START, START) == 0


class TestProperties:
    @given(all_kinds, events(around), st.randoms(), values)
    def test_order_does_not_matter(self, kind, taken, random, initial):
        shuffled = list(taken)
        random.shuffle(shuffled)
        assert aggregate(kind, taken, START, END, initial) == aggregate(
            kind, shuffled, START, END, initial
        )

    @given(all_kinds, events(around), values)
    def test_aware_times_give_the_same_as_naive_utc(self, kind, taken, initial):
        aware = [(time.replace(tzinfo=timezone.utc), value) for time, value in taken]
        bounds = [moment.replace(tzinfo=timezone.utc) for moment in (START, END)]
        assert aggregate(kind, taken, START, END, initial) == aggregate(
            kind, aware, *bounds, initial
        )

    @given(st.sampled_from(["sum", "count"]), events(), inside)
    def test_additive_meters_split_without_loss(self, kind, taken, cut):
        whole = aggregate(kind, taken, START, END)
        parts = (aggregate(kind, taken, START, cut), aggregate(kind, taken, cut, END))
        assert sum(parts) == whole

    @given(events(around), inside, values)
    def test_time_weighted_splits_without_loss(self, taken, cut, initial):
        whole = aggregate("time_weighted", taken, START, END, initial)
        first = aggregate("time_weighted", taken, START, cut, initial)
        second = aggregate("time_weighted", taken, cut, END, initial)
        assert abs(first + second - whole) < D("1e-12")

    @given(events())
    def test_a_small_context_rounds_nothing(self, taken):
        kept = getcontext().prec
        wide = aggregate("sum", taken, START, END)
        try:
            getcontext().prec = 3
            assert str(aggregate("sum", taken, START, END)) == str(wide)
        finally:
            getcontext().prec = kept

    @given(events(min_size=1))
    def test_against_a_plain_reading(self, taken):
        plain = sorted(value for _time, value in taken)
        days = defaultdict(list)
        for time, value in taken:
            days[time.date()].append(value)
        peaks = sorted((max(day) for day in days.values()), reverse=True)
        expected = {
            "sum": sum(plain),
            "max": plain[-1],
            "count": len(plain),
            "count_unique": len(set(plain)),
            "latest": max(taken)[1],
            "percentile_95": plain[: len(plain) - len(plain) // 20][-1],
            "peak_4th": peaks[min(3, len(peaks) - 1)],
        }
        found = {kind: aggregate(kind, taken, START, END) for kind in expected}
        assert found == expected

    @given(events(around), values)
    def test_time_weighted_against_a_walk_by_steps(self, taken, initial):
        level, total = initial, D(0)
        steps = [(moment, value) for moment, value in sorted(taken) if moment < END]
        level = next(
            (value for moment, value in reversed(steps) if moment < START), level
        )
        marks = [(m, v) for m, v in steps if m >= START] + [(END, D(0))]
        since = START
        for moment, value in marks:
            micros = (moment - since) // timedelta(microseconds=1)
            total += int(level.scaleb(6)) * micros
            since, level = moment, value
        found = aggregate("time_weighted", taken, START, END, initial)
        assert abs(found * 3_600 * 10**12 - total) < D("1e-15")


class TestRefusals:
    @pytest.mark.parametrize(
        "value",
        [1.5, "1", None, True, D("NaN"), D("Infinity"), D(-1), -1],
    )
    @pytest.mark.parametrize("kind", AGGREGATIONS)
    def test_values(self, kind, value):
        with pytest.raises(ValueError, match="value"):
            aggregate(kind, [(START, value)], START, END)
        with pytest.raises(ValueError, match="level"):
            aggregate(kind, [], START, END, initial=value)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("median", [], START, END), "unknown aggregation"),
            (("sum", [], END, START), "before it starts"),
            (("sum", [], "2026-03-01", END), "not a datetime"),
            (("sum", [], START, END.replace(tzinfo=timezone.utc)), "time zone"),
            (("sum", [(START.replace(tzinfo=timezone.utc), 1)], START, END), "zone"),
            (("sum", [("2026-03-01", 1)], START, END), "not a datetime"),
            (("sum", [(START,)], START, END), "is not"),
            (("sum", [(START, 1, 2, 3)], START, END), "is not"),
            (("sum", [5], START, END), "is not"),
            (
                ("sum", [(START, D("1e300")), (START, D("1e-300"))], START, END),
                "digits",
            ),
        ],
    )
    def test_the_rest(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            aggregate(*arguments)
