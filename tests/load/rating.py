"""Rating: the sums of all statements of a month, of 2,000 contracts and 20 meters."""

import json
import os
from pathlib import Path

from dev import databases
from dev.console import say

SUMS = Path(__file__).with_name("rating_sums.py")
RESULT = Path("/tmp/iaas-load-rating.json")


def measure(odoo, template, database, sizes, rounds):
    """Print what sums cost beside a bare GROUP BY, on databases that are thrown away.

    :param template: a database that prepare.py has run on
    """
    say(f"\nSums of 2,000 statements, 20 meters, seconds (best of {rounds} rounds)")
    say(f"  {'events':>12} {'GROUP BY':>9} {'of events':>15} {'of daily sums':>15}")
    for events in sizes:
        databases.copy(odoo.cluster, template, database)
        os.environ |= {
            "IAAS_LOAD_EVENTS": str(events),
            "IAAS_LOAD_ROUNDS": str(rounds),
            "IAAS_LOAD_RESULT": str(RESULT),
        }
        try:
            RESULT.unlink(missing_ok=True)
            odoo.shell(database, SUMS)
            figures = json.loads(RESULT.read_text())
        finally:
            databases.drop(odoo.cluster, database)
        bare = figures["bare"]
        columns = (
            f"{figures[name]:8.2f} {figures[name] / bare:4.2f} ×"
            for name in ("events", "daily")
        )
        say(f"  {events:>12,} {bare:9.2f} {' '.join(columns)}")
