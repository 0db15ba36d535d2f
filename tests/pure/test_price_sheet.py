"""Price lists as files: read as typed, written without loss, mistakes named."""

import doctest
import importlib
import io
import time
import zipfile
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from price_sheet import parse, read_table, write_csv, write_xlsx

D = Decimal
LONG = D("0.12345678901234567890123")


@pytest.mark.parametrize("module", ["columns", "parse", "tables"])
def test_examples_in_docstrings_hold(module):
    result = doctest.testmod(importlib.import_module(f"price_sheet.{module}"))
    assert result.failed == 0


@pytest.mark.parametrize(
    "write, name", [(write_csv, "prices.csv"), (write_xlsx, "prices.XLSX")]
)
@given(number=st.decimals(0, 10**6, places=9))
def test_what_is_written_is_read_back(write, name, number):
    rows = [
        {
            "product": "=SSD",
            "name": 'Volume, "SSD"\nfast',
            "charge_model": "graduated",
            "date_end": date(2026, 12, 31),
            "free_units": number,
            "flat_fee_at_zero": True,
            "min_amount": LONG,
            "free_events": 3,
            "tier_up_to": D(10),
            "tier_unit_price": D("0.1"),
        },
        {"product": "=SSD", "charge_model": "graduated", "tier_unit_price": number},
    ]
    prices, errors = parse(read_table(write(rows), name))
    assert not errors
    [price] = prices
    assert price.product == "=SSD"
    assert price.values == {
        "charge_model": "graduated",
        "date_end": date(2026, 12, 31),
        "free_units": number,
        "flat_fee_at_zero": True,
        "min_amount": LONG,
        "free_events": 3,
    }
    assert price.tiers == [
        {"up_to": D(10), "unit_price": D("0.1")},
        {"unit_price": number},
    ]


def _parse(text):
    return parse(read_table(text.encode(), "prices.csv"))


def test_every_mistake_is_named():
    prices, errors = _parse(
        "product,charge_model,unit_price,free_events,date_end,flat_fee_at_zero\n"
        'A,standard,"1,5",,,\n'
        "\n"
        ",standard,1,,,\n"
        "B,flat,1,1.5,31.12.2026,perhaps\n"
        "A,standard,2,,,\n"
        "C,,-1,,,\n"
        "D,standard,1,1e999999999,,\n"
    )
    assert [(error.row, error.column) for error in errors] == [
        (2, "unit_price"),
        (4, "product"),
        (5, "charge_model"),
        (5, "free_events"),
        (5, "date_end"),
        (5, "flat_fee_at_zero"),
        (6, "product"),
        (7, "unit_price"),
        (7, "charge_model"),
        (8, "free_events"),
    ]


@pytest.mark.parametrize(
    "text, column, reason",
    [
        ("", "", "column"),
        ("product,charge_model\n", "", "no prices"),
        ("product,price\nA,1\n", "price", "unknown column"),
        ("product,unit_price\nA,1\n", "charge_model", "missing"),
    ],
)
def test_bad_header(text, column, reason):
    try:
        _prices, errors = _parse(text)
    except ValueError as error:
        assert reason in str(error)
    else:
        assert errors[0].column == column
        assert reason in errors[0].reason


@pytest.mark.parametrize(
    "content, name, reason",
    [
        (b"x", "prices.pdf", "csv or .xlsx"),
        (b"not a zip", "prices.xlsx", "workbook"),
        ("prod\xfcct".encode("latin-1"), "prices.csv", "UTF-8"),
        (b"product,product\nA,B\n", "prices.csv", "twice"),
        (b"product\nA,B\n", "prices.csv", "more cells"),
    ],
)
def test_unreadable_files(content, name, reason):
    with pytest.raises(ValueError, match=reason):
        list(read_table(content, name))


def test_tiers_that_contradict_the_first_row():
    _prices, errors = _parse(
        "product;charge_model;min_amount;tier_up_to;tier_unit_price\n"
        "A;volume;5;10;2\n"
        "A;volume;6;;1\n"
    )
    assert [(error.row, error.column) for error in errors] == [(3, "min_amount")]


def test_a_price_for_each_set_of_dimensions():
    rows = read_table(
        b"product;dimension_region;dimension_family;charge_model;unit_price;"
        b"tier_up_to;tier_unit_price\n"
        b"A;;;standard;1;;\n"
        b"A;sg1;;graduated;;10;2\n"
        b"A;sg1;;graduated;;;1\n"
        b"A;sg1;c6;standard;3;;\n"
        b"A;;;graduated;;;1\n"
        b"A;sg1;c6;standard;4;;\n",
        "prices.csv",
    )
    prices, errors = parse(rows, ("region", "family"))
    assert [price.dimensions for price in prices] == [
        {},
        {"region": "sg1"},
        {"region": "sg1", "family": "c6"},
    ]
    assert [len(price.tiers) for price in prices] == [0, 2, 0]
    assert [(error.row, error.column) for error in errors] == [
        (6, "product"),
        (7, "product"),
    ]


