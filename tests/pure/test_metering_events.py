"""Reading events: what is wrong is named, what is right is kept exactly."""

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from metering import (
    REASONS,
    Meter,
    Refused,
    decode_json,
    decode_text,
    read_csv,
    read_event,
    read_ndjson,
    write_csv_rejects,
)

D = Decimal
METERS = {
    "vm.hours": Meter(1, "sum"),
    "api.calls": Meter(2, "count"),
    "users": Meter(3, "count_unique", "user"),
    "net": Meter(4, "max", "mbps"),
}


def event(**changes):
    made = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "collector",
        "type": "vm.hours",
        "subject": "res-1",
        "time": "2026-03-01T00:00:00Z",
        "data": {"value": 2},
    } | changes
    return {name: value for name, value in made.items() if value is not ...}


def refusal(**changes):
    with pytest.raises(Refused) as caught:
        read_event(event(**changes), 0, METERS)
    assert caught.value.reason in REASONS
    return caught.value


class TestGoodEvents:
    def test_all_parts(self):
        row = read_event(event(data={"value": D("1.50"), "region": "eu"}), 7, METERS)
        assert row[:5] == (7, "e-1", "collector", 1, "res-1")
        assert (row.time, row.time_given) == (datetime(2026, 3, 1), True)
        assert (str(row.value), row.dimensions) == ("1.50", '{"region": "eu"}')

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("2026-03-01T09:00:00+09:00", datetime(2026, 3, 1)),
            ("2026-02-28T19:00:00-05:00", datetime(2026, 3, 1)),
            ("2026-03-01 00:00:00z", datetime(2026, 3, 1)),
            ("2026-03-01T00:00:00.5Z", datetime(2026, 3, 1, 0, 0, 0, 500000)),
            (
                "2026-02-28T23:59:59.999999999Z",
                datetime(2026, 2, 28, 23, 59, 59, 999999),
            ),
        ],
    )
    def test_times(self, text, expected):
        assert read_event(event(time=text), 0, METERS).time == expected

    def test_without_time_it_happened_now_if_the_sender_may_say_so(self):
        now = datetime(2026, 3, 5)
        row = read_event(event(time=...), 0, METERS, now=now)
        assert (row.time, row.time_given) == (now, False)
        assert refusal(time=...).reason == "invalid_time"

    def test_count_needs_no_value_and_ignores_one(self):
        for data in (..., None, {}, {"value": 9}):
            row = read_event(event(type="api.calls", data=data), 0, METERS)
            assert (row.value, row.dimensions) == (1, None)

    def test_count_unique_keeps_what_it_counts(self):
        row = read_event(event(type="users", data={"user": "ann"}), 0, METERS)
        assert (row.value, row.dimensions) == (1, '{"user": "ann"}')

    def test_value_stands_under_the_property_of_the_meter(self):
        row = read_event(event(type="net", data={"mbps": 5, "value": 3}), 0, METERS)
        assert (row.value, row.dimensions) == (5, '{"value": 3}')

    @given(st.decimals(0, 10**20, allow_nan=False, allow_infinity=False, places=15))
    def test_numbers_stay_exact(self, number):
        for text in (f'{{"value": {number}}}', f'{{"value": "{number}"}}'):
            row = read_event(event(data=decode_json(text)), 0, METERS)
            assert row.value == number

    @given(
        st.datetimes(
            datetime(2000, 1, 3),
            datetime(2026, 1, 1),
            timezones=st.integers(-14 * 60, 14 * 60).map(
                lambda minutes: timezone(timedelta(minutes=minutes))
            ),
        )
    )
    def test_any_zone_is_converted(self, moment):
        moment = moment.replace(microsecond=0)
        row = read_event(event(time=moment.isoformat()), 0, METERS)
        assert row.time == moment.astimezone(timezone.utc).replace(tzinfo=None)


