"""Databases that are built once and copied: core, suite, demo.

A template's name ends with the fingerprint of what it was built from. It is built
under another name and renamed when it is whole, so an interrupted build leaves none.
"""

import os

from . import postgres
from .console import run, say, step
from .paths import ADDONS, DATA_DIR, LOGS, ROOT, VENV, fingerprint

# In the order of the chain: each stands on those before it.
SUITE = ("iaas_customer", "iaas_contract", "iaas_billing", "iaas_procurement")
# Addons that join one of them to a module of the OCA: no part of the chain.
GLUE = {"iaas_billing_queue_job": "iaas_billing"}
CORE_MODULES = ",".join(
    (
        *("crm", "sale_crm", "sale_management", "account", "account_payment"),
        *("contacts", "portal", "rating", "purchase_requisition", "rpc", "api_doc"),
    )
)
PREPARE = ROOT / "dev/prepare_template.py"


class Odoo:
    """The Odoo command on this checkout's cluster."""

    def __init__(self, source, cluster):
        self.source = source
        self.cluster = cluster

    def options(self, database):
        """Command line options that every use of ``database`` shares."""
        addons = ",".join(map(str, (ADDONS, *self.source.addons_paths)))
        return [
            *("-d", database, "-r", postgres.USER, "--db_host", str(self.cluster)),
            *("--addons-path", addons, "--data-dir", str(DATA_DIR)),
            *("--http-interface", "127.0.0.1", "--db-filter", f"^{database}$"),
        ]

    def command(self, program, database, *options):
        return [str(VENV / "bin/odoo"), program, *self.options(database), *options]

    def install(self, database, modules, *, log):
        options = ("-i", modules, "--stop-after-init", "--log-level=warn", "--no-http")
        run(
            self.command("server", database, *options),
            mend="read the output; `make reset` starts from nothing",
            log=LOGS / log,
            cwd=ROOT,
        )

    def shell(self, database, script):
        """Run a Python file in Odoo's shell on ``database``."""
        run(
            self.command("shell", database, "--no-http", "--log-level=warn"),
            mend="read the output; `make reset` starts from nothing",
            log=LOGS / f"{script.stem}.log",
            cwd=ROOT,
            stdin=script.open(),
        )

    def export_translations(self, database):
        """Write ``i18n/<addon>.pot`` of every addon, as installed in ``database``."""
        addons = ",".join(map(str, (ADDONS, *self.source.addons_paths)))
        program = [VENV / "bin/odoo", f"--addons-path={addons}", "i18n", "export"]
        run(
            [*program, *SUITE, *GLUE, "-d", database, "-l", "pot"],
            mend="read the output",
            cwd=ROOT,
            env=os.environ | {"PGHOST": str(self.cluster), "PGUSER": postgres.USER},
        )

    def ensure_suite(self, addon=SUITE[-1]):
        """Return a template with ``addon`` and those above it in the chain.

        It is built on the template of an addon further up where that one stands.
        """
        core = self._ensure_core()
        chain = SUITE[: SUITE.index(addon) + 1]
        templates = [
            f"suite_{last}_{fingerprint(core, *map(_installed_part, chain[:count]))}"
            for count, last in enumerate(chain, start=1)
        ]
        standing = [name for name in templates if exists(self.cluster, name)]
        base = standing[-1] if standing else core
        if base != templates[-1]:
            with step(f"Template database: {addon}"):
                remove_older(self.cluster, f"suite_{addon}_")
                building = copy(self.cluster, base, f"building_{addon}")
                self.install(building, addon, log=f"install-{addon}.log")
                self.shell(building, PREPARE)
                rename(self.cluster, building, templates[-1])
        return templates[-1]

    def _ensure_core(self):
        name = "core_" + fingerprint(self.source.version, CORE_MODULES, PREPARE)
        if not exists(self.cluster, name):
            with step("Template database: Odoo's own modules"):
                remove_older(self.cluster, "core_")
                building = create(self.cluster, "building_core")
                self.install(building, CORE_MODULES, log="install-core.log")
                self.shell(building, PREPARE)
                rename(self.cluster, building, name)
        return name


def _installed_part(addon):
    """The fingerprint of what installing ``addon`` reads: all of it but its tests."""
    folder = ADDONS / addon
    parts = sorted(
        path
        for path in folder.iterdir()
        if path.name not in {"tests", "readme", "__pycache__"}
    )
    return fingerprint(*parts)


def exists(cluster, name):
    found = f"SELECT 1 FROM pg_database WHERE datname = '{name}'"
    return bool(postgres.query(cluster, found))


def create(cluster, name):
    drop(cluster, name)
    postgres.query(cluster, f'CREATE DATABASE "{name}" TEMPLATE template0')
    return name


def copy(cluster, template, name):
    drop(cluster, name)
    postgres.query(cluster, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return name


def rename(cluster, old, new):
    drop(cluster, new)
    postgres.query(cluster, f'ALTER DATABASE "{old}" RENAME TO "{new}"')


def drop(cluster, name):
    postgres.query(cluster, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def remove_older(cluster, prefix):
    names = "SELECT datname FROM pg_database WHERE datname LIKE "
    for name in postgres.query(cluster, f"{names}'{prefix}%'"):
        say(f"    removing {name}, built from what has changed since")
        drop(cluster, name)
