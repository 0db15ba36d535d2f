"""The loader of large files: killed for real, or given a file that breaks off. Loading
the whole file afterwards stores each event exactly once."""

import gzip
import os
import time
from decimal import Decimal

import pytest

LINES = 3_000
#: Every so many lines one is refused.
BAD = 97
REFUSED = len(range(0, LINES, BAD))
KILLED = -9
#: Exit codes of the loader.
BROKEN_OFF, WITH_REJECTS = 1, 2


def _content(name):
    lines = ["id,type,subject,time,value,region"]
    lines += [
        f"{name}-{number},traffic,{{subject}},2025-11-{number % 28 + 1:02}T12:00:00Z,"
        f"{'many' if number % BAD == 0 else f'{number}.125'},tokyo"
        for number in range(LINES)
    ]
    return "\n".join([*lines, ""])


EXPECTED = sum(Decimal(f"{number}.125") for number in range(LINES) if number % BAD)


@pytest.fixture
def content(request, rows):
    """The text of a file of events that no other test has; nothing bills them, since
    the contracts began later."""
    subject = rows(
        "SELECT external_ref AS ref FROM iaas_resource r "
        "JOIN product_product p ON p.id = r.product_id "
        "JOIN iaas_meter m ON m.product_id = p.id ORDER BY r.id LIMIT 1"
    )
    name = request.node.name.replace(",", "")
    return _content(name).replace("{subject}", subject[0].ref)


@pytest.fixture
def stored(request, rows):
    """A function that returns what is stored of the test's events: how many, how many
    different ones, and their sum."""

    def read():
        name = request.node.name.replace(",", "")
        (found,) = rows(
            "SELECT COUNT(*) AS count, COUNT(DISTINCT event_id) AS ids, "
            "COALESCE(SUM(value), 0) AS value FROM iaas_usage_event "
            "WHERE event_id LIKE %s",
            name.replace("_", r"\_") + "-%",
        )
        return found

    return read


@pytest.fixture
def load(obey):
    def order(path, **values):
        (code,) = obey({"path": str(path), "source": "files", **values})
        return code

    return order


def _check_once(stored, rows, folder):
    found = stored()
    assert (found.count, found.ids) == (LINES - REFUSED, LINES - REFUSED)
    assert found.value == EXPECTED
    # The daily sums say the same of all that the files brought.
    (sums,) = rows(
        "SELECT (SELECT SUM(value) FROM iaas_usage_event e JOIN iaas_usage_source s "
        "ON s.id = e.source_id WHERE s.code = 'files') AS events, "
        "(SELECT SUM(quantity) FROM iaas_usage_daily WHERE day < '2026-01-01') AS days"
    )
    assert sums.events == sums.days
    rejects = (folder / "rejects.csv").read_text().splitlines()
    assert len(rejects) == 1 + REFUSED
    assert sorted(path.name for path in folder.iterdir() if "rejects" in path.name) == [
        "rejects.csv"
    ]


def _wait_until_alone(rows):
    """Until no process but the one that takes the orders is on the database."""
    for _attempt in range(150):
        (found,) = rows(
            "SELECT COUNT(*) AS count FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name LIKE 'odoo-%%'"
        )
        if found.count <= 1:
            return
        time.sleep(0.1)
    raise AssertionError("processes of the loader are left")


@pytest.mark.parametrize(
    ("step", "call"), [("stored", 2), ("committed", 2), ("waiting", 3)]
)
def test_a_worker_is_killed(load, stored, rows, tmp_path, content, step, call):
    """Issue 4: the other one ends too, the command says so; nothing is lost or
    doubled by loading the file again."""
    path = tmp_path / "usage.csv"
    path.write_text(content)
    assert load(path, step=step, call=call) == BROKEN_OFF
    _wait_until_alone(rows)
    assert stored().count < LINES - REFUSED
    assert load(path) == WITH_REJECTS
    _check_once(stored, rows, tmp_path)
    # And once more, since nothing is left to do.
    assert load(path) == WITH_REJECTS
    _check_once(stored, rows, tmp_path)


def test_the_reader_is_killed(load, stored, rows, tmp_path, content):
    """Its workers end by themselves and leave nothing half done."""
    path = tmp_path / "usage.csv.gz"
    path.write_bytes(gzip.compress(content.encode()))
    assert load(path, step="reading", call=6) == KILLED
    _wait_until_alone(rows)
    assert 0 < stored().count < LINES - REFUSED
    assert load(path) == WITH_REJECTS
    _check_once(stored, rows, tmp_path)


@pytest.mark.parametrize("damage", ["truncated", "overwritten"])
def test_a_gzip_file_breaks_off(load, stored, rows, tmp_path, content, damage):
    """What came before is stored, the command fails, the whole file brings the rest."""
    path = tmp_path / "usage.csv.gz"
    whole = gzip.compress(content.encode())
    middle = len(whole) * 2 // 3
    rest = b"" if damage == "truncated" else os.urandom(len(whole) - middle)
    path.write_bytes(whole[:middle] + rest)
    assert load(path) == BROKEN_OFF
    before = stored()
    assert 0 < before.count < LINES - REFUSED
    assert before.count == before.ids
    path.write_bytes(whole)
    assert load(path) == WITH_REJECTS
    _check_once(stored, rows, tmp_path)


def test_a_gzip_file_without_a_whole_header(load, stored, tmp_path, content):
    path = tmp_path / "usage.csv.gz"
    path.write_bytes(gzip.compress(content.encode())[:15])
    assert load(path) == BROKEN_OFF
    assert not stored().count
    assert not (tmp_path / "rejects.csv").exists()
