"""The database that `make test` has just made for what may kill it (dev/testing.py)."""

import json
import os
import subprocess
import sys

import psycopg2
import psycopg2.extras
import pytest

from dev.paths import ROOT


@pytest.fixture(scope="session")
def obey():
    """A function that has so many processes work at once as it gets orders, and
    returns their exit codes; see ``worker.py``."""
    options = json.loads(os.environ["IAAS_TEST_OPTIONS"])
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.crash.worker", *options],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def answer():
        line = worker.stdout.readline()
        assert line, "the worker ended; its output stands above"
        return json.loads(line)

    def order(*orders):
        print(json.dumps(orders), file=worker.stdin, flush=True)
        return answer()

    assert answer() == "ready"
    yield order
    worker.stdin.close()
    assert worker.wait(timeout=60) == 0


@pytest.fixture(scope="session")
def bill(obey):
    return obey


@pytest.fixture
def rows():
    """A function that runs one query and returns its rows; numerics are Decimal."""
    connection = psycopg2.connect(dbname=os.environ["IAAS_TEST_DATABASE"])
    connection.set_session(readonly=True, autocommit=True)

    def fetch(sql, *parameters):
        with connection.cursor(cursor_factory=psycopg2.extras.NamedTupleCursor) as cr:
            cr.execute(sql, parameters)
            return cr.fetchall()

    yield fetch
    connection.close()
