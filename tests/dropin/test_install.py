"""What ``import requests`` gives while the drop-in is installed, and before and after."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dropin.child import output_of
from tests.support import HttpServer, RawConnection

#: Both: where requests is installed, and where it is not.
everywhere = pytest.mark.parametrize("absent", [False, True], ids=["installed", "not-installed"])


@everywhere
def test_requests_is_ulak(absent: bool) -> None:
    output_of(
        """
        import ulak.dropin
        ulak.dropin.install()
        import requests, requests.adapters, requests.exceptions as errors, sys
        import ulak.adapters
        assert ulak.dropin.is_installed()
        assert requests.adapters is ulak.adapters is sys.modules["requests.adapters"]
        assert requests.Session is ulak.Session is requests.sessions.Session
        assert requests.get is ulak.get
        assert errors is ulak.exceptions
        assert "get" in dir(requests) and requests.__name__ == "requests"
        assert not hasattr(requests, "no_such_name")
        try:
            import requests.async_sessions
        except ModuleNotFoundError as error:
            assert error.name == "requests.async_sessions"
        else:
            raise AssertionError("requests has no such module")
        """,
        without_requests=absent,
    )


@everywhere
def test_its_version_is_that_of_requests(absent: bool) -> None:
    output_of(
        """
        import ulak.dropin
        ulak.dropin.install()
        import importlib.metadata, importlib.util
        assert importlib.util.find_spec("requests").name == "requests"
        import requests, requests.__version__
        assert requests.__version__.startswith("2.34.") and requests.__build__ == 0x023402
        assert importlib.metadata.version("requests") == requests.__version__
        assert importlib.metadata.distribution("Requests").metadata["Name"] == "requests"
        assert "requests" in importlib.metadata.packages_distributions()
        assert ulak.__version__ != requests.__version__
        from requests.help import info
        assert info()["requests"] == {"version": requests.__version__}
        """,
        without_requests=absent,
    )


@pytest.mark.parametrize("used", ["", "import requests.adapters, requests.sessions"])
def test_uninstall_brings_requests_back(used: str) -> None:
    output_of(
        f"""
        import sys
        import ulak.sessions, ulak.utils
        before = {{name: set(vars(sys.modules[name])) for name in ("ulak.sessions", "ulak.utils")}}
        finders = list(sys.meta_path)
        for _ in range(2):
            ulak.dropin.install()
            {used}
            ulak.dropin.uninstall()
        assert not ulak.dropin.is_installed()
        assert sys.meta_path == finders
        assert not [name for name in sys.modules if name.partition(".")[0] == "requests"]
        assert {{name: set(vars(sys.modules[name])) for name in before}} == before
        assert ulak.Session().timeout == ulak.timeouts.DEFAULT_TIMEOUT
        import importlib.metadata, requests, requests.adapters
        assert requests.Session.__module__ == "requests.sessions"
        assert requests.adapters.HTTPAdapter is not ulak.adapters.HTTPAdapter
        assert importlib.metadata.version("requests") == requests.__version__
        """
    )


def test_without_requests_uninstall_leaves_nothing() -> None:
    output_of(
        """
        import importlib.metadata
        import ulak.dropin
        ulak.dropin.install()
        import requests
        ulak.dropin.uninstall()
        ulak.dropin.uninstall()
        try:
            import requests
        except ModuleNotFoundError:
            pass
        else:
            raise AssertionError(requests)
        """,
        without_requests=True,
    )


def test_install_again_changes_nothing() -> None:
    output_of(
        """
        import sys
        import ulak.dropin
        ulak.dropin.install()
        import requests
        finders = list(sys.meta_path)
        ulak.dropin.install()
        ulak.dropin.install(force=True)
        import requests as again
        assert again is requests and sys.meta_path == finders
        sys.meta_path.remove(finders[0])
        ulak.dropin.install()
        assert sys.meta_path == finders
        del sys.modules["requests"]
        import requests as anew
        assert anew is requests
        """
    )


def test_it_refuses_when_requests_was_imported_and_says_by_whom(tmp_path: Path) -> None:
    tmp_path.joinpath("early.py").write_text("from requests import Session\n")
    output_of(
        """
        import sys
        sys.path.insert(0, sys.argv[1])
        import early, ulak.dropin
        finders = list(sys.meta_path)
        try:
            ulak.dropin.install()
        except ulak.dropin.RequestsImported as error:
            assert isinstance(error, RuntimeError)
            assert "imported already (by early)" in str(error), error
        else:
            raise AssertionError("it should have refused")
        assert not ulak.dropin.is_installed() and sys.meta_path == finders
        import requests
        assert requests.Session is early.Session
        """,
        str(tmp_path),
    )


def test_forced_it_puts_requests_aside_until_it_is_uninstalled() -> None:
    output_of(
        """
        import requests as real, requests.adapters, requests.packages, sys
        import ulak.dropin
        loaded = {name: module for name, module in sys.modules.items() if "requests" in name}
        ulak.dropin.install(force=True)
        import requests.adapters
        assert requests is not real
        assert requests.adapters is ulak.adapters
        assert real.Session is not requests.Session
        ulak.dropin.uninstall()
        assert {name: sys.modules[name] for name in loaded} == loaded
        import requests
        assert requests is real
        """
    )


def test_what_forbids_requests_forbids_it_again_afterwards() -> None:
    output_of(
        """
        import sys
        import ulak.dropin
        sys.modules["requests"] = None
        ulak.dropin.install()
        import requests
        ulak.dropin.uninstall()
        assert sys.modules["requests"] is None
        """
    )


def test_importing_ulak_neither_installs_nor_loads_the_drop_in() -> None:
    output_of(
        """
        import sys
        finders = list(sys.meta_path)
        import ulak
        ulak.Session().close()
        old = {"dropin", "utils", "compat", "packages", "certs", "help", "_internal_utils"}
        assert not old & {name.split(".")[1] for name in sys.modules if name.startswith("ulak.")}
        assert sys.meta_path == finders
        """
    )


def test_threads_that_import_at_once_get_the_same() -> None:
    output_of(
        """
        import threading
        import ulak.dropin
        ulak.dropin.install()
        start, got = threading.Barrier(16), []
        def run():
            start.wait()
            import requests.packages.urllib3.util.retry as retry, requests.sessions, requests
            got.append((requests, requests.sessions, retry))
        threads = [threading.Thread(target=run) for _ in range(16)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        import urllib3.util.retry
        assert got == [(got[0][0], ulak.sessions, urllib3.util.retry)] * 16
        """
    )


# -- the default timeout -------------------------------------------------------


def test_sessions_have_no_timeout_unless_they_say_so() -> None:
    output_of(
        """
        import ulak.dropin
        early = ulak.Session()
        class Hasty(ulak.Session):
            timeout = 5
        ulak.dropin.install()
        import requests
        standard = ulak.timeouts.DEFAULT_TIMEOUT
        assert requests.Session().timeout is None and requests.session().timeout is None
        assert requests.Session(timeout=standard).timeout is standard
        assert requests.Session(timeout=3).timeout == 3
        assert Hasty().timeout == 5 and Hasty(timeout=None).timeout is None
        assert early.timeout is standard
        assert ulak.AsyncSession().timeout is standard
        late = requests.Session()
        ulak.dropin.uninstall()
        assert late.timeout is None and ulak.Session().timeout is standard
        """
    )


def test_a_body_may_end_without_the_end_of_tls(start_raw_server, certificates) -> None:
    """As in requests, for as long as the drop-in is installed; with both sessions."""

    def cut(conn: RawConnection) -> None:
        conn.recv_head()
        conn.send(b"HTTP/1.0 200 OK\r\n\r\nwhole")

    server = start_raw_server(cut, tls=certificates.server_context())
    output_of(
        """
        import asyncio, sys
        import ulak.dropin
        url, ca = sys.argv[1:]

        async def asynchronously():
            async with ulak.AsyncSession() as session:
                return (await session.get(url, verify=ca)).text

        def by_all():
            found = []
            for front in ("sync", "async"):
                try:
                    if front == "sync":
                        found.append(ulak.get(url, verify=ca).text)
                    else:
                        found.append(asyncio.run(asynchronously()))
                except ulak.exceptions.IncompleteBody:
                    found.append(None)
            return found

        assert by_all() == [None, None]
        ulak.dropin.install()
        assert by_all() == ["whole", "whole"]
        ulak.dropin.uninstall()
        assert by_all() == [None, None]
        """,
        server.url,
        str(certificates.ca),
    )


def test_an_adapter_is_told_what_requests_tells_it(http_server: HttpServer) -> None:
    told = output_of(
        """
        import sys
        import ulak.dropin
        ulak.dropin.install()
        import requests
        class Noting(requests.adapters.HTTPAdapter):
            def send(self, request, **kwargs):
                print(kwargs["timeout"])
                return super().send(request, **kwargs)
        with requests.Session() as session:
            session.mount("http://", Noting())
            session.get(sys.argv[1])
            session.get(sys.argv[1], timeout=(3, 4))
        """,
        f"{http_server.url}/get",
    )
    assert told.splitlines() == ["None", "(3, 4)"]


# -- replacing what is there ---------------------------------------------------

_PATCHES = [
    ("requests.get", "requests.get(url)"),
    ("requests.get", "ulak.get(url)"),
    ("requests.request", "requests.request('GET', url)"),
    ("requests.api.request", "requests.get(url)"),
    ("requests.Session.request", "requests.get(url)"),
    ("requests.sessions.Session.request", "requests.Session().get(url)"),
    ("requests.sessions.Session.send", "requests.Session().get(url)"),
    ("requests.sessions.Session.get", "ulak.Session().get(url)"),
    ("requests.Session", "requests.Session().get(url)"),
    ("requests.sessions.Session", "requests.get(url)"),
    ("requests.adapters.HTTPAdapter.send", "requests.get(url)"),
    ("requests.models.Response.json", "requests.get(url).json()"),
    ("requests.utils.default_user_agent", "requests.utils.default_user_agent()"),
    ("requests.packages.urllib3.disable_warnings", "requests.urllib3.disable_warnings()"),
    ("requests.packages.urllib3.util.retry.Retry", "requests.packages.urllib3.util.retry.Retry()"),
]


@pytest.mark.parametrize("target,call", _PATCHES, ids=[f"{a} {b}" for a, b in _PATCHES])
def test_mocks_by_dotted_path_take_effect(http_server: HttpServer, target: str, call: str) -> None:
    output_of(
        f"""
        import pkgutil, sys
        from unittest import mock
        import ulak.dropin
        ulak.dropin.install()
        import requests
        url = sys.argv[1]
        before = pkgutil.resolve_name({target!r})
        class Reached(Exception): pass
        for _ in range(2):
            with mock.patch({target!r}, side_effect=Reached):
                try:
                    {call}
                except Reached:
                    pass
                else:
                    raise AssertionError("the mock was not called")
        assert pkgutil.resolve_name({target!r}) is before
        """,
        f"{http_server.url}/json",
    )


def test_mocks_within_mocks_come_off_in_order() -> None:
    output_of(
        """
        from unittest import mock
        import ulak.dropin
        ulak.dropin.install()
        import requests
        with mock.patch("requests.get") as outer:
            with mock.patch("requests.get") as inner:
                assert requests.get is ulak.get is inner
            assert requests.get is ulak.get is outer
        assert requests.get is ulak.api.get
        with mock.patch("requests.__version__", "2.0"):
            assert requests.__version__ == "2.0" != ulak.__version__
        assert requests.__version__.startswith("2.34")
        """
    )


# -- pickles -------------------------------------------------------------------

_MAKE = """
import pickle, sys
import requests
response = requests.Response()
response._content, response.status_code, response.url = b'{"a": 1}', 200, "http://h/"
response.headers = requests.structures.CaseInsensitiveDict({"Content-Type": "application/json"})
response.cookies.set("name", "value", domain="h")
response.request = requests.Request("POST", "http://h/", data={"b": "2"}).prepare()
session = requests.Session()
session.headers["X-Kept"] = "yes"
session.cookies.set("kept", "too", domain="h", path="/")
session.auth = ("user", "password")
error = requests.exceptions.ConnectTimeout("too late")
print(pickle.dumps((response, session, error)).hex())
"""

_READ = """
import pickle, sys
import requests
response, session, error = pickle.loads(bytes.fromhex(sys.argv[1]))
assert type(response) is requests.Response and response.json() == {"a": 1}
assert response.headers["content-type"] == "application/json" and response.ok
assert response.cookies.get_dict() == {"name": "value"}
assert response.request.body == "b=2" and response.request.method == "POST"
assert type(session) is requests.Session and session.headers["x-kept"] == "yes"
assert session.cookies.get("kept", domain="h") == "too" and session.auth == ("user", "password")
assert type(session.get_adapter("https://h/")) is requests.adapters.HTTPAdapter
assert type(error) is requests.exceptions.ConnectTimeout and error.args == ("too late",)
"""
_INSTALL = "import ulak.dropin\nulak.dropin.install()\n"


@pytest.mark.parametrize("maker", ["", _INSTALL], ids=["requests", "the drop-in"])
def test_pickles_of_either_are_read(maker: str) -> None:
    pickled = output_of(maker + _MAKE).strip()
    output_of(_INSTALL + _READ, pickled)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (
            "session.mount('http://', requests.adapters.HTTPAdapter())",
            "requests.adapters.HTTPAdapter is an adapter for requests: ",
        ),
        (
            "session.send(requests.Request('GET', 'http://h/').prepare())",
            "You can only send PreparedRequests of ulak, not requests.models.PreparedRequest: ",
        ),
        (
            "session.get('canned://h/')",
            "Canned.send() should return a ulak.Response, not requests.models.Response; ",
        ),
    ],
)
def test_without_it_what_requests_has_made_is_named(call: str, says: str) -> None:
    said = output_of(
        f"""
        import requests, ulak
        class Canned(requests.adapters.BaseAdapter):
            def send(self, request, **options): return requests.Response()
        session = ulak.Session(adapters={{"canned://": Canned()}})
        try:
            {call}
        except ulak.RequestException as error:
            print(error)
        """
    )
    assert said.startswith(says)
    assert "classes of requests and of ulak do not mix" in said


def test_a_session_that_requests_has_pickled_waits_as_it_did() -> None:
    pickled = output_of("import pickle, requests; print(pickle.dumps(requests.Session()).hex())")
    output_of(
        f"""
        import ulak.dropin
        ulak.dropin.install()
        import pickle
        assert pickle.loads(bytes.fromhex("{pickled.strip()}")).timeout is None
        """
    )
