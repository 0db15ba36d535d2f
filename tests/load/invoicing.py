"""The benchmark of invoices, on databases that are thrown away."""

from dev import databases
from dev.console import run, say
from dev.paths import ADDONS, LOGS, ROOT, VENV

REQUIREMENTS = ROOT / "requirements-load.txt"


def measure(odoo, scale):
    """Compare the ways to an invoice, then memory, then two workers with one.

    The OCA's ``contract`` is installed for it, into the virtualenv and the database.
    """
    run(
        [VENV / "bin/pip", "install", "-q", "--no-deps", "-r", REQUIREMENTS],
        mend="see that pip reaches its package index, then run this again",
        log=LOGS / "pip.log",
    )
    template = odoo.ensure_suite()
    addons = ",".join(map(str, (ADDONS, *odoo.source.addons_paths)))
    for what in ("compare", "flat", "workers"):
        database = databases.copy(odoo.cluster, template, "test_load")
        try:
            if what == "compare":
                odoo.install(database, "contract", log="install-contract.log")
            say(
                run(
                    [
                        *(VENV / "bin/python", "-m", "tests.load.invoices", what),
                        *("--database", database, "--db-host", odoo.cluster),
                        *("--addons-path", addons, "--scale", scale),
                    ],
                    mend="read the output",
                    cwd=ROOT,
                ).rstrip()
            )
        finally:
            databases.drop(odoo.cluster, database)
