"""Debian packages that the suite stands on."""

import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

from .console import StepError, run, step

RUN_PACKAGES = (
    "python3-venv",
    "postgresql",
    "ca-certificates",
    # WeasyPrint sets the contracts with them.
    "fonts-noto-cjk",
    "libpango-1.0-0",
    "libpangoft2-1.0-0",
    "libharfbuzz-subset0",
)
TEST_PACKAGES = ("chromium", "chromium-driver")
DOCKER_WAY = (
    "use Debian 12 or a system with apt and an archive that has odoo-19, point "
    "ODOO_HOME at an Odoo 19.0 installation, or take the Docker way (docker/README.md)"
)
CLUSTER_CONFIGURATION = Path("/etc/postgresql-common/createcluster.d/iaas-suite.conf")


def ensure_packages(packages):
    """Install the missing ones of ``packages`` by apt, as root or through sudo."""
    missing = [package for package in packages if not _is_installed(package)]
    if not missing:
        return
    with step(f"System packages: {' '.join(missing)}"):
        if not shutil.which("apt-get"):
            raise StepError("this system has no apt-get", DOCKER_WAY)
        mend = "mend the system's package sources, then run the same command again"
        run(_as_root("apt-get", "-qq", "update"), mend=mend)
        install = _as_root(
            "env",
            "DEBIAN_FRONTEND=noninteractive",
            *("apt-get", "-qq", "install", "-y", "--no-install-recommends"),
            *missing,
        )
        with _no_main_cluster():
            run(install, mend=mend)


def _is_installed(package):
    if not shutil.which("dpkg-query"):
        raise StepError("this system has no dpkg", DOCKER_WAY)
    query = ["dpkg-query", "-W", "-f=${Status}", package]
    done = subprocess.run(query, check=False, capture_output=True, text=True)
    return done.stdout == "install ok installed"


def _as_root(*command):
    if os.geteuid() == 0:
        return command
    if shutil.which("sudo"):
        return ("sudo", *command)
    raise StepError(
        f"`{' '.join(command)}` needs root and there is no sudo",
        "run it as root once, then this command again",
    )


@contextmanager
def _no_main_cluster():
    """Keep a fresh PostgreSQL package from making a system cluster of its own."""
    if _is_installed("postgresql-common"):
        yield
        return
    folder = CLUSTER_CONFIGURATION.parent
    mend = f"see that {folder} can be written"
    run(_as_root("mkdir", "-p", folder), mend=mend)
    run(
        _as_root("tee", CLUSTER_CONFIGURATION),
        mend=mend,
        input="create_main_cluster = false\n",
    )
    try:
        yield
    finally:
        run(_as_root("rm", "-f", CLUSTER_CONFIGURATION), mend=mend)
