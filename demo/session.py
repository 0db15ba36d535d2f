"""Odoo without a server, and the steps in which the demo is made."""

import gc
import time
from contextlib import contextmanager

import odoo.init  # noqa: F401 before anything else of Odoo
from odoo import SUPERUSER_ID, api, sql_db
from odoo.modules.registry import Registry
from odoo.tools import config

from .beside import Beside

ADDONS = ("iaas_customer", "iaas_contract", "iaas_billing", "iaas_procurement")
# No mails, no subscriptions: the demo makes a year of records in minutes.
QUIET = {
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "mail_notrack": True,
    "mail_auto_subscribe_no_notify": True,
    "no_reset_password": True,
    "mail_notify_force_send": False,
}
# What happened long ago gives nobody work today.
LONG_AGO = {**QUIET, "mail_activity_automation_skip": True}


@contextmanager
def environment(database, host, addons_path, data_dir=None):
    """The superuser's environment on ``database``, without the server."""
    options = ["-d", database, "--no-http", "--log-level=warn"]
    for option, value in (
        ("--db_host", host),
        ("--addons-path", addons_path),
        ("--data-dir", data_dir),
    ):
        if value:
            options += [option, value]
    config.parse_config([*options, "-r", "odoo"], setup_logging=True)
    registry = Registry(database)
    # The registry stays, and what a step makes goes when its caches are emptied: with
    # the usual thresholds the collector would walk through all of it all the time.
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {"lang": "en_US"})
        missing = set(ADDONS) - set(
            env["ir.module.module"]
            .search([("state", "=", "installed"), ("name", "in", ADDONS)])
            .mapped("name")
        )
        if missing:
            raise SystemExit(
                f"Database {database} lacks {', '.join(sorted(missing))}: install the "
                "four IaaS addons first."
            )
        company = env["res.company"].search([], limit=1)
        yield env(
            context={
                "lang": "en_US",
                "tz": "Asia/Singapore",
                "allowed_company_ids": company.ids,
                # Nobody is mailed about the work that is assigned here.
                "mail_activity_quick_update": True,
            }
        )
        cr.commit()
    sql_db.close_all()


class Steps:
    """Runs the steps one after the other, commits each and prints its time.

    One step at a time may run beside these.
    """

    def __init__(self, env):
        self.env = env
        self.started = time.monotonic()
        self._beside = None

    def run(self, label, function, *arguments):
        """Call ``function``; it may return a text that is printed with the time."""
        print(f"{label} ...", end=" ", flush=True)
        began = time.monotonic()
        result = function(self.env, *arguments)
        self.env.flush_all()
        self.env.cr.commit()
        self.env.invalidate_all()
        print(_outcome(time.monotonic() - began, result), flush=True)
        return result

    def beside(self, label, function, *arguments):
        """Start a step in a process of its own, once the one before it has ended.

        Its arguments hold no records; what it writes, no step beside it writes.
        """
        self.join()
        self._beside = Beside(self.env, label, function, arguments)

    def join(self):
        """Wait for the step that runs beside."""
        if self._beside:
            outcome = _outcome(*self._beside.wait())
            print(f"{self._beside.label}, beside the above ... {outcome}", flush=True)
            self._beside = None

    def total(self):
        """Seconds since the first step."""
        return time.monotonic() - self.started


def _outcome(seconds, result):
    return f"{seconds:.1f} s" + (f"  {result}" if isinstance(result, str) else "")


def quiet(records):
    """``records`` without mails, tracking and subscriptions."""
    return records.with_context(**QUIET)


def batches(items, size):
    """``items`` cut into lists of at most ``size``."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
