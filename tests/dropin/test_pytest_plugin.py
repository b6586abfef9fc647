"""``pytest -p ulak.dropin.pytest``: tests whose ``import requests`` gives ulak."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dropin.child import run

#: A plugin that imports requests when it is loaded, as many do.
_PLUGIN = "import requests\nSESSION = requests.Session\n"

_TESTS = """\
import early, requests, ulak
from requests.adapters import HTTPAdapter

def test_it():
    assert early.SESSION is requests.Session is ulak.Session
    assert HTTPAdapter is ulak.adapters.HTTPAdapter
    assert requests.Session().timeout is None
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A folder with a plugin and a test."""
    tmp_path.joinpath("early.py").write_text(_PLUGIN)
    tmp_path.joinpath("test_it.py").write_text(_TESTS)
    return tmp_path


@pytest.mark.parametrize("more", [[], ["-n", "1"]], ids=["one-process", "workers"])
@pytest.mark.parametrize("absent", [False, True], ids=["installed", "not-installed"])
def test_tests_and_plugins_get_ulak(suite: Path, more: list[str], absent: bool) -> None:
    done = run(
        *("-m", "pytest", "-p", "ulak.dropin.pytest", "-p", "early", *more),
        folder=suite,
        without_requests=absent,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert "requests: is ulak" in done.stdout


def test_without_it_they_get_requests(suite: Path) -> None:
    done = run("-m", "pytest", "-p", "early", folder=suite)
    assert done.returncode == 1 and "1 failed" in done.stdout


def test_too_late_is_an_error_in_one_line(suite: Path) -> None:
    done = run("-m", "pytest", "-p", "early", "-p", "ulak.dropin.pytest", folder=suite)
    assert done.returncode == 4, done.stdout
    assert "ERROR: requests is imported already (by early" in done.stderr
    assert "run `pytest -p ulak.dropin.pytest`, or put that option into addopts" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_is_gone_when_pytest_ends(suite: Path) -> None:
    program = suite / "program.py"
    program.write_text(
        "import pytest, sys, ulak.dropin\n"
        "assert pytest.main(['-p', 'ulak.dropin.pytest', 'test_it.py']) == 0\n"
        "assert not ulak.dropin.is_installed() and 'requests' not in sys.modules\n"
    )
    done = run("program.py", folder=suite)
    assert done.returncode == 0, done.stdout + done.stderr
