"""``python3 -m dev COMMAND``: what the Makefile's targets call."""

import argparse
import os
import shutil

from . import databases, postgres, server, testing
from .console import say, step, succeeds
from .odoo_source import ensure_odoo
from .paths import ROOT, STATE, VENV
from .system import RUN_PACKAGES, TEST_PACKAGES, ensure_packages
from .virtualenv import ensure_virtualenv


def main():
    parser = argparse.ArgumentParser(prog="python3 -m dev", description=__doc__)
    commands = parser.add_subparsers(required=True)

    def command(name, act, help):
        sub = commands.add_parser(name, help=help)
        sub.set_defaults(act=act)
        return sub

    run = command("run", _run, "set up, make the demo company, serve it")
    run.add_argument("--port", type=int, default=8069)
    demo = command("demo", _demo, "make the demo company anew")
    demo.add_argument("--customers", type=int)
    test = command("test", _test, "run all tests, or one addon's")
    test.add_argument("--addon")
    command("lint", _lint, "run all linters")
    command("shell", _shell, "open Odoo's shell on the demo company")
    command("images", _images, "take the screenshots of docs/images")
    command("i18n", _i18n, "write the translation templates")
    command("stop", _stop, "stop the server and the database cluster")
    command("reset", _reset, "remove everything that set-up made")
    arguments = parser.parse_args()
    arguments.act(arguments)


def _run(arguments):
    odoo = _set_up()
    server.ensure_demo(odoo)
    raise SystemExit(server.serve(odoo, arguments.port))


def _demo(arguments):
    server.ensure_demo(_set_up(), customers=arguments.customers, rebuild=True)


def _test(arguments):
    testing.run_tests(_set_up(for_tests=True), arguments.addon)


def _lint(_arguments):
    ensure_packages(RUN_PACKAGES)
    ensure_virtualenv(ensure_odoo(), for_tests=True)
    testing.ensure_linters()
    testing.run_lint()


def _shell(_arguments):
    odoo = _set_up()
    server.ensure_demo(odoo)
    command = odoo.command("shell", server.DEMO, "--no-http", "--log-level=warn")
    os.execv(command[0], command)


def _images(arguments):
    odoo = _set_up(for_tests=True)
    server.ensure_demo(odoo)
    with server.running(odoo, server.DEMO) as url:
        command = [VENV / "bin/python", "-m", "dev.images", url]
        raise SystemExit(not succeeds(command, cwd=ROOT))


def _i18n(_arguments):
    odoo = _set_up(for_tests=True)
    template = odoo.ensure_suite()
    with step("Translation templates"):
        database = databases.copy(odoo.cluster, template, "building_i18n")
        odoo.install(database, ",".join(databases.GLUE), log="install-glue.log")
        odoo.export_translations(database)
        databases.drop(odoo.cluster, database)


def _stop(_arguments):
    for name, stop in (
        ("the server", server.stop_server),
        ("the database cluster", postgres.stop_cluster),
    ):
        say(f"{name} {'stopped' if stop() else 'was not running'}")


def _reset(arguments):
    _stop(arguments)
    with step(f"Removing {STATE}"):
        postgres.remove_cluster()
        shutil.rmtree(STATE, ignore_errors=True)


def _set_up(*, for_tests=False):
    """Bring everything that the commands stand on; return the Odoo command."""
    STATE.mkdir(parents=True, exist_ok=True)
    ensure_packages(RUN_PACKAGES + TEST_PACKAGES * for_tests)
    source = ensure_odoo()
    ensure_virtualenv(source, for_tests=for_tests)
    return databases.Odoo(source, postgres.ensure_cluster())


if __name__ == "__main__":
    main()