class TestRefusedEvents:
    @pytest.mark.parametrize("name", ["id", "source", "type", "subject"])
    @pytest.mark.parametrize(
        "text", [..., None, "", "  ", 5, "a\x00", "\ud800", "x" * 513]
    )
    def test_texts(self, name, text):
        found = refusal(**{name: text})
        assert found.reason == "malformed_event"
        assert name in found.detail

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"specversion": ...}, "malformed_event"),
            ({"specversion": "0.3"}, "malformed_event"),
            ({"data": ...}, "malformed_event"),
            ({"data": [1]}, "malformed_event"),
            ({"data": {"value": 1, "a": "\x00"}}, "malformed_event"),
            ({"data": {"value": 1, "a": "\udc00"}}, "malformed_event"),
            ({"type": "users", "data": {}}, "malformed_event"),
            ({"type": "disk"}, "unknown_meter"),
            ({"data": {}}, "not_a_number"),
            ({"data": {"value": None}}, "not_a_number"),
            ({"data": {"value": True}}, "not_a_number"),
            ({"data": {"value": "1,5"}}, "not_a_number"),
            ({"data": {"value": "NaN"}}, "not_a_number"),
            ({"data": {"value": D("NaN")}}, "not_a_number"),
            ({"data": {"value": D("Infinity")}}, "not_a_number"),
            ({"data": {"value": [1]}}, "not_a_number"),
            ({"data": {"value": D("1e30")}}, "not_a_number"),
            ({"data": {"value": D("1e-61")}}, "not_a_number"),
            ({"data": {"value": "1e9999"}}, "not_a_number"),
            ({"data": {"value": -1}}, "negative_quantity"),
            ({"data": {"value": "-0.01"}}, "negative_quantity"),
            ({"time": "2026-03-01T00:00:00"}, "time_without_zone"),
            ({"time": "2026-03-01 00:00:00.25"}, "time_without_zone"),
            ({"time": "2026-03-01"}, "invalid_time"),
            ({"time": "2026-02-30T00:00:00Z"}, "invalid_time"),
            ({"time": "2026-03-01T24:00:00Z"}, "invalid_time"),
            ({"time": "2026-03-01T00:00:00+25:00"}, "invalid_time"),
            ({"time": 1772323200}, "invalid_time"),
            ({"time": "1026-03-01T00:00:00Z"}, "invalid_time"),
            ({"time": "9026-03-01T00:00:00Z"}, "invalid_time"),
            ({"time": "0001-01-01T00:00:00+10:00"}, "invalid_time"),
        ],
    )
    def test_the_rest(self, changes, reason):
        assert refusal(**changes).reason == reason

    def test_what_is_not_an_object(self):
        for other in (None, 5, "x", [], [event()]):
            with pytest.raises(Refused, match="not a JSON object"):
                read_event(other, 0, METERS)

    def test_a_backslash_is_not_a_nul(self):
        row = read_event(event(data={"value": 1, "path": "a\\u0000"}), 0, METERS)
        assert json.loads(row.dimensions) == {"path": "a\\u0000"}

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.decimals() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=8,
        ),
        st.sampled_from(["specversion", "id", "type", "subject", "time", "data"]),
    )
    def test_whatever_comes_is_read_or_refused(self, junk, name):
        try:
            row = read_event(event(**{name: junk}), 0, METERS)
        except Refused as refused:
            assert refused.reason in REASONS
        else:
            assert row.value >= 0
            row.subject.encode()


class TestJson:
    @pytest.mark.parametrize(
        "text",
        ["", "{", "[1,]", "1" * 5000, "[" * 10**5, '{"a": 1e99999999999999999999}'],
    )
    def test_what_is_not_json(self, text):
        with pytest.raises(Refused, match="not valid JSON"):
            decode_json(text)

    def test_text(self):
        assert decode_text("\ufeffé".encode()) == "é"
        with pytest.raises(Refused, match="offset 1"):
            decode_text(b"a\xff")

    def test_lines(self):
        entries = list(read_ndjson('{"a": 1}\r\n\n  \n{bad\n[2]'))
        assert [entry.position for entry in entries] == [1, 4, 5]
        assert [entry.event for entry in entries] == [{"a": 1}, None, [2]]
        assert entries[1].refusal.reason == "malformed_event"
        assert entries[1].raw == "{bad"


HEADER = "id,type,subject,time,value,region"
LINE = "e-1,vm.hours,res-1,2026-03-01T00:00:00Z,1.50,eu"


def read(*lines):
    return list(read_csv("\n".join(lines), "collector", METERS))


class TestCsv:
    def test_a_good_line(self):
        (entry,) = read(HEADER, LINE, "")
        assert (entry.position, entry.raw) == (2, LINE)
        assert entry.event == event(data={"value": "1.50", "region": "eu"})

    def test_value_goes_under_the_property_of_the_meter(self):
        (entry,) = read(HEADER, "e,net,r,2026-03-01T00:00:00Z,5,")
        assert entry.event["data"] == {"mbps": "5"}

    def test_a_bad_line_costs_only_itself(self):
        entries = read(HEADER, "a,b", f'"{LINE}', f"{LINE},9", LINE)
        assert [entry.position for entry in entries if entry.refusal] == [2, 3, 4]
        assert entries[3].event

    @pytest.mark.parametrize(
        ("header", "message"),
        [
            ("", "missing column"),
            ("id,type,subject,time,vaule", r"missing column\(s\): value; .*vaule"),
            (f"{HEADER},region", r"given twice: region"),
            (f"{HEADER},", r"\(no name\)"),
            (HEADER.replace(",", ";"), "missing column"),
            ('"id', "not a valid CSV line"),
        ],
    )
    def test_a_wrong_header_refuses_the_file(self, header, message):
        with pytest.raises(Refused, match=message):
            read(header, LINE)

    def test_rejects_come_back_mended(self):
        text = "\n".join([HEADER, "a,b", f"{LINE},9", f'"{LINE}'])
        for _round in range(2):
            rejects = [
                (entry.position, entry.refusal.detail, entry.raw)
                for entry in read_csv(text, "collector", METERS)
                if entry.refusal
            ]
            text = write_csv_rejects(text, rejects)
            assert text.startswith(f"refused_line,refused_because,{HEADER}\n")
            assert f",{LINE},9\n" in text
        mended = text.replace(f"{LINE},9", LINE)
        entries = [e for e in read_csv(mended, "collector", METERS) if not e.refusal]
        assert [entry.event for entry in entries] == [
            event(data={"value": "1.50", "region": "eu"})
        ]

    @given(st.text(max_size=200))
    def test_no_line_is_lost(self, junk):
        text = f"{HEADER}\n{junk}\n{LINE}"
        entries = list(read_csv(text, "collector", METERS))
        written = [line for line in junk.split("\n") if line.strip(" ,\r")]
        assert len(entries) == len(written) + 1
        assert entries[-1].raw == LINE
