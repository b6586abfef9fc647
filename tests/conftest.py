"""What every test stands on: a clean environment, real servers or none, no leaks.

Knows the switches of the suite (see CONTRIBUTING.md); knows nothing of ulak.
"""

from __future__ import annotations

import gc
import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.support.fixtures"]

#: Set: a real server that is absent fails its tests.  Not set: they are deselected.
REQUIRE_REAL_SERVERS = "ULAK_REQUIRE_REAL_SERVERS"

#: The programs that ``@pytest.mark.real(...)`` may name.
REAL_SERVERS = ("nginx", "squid", "microsocks", "nghttpd", "openssl")

#: The plugin that puts ulak in the place of requests, and the tests that are nothing without it.
STAND_IN = "ulak.dropin.pytest"
ECOSYSTEM = Path(__file__).parent / "dropin" / "ecosystem"

_INFLUENCES = (
    "CURL_CA_BUNDLE",
    "NETRC",
    "REQUESTS_CA_BUNDLE",
    "SSLKEYLOGFILE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
)
_FD_FOLDER = Path("/proc/self/fd" if Path("/proc/self/fd").is_dir() else "/dev/fd")
_GRACE = 5.0

# A developer's run looks for new counter-examples; that of a change has to be repeatable.
settings.register_profile(
    "ulak",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ulak")


# -- environment -------------------------------------------------------------


def pytest_configure() -> None:
    """Let no proxy, CA bundle or netrc of this machine reach a test or its imports."""
    for name in list(os.environ):
        if name in _INFLUENCES or name.lower().endswith("_proxy"):
            del os.environ[name]
    # Debian keeps servers where a user's PATH does not look.
    os.environ["PATH"] = os.pathsep.join(
        [os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"]
    )


@pytest.fixture(scope="session", autouse=True)
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home directory with no ``.netrc`` in it, for the whole run."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        yield home


# -- real servers ------------------------------------------------------------


def _real_server(item: pytest.Item) -> str | None:
    """The program that a test is marked to need."""
    mark = item.get_closest_marker("real")
    if mark is None:
        return None
    if mark.args[:1] and mark.args[0] in REAL_SERVERS:
        return str(mark.args[0])
    raise pytest.UsageError(f"{item.nodeid}: @pytest.mark.real takes one of {REAL_SERVERS}")


def _is_absent(server: str | None) -> bool:
    return server is not None and shutil.which(server) is None


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what takes part: tests that are left out must not go unseen."""
    return [_real_servers_present(), _ecosystem_present(config)]


def _real_servers_present() -> str:
    absent = [name for name in REAL_SERVERS if _is_absent(name)]
    if not absent:
        return "real servers: all present"
    consequence = "FAIL" if REQUIRE_REAL_SERVERS in os.environ else "are deselected"
    return f"real servers: no {', '.join(absent)}; their tests {consequence}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect tests of absent servers, unless the switch is set."""
    dropped = [item for item in items if _is_absent(_real_server(item))]
    if dropped and REQUIRE_REAL_SERVERS not in os.environ:
        items[:] = [item for item in items if item not in dropped]
        config.hook.pytest_deselected(items=dropped)


def pytest_collection_finish() -> None:
    """Let a search for garbage pass over the suite itself, thousands of tests of which none ends.

    Many tests make such a search, some of them many times: it would take them half a second.
    """
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test whose server is absent; it is still here because of the switch."""
    server = _real_server(item)
    if _is_absent(server):
        pytest.fail(f"{server} is not installed and {REQUIRE_REAL_SERVERS} is set", pytrace=False)


# -- packages built on requests ----------------------------------------------


def _ecosystem_present(config: pytest.Config) -> str:
    if config.pluginmanager.hasplugin(STAND_IN):
        return "ecosystem: ulak stands in for requests"
    return f"ecosystem: not collected without -p {STAND_IN}; see `make ecosystem`"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the packages that need ulak in the place of requests, where it is not."""
    if collection_path == ECOSYSTEM and not config.pluginmanager.hasplugin(STAND_IN):
        return True
    return None


# -- leaks -------------------------------------------------------------------


def open_descriptors() -> dict[int, str]:
    """This process's descriptors and what each refers to."""
    found = {}
    for entry in os.listdir(_FD_FOLDER):
        try:
            found[int(entry)] = os.readlink(_FD_FOLDER / entry)
        except OSError:
            continue  # the descriptor that listed the folder
    return found


def _new_since(before: dict[int, str]) -> dict[int, str]:
    return {fd: what for fd, what in open_descriptors().items() if before.get(fd) != what}


@pytest.fixture
def no_leaks() -> Iterator[None]:
    """Fail when the test leaves a descriptor or a thread behind.

    Name it first among a test's fixtures, so that it is the last to be torn
    down and sees what the others leave.
    """
    threads = set(threading.enumerate())
    descriptors = open_descriptors()
    yield
    deadline = time.monotonic() + _GRACE
    for thread in set(threading.enumerate()) - threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    left_threads = [t.name for t in threading.enumerate() if t not in threads]
    left = _new_since(descriptors)
    if left:  # perhaps only garbage, which is slow to look for
        gc.collect()
        left = _new_since(descriptors)
    assert not left_threads, f"threads left behind: {left_threads}"
    assert not left, f"descriptors left behind: {left}"
