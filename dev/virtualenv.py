"""The virtualenv that runs Odoo, the tests and the linters."""

import shutil
import subprocess
import sys

from .console import StepError, run, step
from .paths import FOCUS_VENV, ROOT, STATE, VENV, fingerprint

OLDEST, NEWEST = (3, 10), (3, 13)
RUN_REQUIREMENTS = ROOT / "requirements.txt"
TEST_REQUIREMENTS = ROOT / "requirements-dev.txt"
OCA_REQUIREMENTS = ROOT / "requirements-oca.txt"
FOCUS_REQUIREMENTS = ROOT / "requirements-focus.txt"


def ensure_virtualenv(source, *, for_tests=False):
    """Make the virtualenv and install what is pinned; a second call does nothing."""
    wanted = [RUN_REQUIREMENTS] + [TEST_REQUIREMENTS] * for_tests
    for requirements in wanted:
        stamp = VENV / f".{requirements.name}"
        key = fingerprint(sys.version, requirements)
        if stamp.is_file() and stamp.read_text() == key:
            continue
        with step(f"Python packages of {requirements.name}"):
            if requirements is RUN_REQUIREMENTS:
                _make_virtualenv()
            _install(requirements)
            stamp.write_text(key)
    _link_odoo(source)
    if for_tests:
        _ensure_oca_addons()
        _ensure_focus_validator()


def _ensure_oca_addons():
    """What the glue addons join, in the tests: Odoo is there already, linked."""
    stamp = VENV / f".{OCA_REQUIREMENTS.name}"
    key = fingerprint(sys.version, OCA_REQUIREMENTS)
    if stamp.is_file() and stamp.read_text() == key:
        return
    with step(f"Python packages of {OCA_REQUIREMENTS.name}"):
        _install(OCA_REQUIREMENTS, VENV, "--no-deps")
        stamp.write_text(key)


def _ensure_focus_validator():
    """The validator of FOCUS exports has a virtualenv of its own: what it needs does
    not go together with Odoo's pins."""
    stamp = FOCUS_VENV / ".requirements"
    key = fingerprint(sys.version, FOCUS_REQUIREMENTS)
    if stamp.is_file() and stamp.read_text() == key:
        return
    with step(f"Python packages of {FOCUS_REQUIREMENTS.name}"):
        shutil.rmtree(FOCUS_VENV, ignore_errors=True)
        run(
            [sys.executable, "-m", "venv", FOCUS_VENV],
            mend="install the venv module of this Python (Debian: python3-venv)",
        )
        # It says Python 3.12 and runs on 3.11.
        _install(FOCUS_REQUIREMENTS, FOCUS_VENV, "--ignore-requires-python")
        stamp.write_text(key)


def _make_virtualenv():
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        raise StepError(
            f"Odoo 19.0 runs on Python 3.10 to 3.13, this is {sys.version.split()[0]}",
            "name another one: make PYTHON=/usr/bin/python3.11 …",
        )
    shutil.rmtree(VENV, ignore_errors=True)
    run(
        [sys.executable, "-m", "venv", VENV],
        mend="install the venv module of this Python (Debian: python3-venv)",
    )


def _install(requirements, venv=VENV, *options):
    pip = [venv / "bin/python", "-m", "pip", "install", "-q", *options]
    pip += ["-r", requirements]
    run(
        pip,
        mend="see that pip reaches its package index, then run this again",
        log=STATE / "logs" / "pip.log",
    )


def _link_odoo(source):
    """Make ``import odoo`` and ``venv/bin/odoo`` use the chosen Odoo tree."""
    site_packages = subprocess.run(
        [
            str(VENV / "bin/python"),
            *("-c", "import sysconfig; print(sysconfig.get_path('purelib'))"),
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    with open(f"{site_packages}/odoo-source.pth", "w") as file:
        file.write(f"{source.python_path}\n")
    launcher = VENV / "bin/odoo"
    # A shell line that Python reads as a string, as pip writes it: a shebang may
    # not be long and may not hold spaces.
    launcher.write_text(
        f"""#!/bin/sh
'''exec' '{VENV}/bin/python' "$0" "$@"
' '''
import odoo.cli

odoo.cli.main()
"""
    )
    launcher.chmod(0o755)
