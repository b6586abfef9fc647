"""Each example against a server of this machine; one test of its name for each."""

from __future__ import annotations

import ast
import gzip
import hashlib
import json
import re
import runpy
import select
import signal
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import Answer, HttpServer, NginxServer, ReceivedRequest, free_port, wait_port

from .conftest import EXAMPLES, RunExample, StartExample, environment, python

PROGRAMS = sorted(EXAMPLES.glob("*.py"))
#: The smallest of pictures: one grey pixel.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c63680000008200817 7cd72b60000000049454e44ae426082".replace(" ", "")
)


# -- the folder --------------------------------------------------------------


def test_every_example_has_a_test() -> None:
    tree = ast.parse(Path(__file__).read_text(encoding="utf-8"))
    tests = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert PROGRAMS
    assert [p.name for p in PROGRAMS if f"test_{p.stem}" not in tests] == []


def test_the_index_names_every_example() -> None:
    index = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\((\w+\.py)\)", index)) == {p.name for p in PROGRAMS}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.name)
def test_each_says_how_to_run_it(program: Path) -> None:
    docstring = ast.get_docstring(ast.parse(program.read_text(encoding="utf-8"))) or ""
    assert re.search(rf"^    .*examples/{program.name}", docstring, re.MULTILINE)


# -- begin here --------------------------------------------------------------


def test_demo_server() -> None:
    command = python(EXAMPLES / "demo_server.py", "0")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, encoding="utf-8", env=environment()
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split(" ")[0]
        with urllib.request.urlopen(url, timeout=10) as response:
            assert b"The courier" in response.read()
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "Goodbye.\n"
    assert process.returncode == 0


def test_docs_server() -> None:
    command = python(EXAMPLES / "docs_server.py", "0")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, encoding="utf-8", env=environment()
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split(" ")[0]
        with urllib.request.urlopen(f"{url}/json", timeout=10) as response:
            assert b'"courier": "ulak"' in response.read()
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "Goodbye.\n"
    assert process.returncode == 0


