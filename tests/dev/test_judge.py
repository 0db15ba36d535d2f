"""A test run is green only when tests ran and Odoo's log has nothing to complain of."""

import pytest

from dev.odoo_source import _named_source
from dev.testing import _judge

RESULT = (
    "2026-01-01 00:00:00,000 7 INFO db odoo.tests.result: "
    "{} failed, {} error(s) of {} tests when loading database 'db' \n"
)


@pytest.fixture
def judge(tmp_path):
    def judge_log(text, passed=True):
        log = tmp_path / "test.log"
        log.write_text(text)
        return _judge("iaas_customer", log, passed, 1.0)

    return judge_log


def test_a_clean_run_passes(judge):
    assert judge(RESULT.format(0, 0, 12)) == []


def test_a_run_without_tests_fails(judge):
    assert judge(RESULT.format(0, 0, 0)) == ["iaas_customer"]
    assert judge("") == ["iaas_customer"]


def test_a_warning_fails_and_is_shown_with_its_traceback(judge, capsys):
    warning = "2026-01-01 00:00:00,000 7 WARNING db odoo.addons.x: slow\nTraceback\n"
    assert judge(warning + RESULT.format(0, 0, 12)) == ["iaas_customer"]
    shown = capsys.readouterr().err
    assert "slow" in shown
    assert "Traceback" in shown
    assert "12 tests when loading" not in shown


def test_a_failing_exit_code_fails(judge):
    assert judge(RESULT.format(0, 0, 12), passed=False) == ["iaas_customer"]


def test_odoo_of_another_series_is_refused(tmp_path):
    release = tmp_path / "odoo/release.py"
    release.parent.mkdir()
    release.write_text("version_info = (18, 0, 0, FINAL, 0, '')\n")
    with pytest.raises(Exception, match=r"is not Odoo 19\.0"):
        _named_source(tmp_path)


def test_a_git_clone_brings_the_addons_beside_the_package(tmp_path):
    release = tmp_path / "odoo/release.py"
    release.parent.mkdir()
    release.write_text("version_info = (19, 0, 0, FINAL, 0, '')\n")
    (tmp_path / "odoo-bin").touch()
    (tmp_path / "addons").mkdir()
    source = _named_source(tmp_path / "odoo")
    assert source.python_path == tmp_path
    assert source.addons_paths == (tmp_path / "addons",)
