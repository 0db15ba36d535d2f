"""The demo company that `make test` has just built and serves (see dev/testing.py)."""

import os

import psycopg2
import psycopg2.extras
import pytest

from dev.browser import log_in, open_browser


@pytest.fixture(scope="session")
def connection():
    connection = psycopg2.connect(dbname=os.environ["IAAS_TEST_DATABASE"])
    connection.set_session(readonly=True, autocommit=True)
    yield connection
    connection.close()


@pytest.fixture
def rows(connection):
    """A function that runs one query and returns its rows; numerics are Decimal."""

    def fetch(sql, *parameters):
        with connection.cursor(cursor_factory=psycopg2.extras.NamedTupleCursor) as cr:
            cr.execute(sql, parameters)
            return cr.fetchall()

    return fetch


@pytest.fixture(scope="session")
def url():
    return os.environ["IAAS_TEST_URL"]


@pytest.fixture(scope="session")
def browser(url):
    with open_browser() as driver:
        log_in(driver, url, "admin")
        yield driver
