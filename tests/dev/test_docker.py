"""What the image is built from is what set-up installs and the tests run with."""

import re

import pytest

from dev import databases
from dev.paths import ROOT
from dev.virtualenv import OCA_REQUIREMENTS, RUN_REQUIREMENTS

DOCKERFILE = (ROOT / "docker/Dockerfile").read_text()
SOURCES = re.findall(r"^COPY (?:--\S+ )*(\S+) ", DOCKERFILE, re.MULTILINE)


def _logical_lines(text):
    return re.sub(r"\\\n\s*", "", text).splitlines()


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_copied_is_in_the_build_context(source):
    ignored = (ROOT / "docker/Dockerfile.dockerignore").read_text().splitlines()
    assert (ROOT / source).exists()
    assert f"!{source}" in ignored


def test_addons_of_the_oca_come_as_in_set_up():
    """From the same file of pins, without what they depend on: that is Odoo's."""
    [install] = [
        command
        for line in _logical_lines(DOCKERFILE)
        for command in line.split("&&")
        if f"/{OCA_REQUIREMENTS.name}" in command and "pip3 install" in command
    ]
    assert "--no-deps" in install
    assert OCA_REQUIREMENTS.name in SOURCES
    assert "odoo-addon-queue_job==" in OCA_REQUIREMENTS.read_text()


def test_pins_are_those_of_the_tests():
    pins = re.findall(r"[\w-]+==[\w.]+", DOCKERFILE)
    assert pins
    assert set(pins) <= set(RUN_REQUIREMENTS.read_text().splitlines())


def test_every_addon_of_the_suite_is_installed():
    init = (ROOT / "docker/iaas-init").read_text()
    [addons] = re.findall(r"^addons=\((.*)\)$", init, re.MULTILINE)
    assert tuple(addons.split()) == databases.SUITE
