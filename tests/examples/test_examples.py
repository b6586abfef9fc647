"""Each example against a server of this machine; one test of its name for each."""

from __future__ import annotations

import ast
import hashlib
import re
import runpy
import signal
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import HttpServer, NginxServer, free_port, wait_port

from .conftest import EXAMPLES, RunExample, environment, python

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
    assert all(0.5 <= float(seconds) < 1.5 for _, seconds in outcomes[:3])


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
