"""nginx: what a script meets every day."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

import pytest

import ulak
from tests.support import Certificates, NginxServer, nginx

pytestmark = pytest.mark.real("nginx")

TEXT = "".join(f"satır {n}: ışık\n" for n in range(2_000))
BLOB = bytes(range(256)) * 8_000

SERVER = """
location = /oldpage.html { return 301 /newpage.html; }
location = /temporary    { return 302 /newpage.html; }
location = /see-other    { return 303 /newpage.html; }
location = /strict       { return 307 /echo; }
location = /loop         { return 302 /loop; }
location = /absolute     { return 301 $scheme://$http_host/newpage.html; }
location = /echo         { default_type text/plain; return 200 "$request_method $http_x_mark"; }
location = /empty        { return 204; }
location = /gone         { return 410; }
location = /busy         { add_header Retry-After 0 always; return 503; }
location /private/ {
    auth_basic "ulak tests";
    auth_basic_user_file {root}/.passwords;
}
location /small/ {
    client_max_body_size 1k;
    proxy_pass http://127.0.0.1:1;
}
location /closing/ { keepalive_timeout 0; alias {root}/; }
"""
HTTP = """
gzip on;
gzip_types text/plain application/json;
gzip_min_length 100;
keepalive_requests 10000;
"""


@pytest.fixture(scope="module")
def server(certificates: Certificates) -> Iterator[NginxServer]:
    digest = base64.b64encode(hashlib.sha1(b"secret").digest()).decode()
    files: dict[str, str | bytes] = {
        "index.html": "<html>hello</html>",
        "newpage.html": "the new page",
        "text.txt": TEXT,
        "blob.bin": BLOB,
        "data.json": '{"a": [1, 2]}' + " " * 200,
        "private/page.txt": "for your eyes",
        ".passwords": f"user:{{SHA}}{digest}\n",
    }
    with nginx(SERVER, http=HTTP, files=files, certificates=certificates) as running:
        yield running


@pytest.fixture(params=["http", "https"])
def url(request: pytest.FixtureRequest, server: NginxServer) -> str:
    """The server's root, by both schemes."""
    return server.url if request.param == "http" else server.tls_url


def test_a_page(url: str, session: ulak.Session) -> None:
    response = session.get(f"{url}/index.html")
    assert response.text == "<html>hello</html>"
    assert response.headers["Server"].startswith("nginx")
    assert response.headers["Content-Type"] == "text/html"
    assert response.reason == "OK"


def test_gzip(url: str, session: ulak.Session) -> None:
    response = session.get(f"{url}/text.txt")
    response.encoding = "utf-8"
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.text == TEXT
    plain = session.get(f"{url}/text.txt", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.content == TEXT.encode()
    assert session.get(f"{url}/data.json").json() == {"a": [1, 2]}


@pytest.mark.parametrize("size", [1000, 65536, None])
def test_a_download(url: str, session: ulak.Session, size: int | None) -> None:
    with session.get(f"{url}/blob.bin", stream=True) as response:
        assert response.headers["Content-Length"] == str(len(BLOB))
        assert b"".join(response.iter_content(size)) == BLOB


def test_a_range(url: str, session: ulak.Session) -> None:
    response = session.get(f"{url}/blob.bin", headers={"Range": "bytes=10-19"})
    assert (response.status_code, response.content) == (206, BLOB[10:20])


def test_a_page_that_has_not_changed(url: str, session: ulak.Session) -> None:
    etag = session.get(f"{url}/blob.bin").headers["ETag"]
    response = session.get(f"{url}/blob.bin", headers={"If-None-Match": etag})
    assert (response.status_code, response.content) == (304, b"")


@pytest.mark.parametrize("path", ["oldpage.html", "temporary", "see-other", "absolute"])
def test_redirects(url: str, session: ulak.Session, path: str) -> None:
    response = session.get(f"{url}/{path}")
    assert response.text == "the new page"
    assert response.url == f"{url}/newpage.html"
    assert len(response.history) == 1
    assert session.get(f"{url}/{path}", allow_redirects=False).is_redirect


def test_a_redirected_post(url: str, session: ulak.Session) -> None:
    headers = {"X-Mark": "mark"}
    assert session.post(f"{url}/strict", data=b"x", headers=headers).text == "POST mark"
    with pytest.raises(ulak.TooManyRedirects):
        session.get(f"{url}/loop")


def test_basic_auth(url: str, session: ulak.Session) -> None:
    page = f"{url}/private/page.txt"
    assert session.get(page).status_code == 401
    assert session.get(page, auth=("user", "wrong")).status_code == 401
    assert session.get(page, auth=("user", "secret")).text == "for your eyes"


def test_methods_and_statuses(url: str, session: ulak.Session) -> None:
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert session.request(method, f"{url}/echo").text == f"{method} "
    assert session.head(f"{url}/blob.bin").headers["Content-Length"] == str(len(BLOB))
    assert session.get(f"{url}/empty").status_code == 204
    with pytest.raises(ulak.HTTPError, match="410"):
        session.get(f"{url}/gone", raise_for_status=True)
    with pytest.raises(ulak.HTTPError, match="404"):
        session.get(f"{url}/none", raise_for_status=True)
    assert session.get(f"{url}/busy", retries=2).status_code == 503


def test_a_hundred_requests_on_one_connection(server: NginxServer, session) -> None:
    before = len(server.access_log)
    for number in range(100):
        response = session.get(f"{server.url}/echo", headers={"X-Mark": str(number)})
        assert response.text == f"GET {number}"
    assert len(server.access_log) - before == 100
    pool = session.get_adapter(server.url).poolmanager.connection_from_url(server.url)
    assert pool.num_connections == 1


def test_a_server_that_closes_each_connection(server: NginxServer, session) -> None:
    for _ in range(5):
        assert session.get(f"{server.url}/closing/newpage.html").text == "the new page"


@pytest.mark.parametrize("kind", ["bytes", "file", "iterator"])
def test_a_large_upload_is_refused(url: str, session: ulak.Session, tmp_path, kind: str) -> None:
    path = tmp_path / "big"
    path.write_bytes(b"x" * 5_000_000)
    for _ in range(3):
        with path.open("rb") as file:
            data = {
                "bytes": path.read_bytes(),
                "file": file,
                "iterator": (b"x" * 65536 for _ in range(80)),
            }[kind]
            response = session.post(f"{url}/small/", data=data)
        assert response.status_code == 413
        assert "Too Large" in response.text
    assert session.get(f"{url}/newpage.html").text == "the new page"


def test_a_refused_upload_that_asked_first(url: str, session: ulak.Session) -> None:
    response = session.post(
        f"{url}/small/", data=b"x" * 5_000_000, headers={"Expect": "100-continue"}
    )
    assert response.status_code == 413


def test_many_threads(server: NginxServer, session: ulak.Session) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def get(number: int) -> str:
        return session.get(f"{server.tls_url}/echo", headers={"X-Mark": str(number)}).text

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(get, range(200))) == [f"GET {n}" for n in range(200)]


def test_a_request_that_nginx_finds_bad(url: str, session: ulak.Session) -> None:
    assert session.get(f"{url}/echo", headers={"Host": "a/b"}).status_code == 400
    assert session.get(f"{url}/echo", headers={"Big": "x" * 100_000}).status_code == 400


def test_plain_http_to_the_tls_port(server: NginxServer, session: ulak.Session) -> None:
    response = session.get(server.tls_url.replace("https:", "http:"))
    assert response.status_code == 400
    assert "HTTPS port" in response.text