@pytest.mark.parametrize("name", ["docs_server.py", "demo_server.py"])
def test_a_port_that_is_in_use(name: str) -> None:
    """Said in a line, with what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            python(EXAMPLES / name, port),
            capture_output=True,
            encoding="utf-8",
            timeout=30,
            check=False,
        )
    assert done.returncode == 1
    assert re.fullmatch(rf"port {port}: .*; name another: {name} 9090\n", done.stderr)


def test_quickstart(run_example: RunExample) -> None:
    shown = run_example("quickstart.py")
    size = (EXAMPLES / "quickstart.py").stat().st_size
    for fact in (
        "/echo?from=%C4%B0zmir&to=Kars",
        "status:  200 OK",
        "params:  {'from': 'İzmir', 'to': 'Kars'}",
        "201 Created {'id': 6, 'name': 'Fatma', 'horse': 'Doru'}",
        "the server read: {'name': 'Fatma', 'horse': 'Doru'}",
        f"file:  {{'filename': 'quickstart.py', 'size': {size}}}",
        "field: {'to': 'Kars'}",
        "at the server:     {'rider': 'Fatma'}",
        "200 http://127.0.0.1",
        "You have arrived on the new road.",
        "letters.bin: 5,000,000 bytes",
        "without: 401",
        "with:    200 Welcome, courier.",
        "ReadTimeout: ",
        "HTTPError: 404",
    ):
        assert fact in shown
    assert re.search(r"^301 http://\S+/old\n200 http://\S+/new$", shown, re.MULTILINE)


def test_read_page(run_example: RunExample, demo_server: str) -> None:
    assert "<h1>The courier</h1>" in run_example("read_page.py", f"{demo_server}/")


def test_strip_tags(run_example: RunExample, http_server: HttpServer) -> None:
    shown = run_example("strip_tags.py", f"{http_server.url}/html")
    assert shown == "A page Mektup The courier rode through the night .\n"


def test_response_attributes(run_example: RunExample, demo_server: str) -> None:
    shown = run_example("response_attributes.py", f"{demo_server}/")
    for fact in (
        f"url:               {demo_server}/\n",
        "status_code:       200\n",
        "reason:            OK\n",
        "ok:                True\n",
        "encoding:          utf-8\n",
        "the same:          text/html; charset=utf-8\n",
        "    Content-Length: ",
        f"what was sent:     GET {demo_server}/\n",
        "    User-Agent: ",
    ):
        assert fact in shown


def test_errors(run_example: RunExample, demo_server: str) -> None:
    lines = run_example("errors.py", demo_server).splitlines()
    assert [line.split(": ", 1)[1] for line in lines[:-1]] == [
        "fine: 2 items",
        "the server refused with 404",
        "the answer is not JSON",
        "it took too long",
        "it goes round in circles",
        "nobody is there",
        "this is not a URL that can be requested",
    ]
    assert lines[-1].startswith("example.com: MissingSchema: ")


def test_methods(run_example: RunExample, demo_server: str) -> None:
    shown = run_example("methods.py", demo_server)
    rows = [line.split(maxsplit=2) for line in shown.splitlines()]
    methods = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "QUERY", "GET"]
    assert [row[:2] for row in rows] == [[method, "200"] for method in methods]
    heard = [row[2].removeprefix("the server heard ") for row in rows]
    assert heard == ["(no body)" if method == "HEAD" else method for method in methods]


def test_params(run_example: RunExample, demo_server: str) -> None:
    assert run_example("params.py", demo_server).replace(demo_server, "").splitlines() == [
        "/echo?q=fast+horses&page=2",
        "/echo?color=bay&color=grey",
        "/echo?sort=name&b=2&a=1",
        "/echo?%C5%9Fehir=%C4%B0zmir+%26+Kars",
        "{'şehir': 'İzmir & Kars'}",
    ]


def test_timeouts(run_example: RunExample, demo_server: str) -> None:
    shown = run_example("timeouts.py", demo_server)
    outcomes = re.findall(r"(\w+) after (\d+\.\d) s$", shown, re.MULTILINE)
    names = ["ReadTimeout", "ReadTimeout", "TotalTimeout", "200"]
    assert [name for name, _ in outcomes] == names
    # The server takes two seconds; what is later than that was the machine.
    assert all(0.5 <= float(seconds) < 2 for _, seconds in outcomes[:3])


# -- sending -----------------------------------------------------------------


def test_form_post(run_example: RunExample, demo_server: str) -> None:
    shown = run_example("form_post.py", demo_server)
    assert "name=%C3%87i%C4%9Fdem&letters=3" in shown
    assert "as:             application/x-www-form-urlencoded\n" in shown
    assert "the server saw: {'name': 'Çiğdem', 'letters': '3'}\n" in shown


def test_json_both_ways(run_example: RunExample, demo_server: str) -> None:
    shown = run_example("json_both_ways.py", demo_server)
    assert "sent as:  application/json\n" in shown
    assert "'to': 'Çiğdem'" in shown
    assert "the same: True\n" in shown
    assert re.search(r"^not JSON: \S", shown, re.MULTILINE)


def test_flask_app() -> None:
    client = runpy.run_path(str(EXAMPLES / "flask_app.py"))["app"].test_client()
    assert client.post("/pictures", data={"caption": "no picture"}).status_code == 400


def test_upload_image(run_example: RunExample, tmp_path: Path) -> None:
    port = free_port()
    command = python("-m", "flask", "--app", EXAMPLES / "flask_app.py", "run", "--port", str(port))
    picture = tmp_path / "horse.png"
    picture.write_bytes(PIXEL)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as flask:
        try:
            wait_port(port, timeout=20, alive=lambda: flask.poll() is None)
            shown = run_example("upload_image.py", f"http://127.0.0.1:{port}", picture)
        finally:
            flask.terminate()
    assert dict(line.split(": ") for line in shown.splitlines()) == {
        "filename": "horse.png",
        "type": "image/png",
        "size": str(len(PIXEL)),
        "sha256": hashlib.sha256(PIXEL).hexdigest(),
        "caption": "A bay horse",
    }


def test_cookies_both_ways(run_example: RunExample, demo_server: str) -> None:
    assert run_example("cookies_both_ways.py", demo_server).splitlines() == [
        "sent:          {'language': 'tr'}",
        "received:      Fatma",
        "in a session:  {'language': 'tr', 'rider': 'Fatma'}",
        "sent with one: {'language': 'tr', 'rider': 'Fatma', 'theme': 'dark'}",
        "still there:   {'language': 'tr', 'rider': 'Fatma'}",
    ]


def test_user_agent(run_example: RunExample) -> None:
    ours, given = run_example("user_agent.py").splitlines()
    assert re.fullmatch(r"the server saw: (python-)?ulak/\d+\.\d+\.\d+", ours)
    assert given == "the server saw: letter-reader/1.0"


@pytest.mark.real("nginx")
def test_basic_auth(run_example: RunExample, start_nginx: Callable[..., NginxServer]) -> None:
    gate = 'auth_basic "stables"; auth_basic_user_file {root}/htpasswd;'
    files = {"private/letter.txt": "Dear courier,\n", "htpasswd": "courier:{PLAIN}horse\n"}
    server = start_nginx(f"location /private/ {{ {gate} }}", files=files)
    assert run_example("basic_auth.py", server.url).splitlines() == [
        'without:        401 Basic realm="stables"',
        "wrong password: 401",
        "right password: 200 Dear courier,",
    ]


# -- receiving ---------------------------------------------------------------


def test_lxml_content(run_example: RunExample, demo_server: str) -> None:
    assert run_example("lxml_content.py", f"{demo_server}/").splitlines() == [
        "title: The courier",
        f"link:  an old road -> {demo_server}/old",
        f"link:  the riders -> {demo_server}/users",
    ]


def test_fetch_untrusted(demo_server: str, http_server: HttpServer) -> None:
    http_server.route("/large")(lambda request: Answer(bytes(100_001)))
    allowed = ("--http", "--allow", "127.0.0.1")
    urls = (f"{demo_server}/", f"{http_server.url}/large", f"{http_server.at('127.0.0.2')}/")
    command = python(EXAMPLES / "fetch_untrusted.py", *allowed, *urls)
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", env=environment(), timeout=45, check=True
    )
    assert done.stdout.splitlines() == [
        f"{urls[0]}: The courier",
        f"{urls[1]}: this is too large to look at",
        f"{urls[2]}: this address is not for you",
    ]
    assert "127.0.0.2 (loopback)" in done.stderr
    plain = python(EXAMPLES / "fetch_untrusted.py", urls[0])
    assert b"only https, please" in subprocess.run(plain, capture_output=True, check=True).stdout


def test_download(run_example: RunExample, demo_server: str, tmp_path: Path) -> None:
    target = tmp_path / "letters.bin"
    size = 3_000_001
    assert run_example("download.py", f"{demo_server}/download?size={size}", target) == (
        f"announced: {size} bytes\nwritten:   {size} bytes to {target}\n"
    )
    assert target.read_bytes() == (b"ulak" * size)[:size]


@pytest.mark.real("nginx")
def test_redirects(run_example: RunExample, start_nginx: Callable[..., NginxServer]) -> None:
    server = start_nginx(
        "location = /oldpage.html { return 301 /newpage.html; }",
        files={"newpage.html": "<h1>The new page</h1>"},
    )
    assert run_example("redirects.py", server.url).splitlines() == [
        f"asked for:  {server.url}/oldpage.html",
        f"arrived at: {server.url}/newpage.html",
        f"by way of:  301 Moved Permanently to {server.url}/newpage.html",
        f"stopped at: 301 {server.url}/oldpage.html",
        "permanent:  True",
    ]


# -- sessions ----------------------------------------------------------------


def test_session_headers(run_example: RunExample, demo_server: str) -> None:
    assert run_example("session_headers.py", demo_server).splitlines() == [
        "from the session: Fatma tr",
        "from the call:    Deniz tr",
        "left out:         None tr",
    ]


def test_api_client(run_example: RunExample, demo_server: str) -> None:
    lines = run_example("api_client.py", demo_server).splitlines()
    names = ["Aysel", "Baran", "Ceyda", "Deniz", "Emre"]
    assert lines[:5] == [f"User(id={i}, name={name!r})" for i, name in enumerate(names, 1)]
    assert lines[5:7] == ["added: User(id=6, name='Fatma')", "status: ready"]
    assert lines[7].startswith("error: 404 ")
    assert "a-secret" not in lines[7]


def test_custom_adapter(run_example: RunExample, tmp_path: Path) -> None:
    letter = tmp_path / "a letter.txt"
    letter.write_text("Sevgili dost,\nyol uzun.\n", encoding="utf-8")
    assert run_example("custom_adapter.py", letter).splitlines() == [
        "first line: Sevgili dost,",
        "missing:    404",
        "[GET dict://letters/1: 200]",
        "from dict:  Dear friend,",
        "[GET dict://letters/2: 404]",
        "not there:  404",
    ]


# -- asynchronous ------------------------------------------------------------


class Site:
    """Pages in a tree, of which the root leads to some that are something else.

    Pages 3 to 38 are answered only when four of them have been asked for.
    """

    PAGES = 39
    AT_ONCE = 4

    def __init__(self, server: HttpServer, elsewhere: str) -> None:
        self.url = server.url
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()
        self._too_many = threading.Event()
        # Four have come: leave a fifth, who should not, the time to come too.
        self._all_four = threading.Barrier(
            self.AT_ONCE, action=lambda: self._too_many.wait(0.05), timeout=20
        )
        special = ["/missing", "/moved", "/text", f"{elsewhere}/", "mailto:a@b.example", "#top"]
        for number in range(self.PAGES):
            children = [f"/page/{n}#part" for n in (2 * number + 1, 2 * number + 2)]
            links = [link for link in children if int(link[6:-5]) < self.PAGES]
            if number == 0:
                links = ["1", f"{server.url}/page/2", *special]
            self._add(server, f"/page/{number}", self._page(number, links))
        self._add(server, "/", self._page(0, ["/page/0"]))
        self._add(server, "/moved", lambda: Answer(b"", 302, [("Location", "/page/1")]))
        self._add(server, "/text", lambda: Answer.text('<a href="/not-a-link">'))

    def _page(self, number: int, links: list[str]) -> Callable[[], Answer]:
        text = "".join(f'<p><a name="x" HREF="{link}">a page</a>' for link in links)

        def answer() -> Answer:
            if number >= 3:
                self._all_four.wait()
            return Answer.text(f"<html>{text}", kind="text/html; charset=utf-8")

        return answer

    def _add(self, server: HttpServer, path: str, answer: Callable[[], Answer]) -> None:
        @server.route(path)
        def handle(request: ReceivedRequest) -> Answer:
            with self._lock:
                self._now += 1
                self.most = max(self.most, self._now)
                if self._now > self.AT_ONCE:
                    self._too_many.set()
            try:
                return answer()
            finally:
                with self._lock:
                    self._now -= 1


def test_crawler(run_example: RunExample, http_server: HttpServer) -> None:
    with HttpServer() as elsewhere:
        site = Site(http_server, elsewhere.url)
        lines = run_example("crawler.py", f"{site.url}/", "http://127.0.0.1:1/x").splitlines()
        assert elsewhere.requests == []
    pages = {f"{site.url}/page/{number}" for number in range(site.PAGES)}
    found = Counter(line[4:] for line in lines if line.startswith("200 "))
    assert set(found) == pages | {f"{site.url}/", f"{site.url}/text"}
    # Once as a page of its own, and once where the redirect led.
    assert found.pop(f"{site.url}/page/1") == 2
    assert set(found.values()) == {1}
    assert f"404 {site.url}/missing" in lines
    assert any(line.startswith("GET http://127.0.0.1:1/x: no connection") for line in lines)
    assert re.fullmatch(r"42 found, 1 missing, 1 failed in \d+\.\d s", lines[-1])
    assert site.most == site.AT_ONCE


def ask(url: str, **arguments: object) -> tuple[int, object]:
    """The status and the JSON of an answer."""
    request = urllib.request.Request(url, **arguments)  # type: ignore[arg-type]
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_service(start_example: StartExample, http_server: HttpServer) -> None:
    @http_server.route("/users")
    def users(request: ReceivedRequest) -> Answer:
        if request.method == "POST":
            return Answer.json({"id": 6, **json.loads(request.body)}, status=201)
        return Answer.json([{"id": 1, "name": "Aysel"}], headers=[("Set-Cookie", "a=1")])

    @http_server.route("/busy")
    def busy(request: ReceivedRequest) -> Answer:
        first = all(each.path != "/busy" for each in http_server.requests[:-1])
        if first and not request.header("Cookie"):
            return Answer(b"", 503, [("Retry-After", "0")])
        return Answer.json({"status": "ready"})

    @http_server.route("/letters/7")
    def letter(request: ReceivedRequest) -> Answer:
        return Answer(b"", 500)

    @http_server.route("/slow")
    def slow(request: ReceivedRequest) -> Answer:
        held.wait(20)
        return Answer(b"late")

    held = threading.Event()
    port = free_port()
    service = f"http://127.0.0.1:{port}"
    with start_example("service.py", http_server.url, str(port), port=port) as running:
        for _ in range(3):
            assert ask(f"{service}/overview") == (200, {"riders": ["Aysel"], "status": "ready"})
        new = {"data": b'{"name": "Fatma"}', "method": "POST"}
        assert ask(f"{service}/riders", **new) == (201, {"id": 6, "name": "Fatma"})
        assert ask(f"{service}/letters/8") == (404, {"error": "not found"})
        assert ask(f"{service}/letters/7") == (502, {"error": "http_status"})
        try:
            assert ask(f"{service}/slow") == (504, {"error": "read_timeout"})
        finally:
            held.set()
        assert sum(request.path == "/slow" for request in http_server.requests) == 1
        # Two at once, and a new one after the one that was given up.
        assert http_server.connections <= 3
        assert not any(request.header("Cookie") for request in http_server.requests)
        http_server.drop_connections()
        assert ask(f"{service}/overview")[0] == 200
    assert running.printed == ""


#: More than all buffers between one end of the proxy and the other hold: those of four
#: sockets, which Linux lets grow to some megabytes each, and of both servers.
LARGE = 200_000_000
BUFFERS = 100_000_000


def test_streaming_proxy(start_example: StartExample, http_server: HttpServer) -> None:
    @http_server.route("/gzip-always")
    def gzip_always(request: ReceivedRequest) -> Answer:
        return Answer(
            gzip.compress(b"ulak"), 200, [("Content-Encoding", "gzip"), ("Set-Cookie", "a=1")]
        )

    port = free_port()
    proxy = f"http://127.0.0.1:{port}"
    with start_example("streaming_proxy.py", http_server.url, str(port), port=port) as running:
        # A path as it is written, fields of the client, and none of the proxy's own.
        request = urllib.request.Request(
            f"{proxy}/anything/%7e//x?a=%2F", headers={"X-Letter": "7", "User-Agent": "courier"}
        )
        status, seen = ask(request.full_url, headers=dict(request.headers))
        assert status == 200 and isinstance(seen, dict)
        assert seen["target"] == "/anything/%7e//x?a=%2F"
        assert (seen["headers"]["x-letter"], seen["headers"]["user-agent"]) == ("7", "courier")
        assert seen["headers"]["Host"] == f"127.0.0.1:{http_server.port}"

        # A form with its length; an answer that is coded for nobody.
        _, seen = ask(f"{proxy}/post", data=b"a=b")
        assert isinstance(seen, dict) and seen["form"] == {"a": "b"}
        with urllib.request.urlopen(f"{proxy}/gzip-always", timeout=20) as answer:
            assert answer.read() == b"ulak"
            assert answer.headers["Set-Cookie"] == "a=1"
        _, seen = ask(f"{proxy}/cookies")
        assert seen == {"cookies": {}}

        # Redirects are the client's business, errors have a name.
        with pytest.raises(urllib.error.HTTPError, match="307") as caught:
            urllib.request.build_opener(NoRedirect).open(f"{proxy}/status/307", timeout=20).read()
        caught.value.close()
        http_server.drop_connections()

        # Large bodies both ways, in little memory.
        with urllib.request.urlopen(f"{proxy}/large/{LARGE}", timeout=40) as answer:
            assert sum(len(piece) for piece in iter(lambda: answer.read(1 << 20), b"")) == LARGE
        _, stored = ask(f"{proxy}/sink", data=(bytes(1 << 20) for _ in range(100)), method="POST")
        assert isinstance(stored, dict) and stored["size"] == 100 << 20
        assert peak_memory(running.process.pid) < LARGE / 2
    assert f"GET /large/{LARGE}: 200, {LARGE:,} bytes\n" in running.printed
    assert "POST /sink: 200, " in running.printed
    assert "GET /status/307: 307, 0 bytes\n" in running.printed


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Leaves redirects alone."""

    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