def test_a_dimension_that_nobody_knows():
    rows = list(
        read_table(b"product,dimension_zone,charge_model\nA,x,dynamic\n", "p.csv")
    )
    assert [error.column for error in parse(rows, ("region",))[1]] == ["dimension_zone"]
    prices, errors = parse(rows, ("zone",))
    assert not errors
    assert prices[0].dimensions == {"zone": "x"}


@pytest.mark.parametrize("write, name", [(write_csv, "p.csv"), (write_xlsx, "p.xlsx")])
def test_dimensions_are_written_and_read_back(write, name):
    rows = [
        {
            "product": "A",
            "dimension_region": "-sg1",
            "charge_model": "standard",
            "unit_price": D(1),
        },
        {"product": "A", "charge_model": "standard", "unit_price": D(2)},
    ]
    read = list(read_table(write(rows, ["region"]), name))
    assert list(read[0][1])[:3] == ["product", "name", "dimension_region"]
    prices, errors = parse(read, ["region"])
    assert not errors
    assert [price.dimensions for price in prices] == [{"region": "-sg1"}, {}]


def _workbook(rows, **cells):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for cell, value in cells.items():
        book.active[cell] = value
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_a_formula_that_nobody_calculated_is_no_empty_cell():
    """Programs write formulas without their results: that is not a price of 0."""
    header = ["product", "charge_model", "unit_price"]
    content = _workbook([header, ["SSD", "standard", "=1+1"]])
    with pytest.raises(ValueError, match=r"C2.*formula.*without"):
        list(read_table(content, "prices.xlsx"))


def test_a_calculated_number_is_what_the_spreadsheet_shows():
    header = ["product", "charge_model", "unit_price"]
    content = _workbook([header, ["SSD", "standard", 0.1 + 0.2]])
    [(_row, texts)] = read_table(content, "prices.xlsx")
    assert texts["unit_price"] == "0.3"


@pytest.mark.parametrize(
    "row, column",
    [
        ("SSD,standard,,,,", "unit_price"),
        ("SSD,package,,10,,", "package_price"),
        ("SSD,graduated,,,10,", "tier_unit_price"),
    ],
)
def test_a_price_that_is_not_there_is_not_free(row, column):
    text = f"product,charge_model,unit_price,package_size,tier_up_to,x\n{row}\n"
    text = text.replace(",x\n", ",package_price\n")
    prices, errors = parse(read_table(text.encode(), "prices.csv"))
    assert [error.column for error in errors] == [column]
    assert "0" in errors[0].reason


@pytest.mark.parametrize(
    "text", ["1.234,56", "1,234.56", "1 234", "1_000", "NaN", "１"]
)
def test_only_plain_digits_are_numbers(text):
    content = f'product;charge_model;unit_price\nSSD;standard;"{text}"\n'.encode()
    prices, [error] = parse(read_table(content, "prices.csv"))
    assert (error.column, error.value) == ("unit_price", text)


@pytest.mark.parametrize(
    "content, name",
    [
        (b"product,name\nSSD," + b"x" * 200_000 + b"\n", "prices.csv"),
        (b"product\n" + b"SSD\n" * 100_001, "prices.csv"),
        (b"product\nS\x00SD\n", "prices.csv"),
        (_workbook([["product"]] + [["SSD"]] * 100_001), "prices.xlsx"),
    ],
    ids=["long cell", "many rows", "null byte", "many rows in a workbook"],
)
def test_what_is_no_price_list_is_refused_in_words(content, name):
    with pytest.raises(ValueError):
        list(read_table(content, name))


def test_a_broken_workbook_is_refused_in_words():
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_workbook([["product"]]))) as old:
        with zipfile.ZipFile(stream, "w") as new:
            for name in old.namelist():
                body = old.read(name)
                if name.startswith("xl/worksheets/"):
                    body = body[: len(body) // 2]
                new.writestr(name, body)
    with pytest.raises(ValueError, match="XLSX"):
        list(read_table(stream.getvalue(), "prices.xlsx"))


def test_a_workbook_that_swells_is_refused():
    """A small file may unpack to any size."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as book:
        with zipfile.ZipFile(io.BytesIO(_workbook([["product"]]))) as old:
            for name in old.namelist():
                book.writestr(name, old.read(name))
        book.writestr("xl/media/zeros", b"0" * 300_000_000)
    assert len(stream.getvalue()) < 1_000_000
    with pytest.raises(ValueError, match="too large"):
        list(read_table(stream.getvalue(), "prices.xlsx"))


def test_twenty_thousand_prices_are_read_in_a_breath():
    rows = [
        (
            number,
            {"product": f"P{number}", "charge_model": "standard", "unit_price": "1"},
        )
        for number in range(20_000)
    ]
    start = time.process_time()
    prices, errors = parse(rows)
    assert (len(prices), errors) == (20_000, [])
    assert time.process_time() - start < 5
