"""Reading usage out of tables and of what metering systems answer."""

import io
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metering import (
    NATIVE,
    NO_USAGE,
    Layout,
    Meter,
    Paths,
    Preview,
    Refused,
    Series,
    open_csv,
    open_xlsx,
    pick,
    read_cloudkitty,
    read_focus,
    read_json,
    read_prometheus,
    read_table,
    write_rejects,
)

METERS = {"t": Meter(1, "sum"), "u": Meter(2, "count_unique", "user")}
OWN = Layout(subject="R", time="T", value="V", fixed_type="t", zone=timezone.utc)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.text(max_size=8)
    | st.sampled_from(["success", "matrix"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "dataframes usage period begin vol qty groupby status data result "
                "resultType metric values x".split()
            )
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def read(text, layout=NATIVE):
    return list(read_table(open_csv(text), layout, "s", METERS))


@given(st.text())
def test_any_text_is_read_or_refused(text):
    try:
        table = open_csv(text)
    except Refused:
        return
    entries = list(read_table(table, Layout(subject=table.names[0]), "s", METERS))
    for entry in entries:
        assert bool(entry.event) != bool(entry.refusal)
    lines = [
        line
        for line in text.split("\n")[1:]
        if line.rstrip("\r").strip(" " + table.delimiter)
    ]
    assert len(entries) == len(lines)


@given(st.binary())
def test_any_bytes_are_a_sheet_or_refused(content):
    for start in (b"", b"PK\x03\x04"):
        with pytest.raises(Refused):
            open_xlsx(start + content)


@given(JSON)
def test_any_answer_is_read_or_refused(document):
    for reader in (
        lambda: read_cloudkitty(document, "s", "groupby.x", METERS),
        lambda: read_prometheus(document, "s", Series("t", "x", 60), 0, 120, METERS),
        lambda: read_json(document, "s", Paths("data", "x", "begin", "qty"), METERS),
    ):
        try:
            reader()
        except Refused:
            continue


@given(JSON)
def test_any_sample_is_read_or_refused(document):
    for samples in (document, [document], [[document, "1"]], [[0, document]]):
        answer = {
            "status": "success",
            "data": {
                "resultType": "matrix",
                "result": [{"metric": {"r": document}, "values": samples}],
            },
        }
        try:
            read_prometheus(answer, "s", Series("t", "r", 60), 0, 120, METERS)
        except Refused:
            continue


def sheet(*rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()


def test_a_sheet_reads_like_the_same_csv():
    cells = [["R", "T", "V"], ["a", datetime(2026, 1, 1), 0.1], ["b", "x", 7]]
    table = open_xlsx(sheet(*cells))
    entries = list(read_table(table, OWN, "s", METERS))
    assert [entry.event["data"] for entry in entries] == [
        {"value": "0.1"},
        {"value": "7"},
    ]
    assert entries[0].event["time"] == "2026-01-01T00:00:00Z"
    assert entries[0].raw == "a,2026-01-01T00:00:00,0.1"


def test_cells_beyond_the_columns_are_refused():
    table = open_xlsx(sheet(["R", "T", "V"], ["a", "b", 1, "lost"]))
    (entry,) = read_table(table, OWN, "s", METERS)
    assert "beyond" in entry.refusal.detail


@given(st.permutations(range(6)))
def test_ids_made_of_lines_do_not_depend_on_their_order(order):
    lines = [f"r{n % 2},2026-01-01T0{n % 3}:00:00Z,1" for n in range(6)]
    straight = read("R,T,V\n" + "\n".join(lines), OWN)
    mixed = read("R,T,V\n" + "\n".join(lines[n] for n in order), OWN)
    assert {one.event["id"] for one in straight} == {one.event["id"] for one in mixed}
    assert len({one.event["id"] for one in straight}) == 6


@pytest.mark.parametrize(
    "text, expected",
    [
        ("2026-03-29 01:59:59", "2026-03-29T00:59:59Z"),
        ("2026-03-29T03:00", "2026-03-29T01:00:00Z"),
        ("2026-10-25 02:30:00", "2026-10-25T00:30:00Z"),
        ("2026-01-01", "2025-12-31T23:00:00Z"),
        ("2026-01-01T00:00:00+09:00", "2026-01-01T00:00:00+09:00"),
        ("rubbish", "rubbish"),
    ],
)
def test_times_of_a_zone(text, expected):
    layout = OWN._replace(zone=ZoneInfo("Europe/Berlin"))
    (entry,) = read(f"R,T,V\na,{text},1", layout)
    assert entry.event["time"] == expected


def test_a_time_that_does_not_exist():
    layout = OWN._replace(zone=ZoneInfo("Europe/Berlin"))
    (entry,) = read("R,T,V\na,2026-03-29 02:30:00,1", layout)
    assert entry.refusal.reason == "invalid_time"


@pytest.mark.parametrize(
    "text, value",
    [("1.234,5", "1234.5"), ("0,1", "0.1"), ("1.234", "1234"), ("1,2,3", "1,2,3")],
)
def test_decimal_commas(text, value):
    layout = OWN._replace(decimal_comma=True)
    (entry,) = read(f"R;T;V\na;2026-01-01T00:00:00Z;{text}", layout)
    assert entry.event["data"] == {"value": value}


def test_mended_rejects_keep_their_ids():
    text = "R,T,V\na,2026-01-01,1\na,2026-01-01,bad"
    entries = read(text, OWN)
    rejects = write_rejects(
        open_csv(text),
        [(3, "why, so", entries[1].raw, entries[1].event["id"])],
        with_ids=True,
    )
    (mended,) = read(rejects.replace("bad", "1"), OWN)
    assert mended.event["id"] == entries[1].event["id"] != entries[0].event["id"]


def test_focus_passes_over_what_is_no_use():
    head = (
        "ChargeCategory,ChargePeriodStart,ChargePeriodEnd,ConsumedQuantity,ResourceId"
    )
    rows = [
        "Usage,2026-01-01T00:00:00Z,2026-01-02T00:00:00Z,1.5,r",
        "Tax,2026-01-01T00:00:00Z,2026-01-02T00:00:00Z,NULL,NULL",
    ]
    table = open_csv("\n".join([f"{head},SkuMeter", *(f"{row},t" for row in rows)]))
    usage, tax = read_focus(table, "s", METERS)
    assert usage.event["type"] == "t"
    assert usage.event["data"]["value"] == "1.5"
    assert tax.refusal.reason == NO_USAGE


@given(st.lists(st.decimals("0", "9999999999", places=9), max_size=20))
def test_the_preview_adds_up_exactly(values):
    preview = Preview()
    lines = "\n".join(f"{n},t,r,2026-01-01T00:00:00Z,{v}" for n, v in enumerate(values))
    for entry in read(f"id,type,subject,time,value\n{lines}"):
        preview.add(entry, METERS)
    assert sum((one.quantity for one in preview.groups.values()), Decimal(0)) == sum(
        values, Decimal(0)
    )
    assert preview.received == len(values)


@given(
    st.lists(st.sampled_from(["1", "2", None]), min_size=1, max_size=24),
    st.sets(st.integers(1, 23)),
)
def test_levels_end_at_zero_however_the_windows_fall(samples, cuts):
    """The events of a gauge do not depend on how the time was cut into windows."""
    series = Series("t", "r", 60, ends_at_zero=True)

    def events(cuts):
        alive, found = {}, []
        bounds = [0, *sorted(cut for cut in cuts if cut < len(samples)), len(samples)]
        for start, end in zip(bounds, bounds[1:], strict=False):
            values = [
                [moment * 60, samples[moment]]
                for moment in range(start, end)
                if samples[moment]
            ]
            document = {
                "status": "success",
                "data": {
                    "resultType": "matrix",
                    "result": [{"metric": {"r": "a"}, "values": values}]
                    if values
                    else [],
                },
            }
            new, alive = read_prometheus(
                document, "s", series, start * 60, end * 60, METERS, alive
            )
            found += [(one["id"], one["time"], one["data"]["value"]) for one in new]
        return found

    assert events(cuts) == events(set())
    expected = []
    for index, sample in enumerate(samples):
        if sample or (index and samples[index - 1]):
            time = datetime(1970, 1, 1) + timedelta(minutes=index)
            expected.append((time.isoformat() + "Z", sample or "0"))
    assert [event[1:] for event in events(cuts)] == expected


@pytest.mark.parametrize(
    "path, found",
    [
        ("$", {"a": [{"b": 1}]}),
        ("a[0].b", 1),
        ("$.a[0].b", 1),
        ("a[1].b", None),
        ("a.b", None),
        ("a[0].b.c", None),
        ("", {"a": [{"b": 1}]}),
    ],
)
def test_paths(path, found):
    assert pick({"a": [{"b": 1}]}, path) == found
