"""``python3 -m tests.load``: measures what the issue sets bars for.

Everything is a ratio or a rate of one run on one machine; docs/performance.md keeps the
results. Build nothing else meanwhile: two cores are soon taken.
"""

import argparse
import os

from dev import databases
from dev.__main__ import _set_up
from dev.console import say

from . import invoicing, portal, rating, usage

_SIZES = (1_000_000, 5_000_000)


def main():
    parser = argparse.ArgumentParser(prog="python3 -m tests.load", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="lines to load")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--template", help="copy this database instead of a fresh one")
    parser.add_argument(
        "--only", choices=["file", "http", "rating", "portal", "invoices"]
    )
    parser.add_argument(
        "--sizes",
        type=int,
        nargs="*",
        default=_SIZES,
        help="events to rate (default: %(default)s)",
    )
    parser.add_argument(
        "--scale", type=float, default=1, help="of the number of invoices"
    )
    arguments = parser.parse_args()
    say(f"load of the machine before: {os.getloadavg()[0]:.1f}")
    odoo = _set_up(for_tests=True)
    if arguments.only == "invoices":
        invoicing.measure(odoo, arguments.scale)
        say(f"load of the machine after: {os.getloadavg()[0]:.1f}")
        return
    if arguments.only == "portal":
        portal.measure(odoo, "test_load_portal", 50_000_000)
        say(f"load of the machine after: {os.getloadavg()[0]:.1f}")
        return
    template = arguments.template or odoo.ensure_suite("iaas_billing")
    database = databases.copy(odoo.cluster, template, "test_load")
    try:
        usage.prepare(odoo, database)
        if arguments.only in (None, "rating"):
            rating.measure(
                odoo, database, f"{database}_rating", arguments.sizes, arguments.rounds
            )
        if arguments.only != "rating":
            usage.measure(
                odoo, database, arguments.events, arguments.rounds, arguments.only
            )
    finally:
        databases.drop(odoo.cluster, database)
    say(f"load of the machine after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