def peak_memory(pid: int) -> int:
    """In bytes.  Not ru_maxrss, which a process inherits from the one that started it."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s*(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


def test_streaming_proxy_lets_a_slow_reader_slow_the_server_down(
    start_example: StartExample, http_server: HttpServer
) -> None:
    sent = 0
    asked_for = threading.Semaphore(0)

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        while sent < LARGE:
            yield bytes(1 << 20)
            sent += 1 << 20
            asked_for.release()

    @http_server.route("/endless")
    def endless(request: ReceivedRequest) -> Answer:
        return Answer(pieces())

    port = free_port()
    with (
        start_example("streaming_proxy.py", http_server.url, str(port), port=port) as running,
        socket.create_connection(("127.0.0.1", port), timeout=20) as client,
    ):
        client.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        # The client reads nothing, until the server has had to wait for a whole second.
        while asked_for.acquire(timeout=1):
            pass
        stalled_at = sent
        assert stalled_at < BUFFERS
        received = 0
        while received < BUFFERS:
            received += len(client.recv(1 << 20))
        assert asked_for.acquire(timeout=20), "the server goes on"
        assert peak_memory(running.process.pid) < LARGE / 2
    # The client hung up, and so the proxy did.
    assert int(running.printed.split(", ")[1].split()[0].replace(",", "")) < LARGE


def test_streaming_proxy_lets_a_slow_server_slow_the_sender_down(
    start_example: StartExample,
) -> None:
    port = free_port()
    block = bytes(1 << 20)
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        start_example(
            "streaming_proxy.py",
            f"http://127.0.0.1:{server.getsockname()[1]}",
            str(port),
            port=port,
        ) as running,
        socket.create_connection(("127.0.0.1", port), timeout=20) as client,
    ):
        server.settimeout(20)
        length = 200 * len(block)
        client.sendall(b"PUT /letter HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % length)
        client.setblocking(False)
        sent = 0
        # The server reads nothing, until the client has had to wait for a whole second.
        while sent < length and select.select([], [client], [], 1)[1]:
            sent += client.send(block[: length - sent])
        assert sent < BUFFERS
        connection, _ = server.accept()
        with connection:
            connection.settimeout(20)
            client.setblocking(True)
            client.settimeout(20)
            rest = threading.Thread(target=client.sendall, args=(bytes(length - sent),))
            rest.start()
            data = b""
            while b"\r\n\r\n" not in data:
                data += connection.recv(1 << 16)
            head, _, body = data.partition(b"\r\n\r\n")
            assert b"content-length: %d" % length in head.lower()
            received = len(body)
            while received < length:
                received += len(connection.recv(1 << 20))
            rest.join(20)
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            assert client.recv(1 << 16).startswith(b"HTTP/1.1 204 ")
        assert peak_memory(running.process.pid) < LARGE / 2
    assert running.printed == "PUT /letter: 204, 0 bytes\n"
