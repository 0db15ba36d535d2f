"""The portal pages of a large customer at fifty million events: usage, statements."""

import os
import re
import statistics
import time
from pathlib import Path

import requests

from dev import databases, postgres
from dev.console import say
from dev.server import running

COMPANY = Path(__file__).with_name("portal_company.py")
VISITS = 20
PAGES = (
    *(f"/my/usage?by={by}" for by in ("product", "resource", "day", "tag")),
    "/my/statements",
)


def measure(odoo, database, events):
    """Print the milliseconds until the answer of each page is there, one server
    process, on a database that is thrown away."""
    databases.copy(odoo.cluster, odoo.ensure_suite("iaas_billing"), database)
    os.environ["IAAS_LOAD_EVENTS"] = str(events)
    try:
        odoo.shell(database, COMPANY)
        [counts] = postgres.query(
            odoo.cluster,
            "SELECT sum(event_count), count(*) FROM iaas_usage_daily",
            database,
        )
        found, rows = map(int, counts.split("|"))
        say(f"\nPortal at {found:,} events in {rows:,} daily sums, milliseconds")
        say(f"  {'page':<32} {'median':>7} {'slowest':>8}")
        with running(odoo, database) as url:
            session = _log_in(url)
            for page in (*PAGES, _statement(session, url)):
                times = _visit(session, url + page)
                say(f"  {page:<32} {statistics.median(times):7.0f} {max(times):8.0f}")
    finally:
        databases.drop(odoo.cluster, database)


def _log_in(url):
    session = requests.Session()
    page = session.get(f"{url}/web/login", timeout=300)
    [token] = re.findall(r'name="csrf_token" value="(\w+)"', page.text)[:1]
    credentials = {"login": "load", "password": "load", "csrf_token": token}
    answer = session.post(f"{url}/web/login", data=credentials, timeout=300)
    assert "/my" in answer.url, answer.url
    return session


def _statement(session, url):
    page = session.get(f"{url}/my/statements", timeout=300)
    return re.search(r"/my/statements/\d+", page.text)[0]


def _visit(session, address):
    """Milliseconds of each visit but the first ones, which fill caches."""
    times = []
    for number in range(VISITS + 3):
        began = time.perf_counter()
        answer = session.get(address, timeout=300)
        answer.raise_for_status()
        if number >= 3:
            times.append((time.perf_counter() - began) * 1000)
    return times
