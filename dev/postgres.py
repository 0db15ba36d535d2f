"""A PostgreSQL cluster of the checkout's own, started without systemd.

It listens on a socket only and never meets a system cluster. Durability is off:
it holds demo and test data, and a crash of the machine may lose them.
"""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from .console import StepError, run, step, succeeds
from .paths import STATE

USER = "odoo"
OLDEST = 13
LONGEST_SOCKET_FOLDER = 90  # a socket's whole path may have 107 bytes
SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{folder}'
unix_socket_permissions = 0777
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 256MB
max_wal_size = 2GB
max_connections = 100
"""


def ensure_cluster():
    """Make and start the cluster; return its socket folder (Odoo's ``db_host``)."""
    folder = _folder()
    if _is_running(folder):
        return folder
    if not (folder / "data/iaas-ready").exists():
        with step("PostgreSQL cluster"):
            _create(folder)
    with step("PostgreSQL start"):
        _pg(
            folder,
            "pg_ctl",
            *("-D", folder / "data", "-l", folder / "log", "-w", "-t", "120", "start"),
            mend=f"read {folder / 'log'}; `make reset` makes a new cluster",
            quiet=True,
        )
    return folder


def stop_cluster():
    """Stop the cluster if it runs; return whether it ran."""
    folder = _folder()
    if not _is_running(folder):
        return False
    _pg(folder, "pg_ctl", "-D", folder / "data", "-m", "fast", "-w", "stop")
    return True


def remove_cluster():
    """Remove the cluster and every database in it."""
    stop_cluster()
    shutil.rmtree(_folder(), ignore_errors=True)


def query(folder, sql, database="postgres"):
    """Run one statement and return its output as lines."""
    command = ["psql", "-h", folder, "-U", USER, "-d", database, "-XAtq", "-c", sql]
    return _pg(folder, *command).splitlines()


def _folder():
    """The cluster's folder: in the state folder, unless PostgreSQL can't live there.

    Root runs the cluster as the account ``postgres``, which must be able to reach the
    folder (it can't under /root), and a socket's path must be short.
    """
    wanted = STATE / "pg"
    if len(os.fsencode(wanted)) <= LONGEST_SOCKET_FOLDER and _is_reachable(wanted):
        return wanted
    account = f"{os.geteuid()}-{hashlib.sha256(os.fsencode(STATE)).hexdigest()[:8]}"
    return Path("/var/tmp") / f"iaas-pg-{account}"


def _is_reachable(folder):
    if os.geteuid() != 0:
        return True
    parents = [parent for parent in folder.parents if parent.exists()]
    return all(parent.stat().st_mode & 0o001 for parent in parents)


def _create(folder):
    shutil.rmtree(folder / "data", ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    _pg(
        folder,
        "initdb",
        *("-D", folder / "data", "-U", USER, "-A", "trust"),
        *("-E", "UTF8", "--locale=C.UTF-8", "--no-sync"),
    )
    with (folder / "data/postgresql.conf").open("a") as file:
        file.write(SETTINGS.format(folder=folder))
    (folder / "data/iaas-ready").touch()


def _is_running(folder):
    if not (folder / "data/postmaster.pid").exists():
        return False
    command = _command(folder, "pg_ctl", "-D", folder / "data", "status")
    return succeeds(command, cwd=folder, stdout=subprocess.DEVNULL)


def _pg(folder, *command, mend="`make reset` makes a new cluster", quiet=False):
    # The server keeps the output it was started with: a pipe would never close.
    options = {"log": STATE / "logs/postgresql-start.log"} if quiet else {}
    return run(_command(folder, *command), mend=mend, cwd=folder, **options)


def _command(folder, program, *arguments):
    command = [str(_binaries() / program), *map(str, arguments)]
    if os.geteuid() == 0:
        drop = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        return drop + command
    return command


def _binaries():
    """The folder of the newest installed PostgreSQL server."""
    found = []
    for initdb in Path("/usr/lib/postgresql").glob("*/bin/initdb"):
        version = re.fullmatch(r"(\d+)", initdb.parent.parent.name)
        if version and int(version[1]) >= OLDEST:
            found.append((int(version[1]), initdb.parent))
    if not found:
        raise StepError(
            f"no PostgreSQL server from {OLDEST} on under /usr/lib/postgresql",
            "install Debian's package postgresql",
        )
    return max(found)[1]
