"""All tests: pure Python, each addon in Odoo on its own chain, and the demo company."""

import json
import os
import re
import time

from . import databases, postgres
from .console import StepError, run, say, step, succeeds
from .paths import ADDONS, LOGS, ROOT, VENV
from .server import build_company, free_port, running

PURE_TESTS = ("tests/pure", "tests/demo", "tests/dev")
# A line of Odoo's log above INFO with the lines that belong to it, such as a traceback.
COMPLAINT = re.compile(
    r"^\S+ \S+ \d+ (?:WARNING|ERROR|CRITICAL) (?:(?!^\d{4}-).*\n)*", re.MULTILINE
)
RESULT = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests")


def run_tests(odoo, addon=None):
    """Run every test, or the tests of one addon; raise SystemExit when one fails."""
    addons = [*databases.SUITE, *databases.GLUE]
    if addon and addon not in addons:
        known = ", ".join(addons)
        raise SystemExit(f"no addon {addon!r}; the addons are {known}")
    failures = [] if addon else _run_pure_tests()
    for name in [addon] if addon else addons:
        failures += _run_addon_tests(odoo, name)
    if not addon:
        failures += _run_crash_tests(odoo)
        failures += _run_company_tests(odoo)
    if failures:
        say("\nFailed: " + ", ".join(failures))
        raise SystemExit(1)
    say("\nAll tests passed.")


def run_lint():
    """Run every linter over every file that git knows."""
    hooks = [str(VENV / "bin/pre-commit"), "run", "--all-files"]
    environment = os.environ | {
        "PATH": f"{VENV / 'bin'}:{ROOT / 'node_modules/.bin'}:{os.environ['PATH']}"
    }
    raise SystemExit(not succeeds(hooks, cwd=ROOT, env=environment))


def _run_pure_tests():
    with step("Tests of the pure packages"):
        pytest = [VENV / "bin/python", "-m", "pytest", "-q", *PURE_TESTS]
        return [] if succeeds(pytest, cwd=ROOT) else ["pure"]


def _run_addon_tests(odoo, addon):
    """Test ``addon`` on a database that has only it and the addons it stands on."""
    stands_on = databases.GLUE.get(addon)
    template = odoo.ensure_suite(stands_on or addon)
    install = ("-i", addon) if stands_on else ()
    log = LOGS / f"test-{addon}.log"
    with step(f"Tests of {addon}"):
        database = databases.copy(odoo.cluster, template, f"test_{addon}")
        started = time.monotonic()
        with log.open("wb") as output:
            passed = succeeds(
                odoo.command(
                    *("server", database, *install, "--test-tags", f"/{addon}"),
                    *("--stop-after-init", "--http-port", str(free_port())),
                    *("--screenshots", str(LOGS / "screenshots"), "--log-level=warn"),
                    *("--log-handler", "odoo.tests.result:INFO"),
                ),
                cwd=ROOT,
                stdout=output,
                stderr=output,
            )
        databases.drop(odoo.cluster, database)
        return _judge(addon, log, passed, time.monotonic() - started)


def _judge(addon, log, passed, seconds):
    """Report one addon's run; it passed only if tests ran and nothing complained."""
    text = log.read_text(errors="replace")
    results = RESULT.findall(text)
    failed, errors, total = map(int, results[-1]) if results else (0, 0, 0)
    complaints = "".join(COMPLAINT.findall(text)).splitlines()
    say(f"    {total} tests, {failed} failed, {errors} errors, {seconds:.0f} s")
    if passed and total and not complaints:
        return []
    say(f"    {'' if total else 'no test ran; '}whole log: {log}")
    for line in complaints[:120]:
        say(f"    | {line}")
    return [addon]


def _run_crash_tests(odoo):
    """Kill billing at each of its steps, and bill in two processes at once."""
    database = databases.copy(odoo.cluster, odoo.ensure_suite(), "test_crash")
    with step("Tests of billing that is killed"):
        pytest = [VENV / "bin/python", "-m", "pytest", "-q", "tests/crash"]
        addons = ",".join(map(str, (ADDONS, *odoo.source.addons_paths)))
        options = ["--database", database, "--db-host", str(odoo.cluster)]
        environment = os.environ | {
            "IAAS_TEST_DATABASE": database,
            "IAAS_TEST_OPTIONS": json.dumps([*options, "--addons-path", addons]),
            "PGHOST": str(odoo.cluster),
            "PGUSER": postgres.USER,
        }
        passed = succeeds(pytest, cwd=ROOT, env=environment)
    databases.drop(odoo.cluster, database)
    return [] if passed else ["crash"]


def _run_company_tests(odoo):
    """Build a small demo company and test the whole house on it."""
    template = odoo.ensure_suite()
    with step("Demo company of 40 customers"):
        database = databases.copy(odoo.cluster, template, "test_company")
        build_company(odoo, database, "--customers", "40", "--months", "3")
    with step("Tests on the demo company"):
        pytest = [VENV / "bin/python", "-m", "pytest", "-q", "tests/company"]
        with running(odoo, database) as url:
            environment = os.environ | {
                "IAAS_TEST_URL": url,
                "IAAS_TEST_DATABASE": database,
                "PGHOST": str(odoo.cluster),
                "PGUSER": postgres.USER,
            }
            passed = succeeds(pytest, cwd=ROOT, env=environment)
        databases.drop(odoo.cluster, database)
        return [] if passed else ["company"]


def ensure_linters():
    """Install the linters that npm brings, as the lock file pins them."""
    stamp = ROOT / "node_modules/.package-lock.json"
    lock = ROOT / "package-lock.json"
    if stamp.is_file() and stamp.stat().st_mtime >= lock.stat().st_mtime:
        return
    with step("npm packages of package-lock.json"):
        npm = VENV / "bin/npm"
        if not npm.exists():
            raise StepError(f"{npm} is missing", "run `make reset`, then this again")
        run(
            [npm, "ci", "--no-audit", "--no-fund"],
            mend="see that npm reaches its package index, then run this again",
            cwd=ROOT,
            env=os.environ | {"PATH": f"{VENV / 'bin'}:{os.environ['PATH']}"},
        )
