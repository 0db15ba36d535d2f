"""Odoo 19.0 Community: the installation that ODOO_HOME names, or Debian's package."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .console import StepError, run, say, step
from .paths import STATE
from .system import DOCKER_WAY

SERIES = "19.0"
TESTED_PACKAGE = "19.0.0+dfsg-1"
UNPACKED = STATE / "root"
# Odoo's Debian package links to fonts and scripts of other packages. Montserrat is
# not in Debian 12, the others are taken from the system's own release because later
# ones no longer have the files that Odoo's links name.
UNSTABLE_PACKAGES = ("odoo-19", "fonts-montserrat")
STABLE_PACKAGES = (
    "fonts-roboto-unhinted",
    "fonts-font-awesome",
    "fonts-inconsolata",
    "fonts-ocr-b",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
)


@dataclass(frozen=True)
class OdooSource:
    """An Odoo tree: the folder to import it from, extra addons folders, a version."""

    python_path: Path
    addons_paths: tuple[Path, ...]
    version: str


def ensure_odoo():
    """Return the Odoo tree to use, fetching Debian's package when none is named."""
    home = os.environ.get("ODOO_HOME")
    if home:
        with step(f"Odoo from ODOO_HOME={home}"):
            return _named_source(Path(home).expanduser().resolve())
    if not UNPACKED.is_dir():
        with step("Odoo 19.0 from Debian's package (123 MB, unpacked 1.2 GB)"):
            _unpack(_download())
    package = UNPACKED / "usr/lib/python3/dist-packages"
    return OdooSource(package, (), (UNPACKED / "VERSION").read_text().strip())


def _named_source(home):
    for python_path in (home, home.parent):
        release = python_path / "odoo" / "release.py"
        if release.is_file():
            version = re.search(r"version_info = \((\d+), (\d+)", release.read_text())
            if not version or ".".join(version.groups()) != SERIES:
                raise StepError(
                    f"{release} is not Odoo {SERIES}",
                    f"name a folder with Odoo {SERIES}, or unset ODOO_HOME",
                )
            # A git clone keeps most addons beside the package, an installation in it.
            is_clone = (python_path / "odoo-bin").is_file()
            addons = (python_path / "addons",) if is_clone else ()
            return OdooSource(python_path, addons, f"{SERIES} at {home}")
    raise StepError(
        f"no odoo/release.py under {home}",
        "name the folder that holds odoo/ (a git clone or a dist-packages folder), "
        "or unset ODOO_HOME to take Debian's package",
    )


def _download():
    """Fetch the packages through a private apt state; return them and the version."""
    state, debs = STATE / "apt", STATE / "debs"
    for folder in (state / "lists/partial", state / "cache/archives/partial", debs):
        folder.mkdir(parents=True, exist_ok=True)
    for leftover in debs.glob("*.deb"):
        leftover.unlink()
    sources = state / "sources.list"
    sources.write_text(f"deb [signed-by={_keyring()}] {_mirror()} unstable main\n")
    private = [
        "apt-get",
        "-qq",
        *("-o", f"Dir::State::lists={state / 'lists'}"),
        *("-o", f"Dir::Etc::SourceList={sources}"),
        *("-o", "Dir::Etc::SourceParts=-"),
        *("-o", f"Dir::Cache={state / 'cache'}"),
        *("-o", "Acquire::Languages=none"),
        *("-o", "APT::Sandbox::User="),
    ]
    mend = f"see that the system's apt works, then run this again; or {DOCKER_WAY}"
    say("    reading the package index of Debian unstable into a private folder")
    run([*private, "update"], mend=mend, cwd=debs)
    say("    downloading; apt checks the archive's signature and each checksum")
    run([*private, "download", *UNSTABLE_PACKAGES], mend=mend, cwd=debs)
    system_apt = ["apt-get", "-qq", "-o", "APT::Sandbox::User="]
    run([*system_apt, "download", *STABLE_PACKAGES], mend=mend, cwd=debs)
    shutil.rmtree(state)
    odoo = next(debs.glob("odoo-19_*.deb"))
    version = run(["dpkg-deb", "--field", odoo, "Version"], mend=mend).strip()
    if version != TESTED_PACKAGE:
        say(f"    note: the suite was tested with {TESTED_PACKAGE}, this is {version}")
    return sorted(debs.glob("*.deb")), version


def _unpack(download):
    packages, version = download
    partial = UNPACKED.with_suffix(".part")
    shutil.rmtree(partial, ignore_errors=True)
    say("    unpacking 63,000 files")
    for package in packages:
        run(
            ["dpkg-deb", "-x", package, partial],
            mend="see that 1.5 GB are free on this disk, then run this again",
        )
    # Debian leaves this script out; Odoo then logs an error into every backend page.
    left_out = (
        partial / "usr/lib/python3/dist-packages/odoo/addons/mail/static/lib"
        "/selfie_segmentation/selfie_segmentation.js"
    )
    left_out.parent.mkdir(parents=True, exist_ok=True)
    left_out.write_text("// left out of the Debian package\n")
    (partial / "VERSION").write_text(version)
    partial.rename(UNPACKED)
    for package in packages:
        package.unlink()


def _keyring():
    listing = subprocess.run(
        ["dpkg", "-L", "debian-archive-keyring"],
        check=False,
        capture_output=True,
        text=True,
    ).stdout
    for name in listing.splitlines():
        if re.search(r"/debian-archive-keyring\.(gpg|pgp)$", name):
            return name
    raise StepError("the Debian archive keyring is not installed", DOCKER_WAY)


def _mirror():
    """The machine's own Debian mirror, so that no host is written here."""
    targets = run(
        [
            *("apt-get", "indextargets", "--format", "$(REPO_URI)"),
            *("Identifier: Packages", "Origin: Debian", "Component: main"),
        ],
        mend=DOCKER_WAY,
    ).split()
    mirrors = [target for target in targets if "-security" not in target]
    if not mirrors:
        raise StepError("apt names no Debian mirror on this system", DOCKER_WAY)
    return mirrors[0]
