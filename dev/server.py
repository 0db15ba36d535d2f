"""The demo company: its database, its billed cycle, and the server that shows it."""

import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager

from . import databases, postgres
from .console import StepError, run, say, step, succeeds
from .paths import ADDONS, LOGS, ROOT, STATE, VENV, fingerprint

DEMO = "iaas"
ADDONS_STAMP = STATE / "demo-addons"
PID_FILE = STATE / "server.pid"


def ensure_demo(odoo, *, customers=None, rebuild=False):
    """Make the demo database unless a whole one stands, and bring it up to date."""
    if rebuild or not databases.exists(odoo.cluster, DEMO):
        _build_demo(odoo, customers)
    _update_addons(odoo)


def serve(odoo, port):
    """Serve the demo in the foreground until Ctrl-C."""
    with step(f"Server on http://localhost:{port}"):
        if _is_taken(port):
            raise StepError(
                f"port {port} is in use", "stop what uses it, or: make run PORT=8070"
            )
    _print_logins(odoo, port)
    command = odoo.command("server", DEMO, "--http-port", str(port))
    server = subprocess.Popen(command, cwd=ROOT)
    PID_FILE.write_text(str(server.pid))
    try:
        return server.wait()
    except KeyboardInterrupt:
        return server.wait()
    finally:
        PID_FILE.unlink(missing_ok=True)


@contextmanager
def running(odoo, database):
    """A server on ``database`` for as long as the block lasts; its address."""
    port = free_port()
    options = ("--http-port", str(port), "--log-level=warn", "--max-cron-threads=0")
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / f"server-{database}.log").open("wb") as log:
        command = odoo.command("server", database, *options)
        server = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        try:
            while not _is_taken(port):
                if server.poll() is not None:
                    raise StepError("the server ended at once", f"read {log.name}")
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


def free_port():
    """A TCP port that nothing uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stop_server():
    """Stop the server that `make run` left; return whether one ran."""
    try:
        pid = int(PID_FILE.read_text())
        os.kill(pid, signal.SIGTERM)
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return False
    for _attempt in range(100):
        time.sleep(0.1)
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            break
    return True


def build_company(odoo, database, *options):
    """Fill ``database`` with the demo company."""
    addons = ",".join(map(str, (ADDONS, *odoo.source.addons_paths)))
    command = [VENV / "bin/python", "-m", "demo", "--addons-path", addons]
    connection = ("--database", database, "--db-host", odoo.cluster)
    files = ("--data-dir", databases.DATA_DIR)
    if not succeeds([*command, *connection, *files, *options], cwd=ROOT):
        raise StepError(
            "the demo generator stopped (its output stands above)",
            "mend what it names, then run this again; nothing half made is kept",
        )


def _build_demo(odoo, customers):
    template = odoo.ensure_suite()
    with step("Demo company: customers, contracts, usage, invoices, payments, pools"):
        building = databases.copy(odoo.cluster, template, "building_demo")
        size = ["--customers", str(customers)] if customers else []
        build_company(odoo, building, *size)
    databases.rename(odoo.cluster, building, DEMO)
    _stamp_addons()


def _update_addons(odoo):
    """Update the demo's addons when their files are newer than its database."""
    if ADDONS_STAMP.is_file() and ADDONS_STAMP.read_text() == fingerprint(ADDONS):
        return
    with step("Update of the demo's addons"):
        run(
            odoo.command(
                *("server", DEMO, "-u", databases.SUITE[0], "--no-http"),
                *("--stop-after-init", "--log-level=warn"),
            ),
            mend="read the output; `make demo` builds the demo anew",
            log=LOGS / "update-demo.log",
            cwd=ROOT,
        )
    _stamp_addons()


def _stamp_addons():
    ADDONS_STAMP.write_text(fingerprint(ADDONS))


def _print_logins(odoo, port):
    users = postgres.query(
        odoo.cluster,
        "SELECT login || '|' || name FROM res_users u JOIN res_partner p "
        "ON p.id = u.partner_id WHERE u.active AND login NOT LIKE '\\_\\_%' "
        "ORDER BY u.share, u.id",
        DEMO,
    )
    say(f"\n  http://localhost:{port}   (the password of each login is the login)\n")
    for user in users:
        login, name = user.split("|", 1)
        say(f"    {login:<24} {name}")
    say("\n  Ctrl-C stops the server, `make stop` the database too.\n")


def _is_taken(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
