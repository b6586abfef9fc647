"""pytest-httpbin: httpbin on http and https, as fixtures."""

from __future__ import annotations

import base64

import pytest
import requests


@pytest.fixture(autouse=True)
def trusts_httpbin(httpbin_ca_bundle: None) -> None:
    """The plugin's own way: it sets ``REQUESTS_CA_BUNDLE``."""


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_verbs(httpbin_both, method: str) -> None:
    body = {} if method == "get" else {"json": {"name": "Güneş"}}
    response = getattr(requests, method)(f"{httpbin_both.url}/{method}", params={"a": "b"}, **body)
    assert response.status_code == requests.codes.ok
    said = response.json()
    assert said["args"] == {"a": "b"}
    assert said["url"] == f"{httpbin_both.url}/{method}?a=b"
    assert said.get("json") == (None if method == "get" else {"name": "Güneş"})
    assert said["headers"]["Host"] == f"{httpbin_both.host}:{httpbin_both.port}"


def test_head_and_options(httpbin_both) -> None:
    head = requests.head(httpbin_both + "/get")
    assert head.status_code == requests.codes.ok
    assert head.content == b""
    assert int(head.headers["Content-Length"]) > 0
    assert "GET" in requests.options(httpbin_both + "/get").headers["Allow"]


def test_forms_and_files(httpbin_both) -> None:
    data = [("a", "1"), ("a", "2"), ("b", "ü")]
    said = requests.post(httpbin_both + "/post", data=data).json()
    assert said["form"] == {"a": ["1", "2"], "b": "ü"}
    files = {"letter": ("a letter.txt", b"Dear friend", "text/plain")}
    said = requests.post(httpbin_both + "/post", data={"a": "1"}, files=files).json()
    assert said["form"] == {"a": "1"}
    assert said["files"] == {"letter": "Dear friend"}


@pytest.mark.parametrize("code", [200, 204, 304, 400, 404, 418, 500, 503])
def test_statuses(httpbin_both, code: int) -> None:
    response = requests.get(httpbin_both + f"/status/{code}")
    assert response.status_code == code
    assert response.ok is (code < 400)
    if code >= 400:
        with pytest.raises(requests.HTTPError, match=str(code)):
            response.raise_for_status()


def test_basic(httpbin_both) -> None:
    url = httpbin_both + "/basic-auth/user/secret"
    assert requests.get(url).status_code == requests.codes.unauthorized
    response = requests.get(url, auth=("user", "secret"))
    assert response.json() == {"authenticated": True, "user": "user"}
    assert requests.get(url.replace("://", "://user:secret@")).ok


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "SHA-512"])
def test_digest(httpbin_both, algorithm: str) -> None:
    url = httpbin_both + f"/digest-auth/auth/user/secret/{algorithm}"
    auth = requests.auth.HTTPDigestAuth("user", "secret")
    with requests.Session() as session:
        for _ in range(2):
            assert session.get(url, auth=auth).json()["authenticated"] is True
        assert session.get(url, auth=requests.auth.HTTPDigestAuth("user", "no")).status_code == 401


def test_bearer(httpbin_both) -> None:
    headers = {"Authorization": "Bearer token"}
    assert requests.get(httpbin_both + "/bearer", headers=headers).json()["token"] == "token"


def test_redirects(httpbin_both) -> None:
    response = requests.get(httpbin_both + "/redirect/3")
    assert [x.status_code for x in response.history] == [302] * 3
    assert response.url == httpbin_both + "/get"
    response = requests.get(httpbin_both + "/absolute-redirect/2", allow_redirects=False)
    assert response.is_redirect
    assert response.next.url == response.headers["Location"]
    with requests.Session() as session, pytest.raises(requests.TooManyRedirects):
        session.max_redirects = 2
        session.get(httpbin_both + "/relative-redirect/3")


def test_a_redirected_post(httpbin_both) -> None:
    url = httpbin_both + "/redirect-to"
    for code, method, data in ((303, "GET", ""), (307, "POST", "letter")):
        response = requests.post(
            url,
            params={"url": httpbin_both + "/anything", "status_code": code},
            data="letter",
        )
        assert response.json()["method"] == method
        assert response.json()["data"] == data


def test_from_http_to_https(httpbin, httpbin_secure) -> None:
    params = {"url": httpbin_secure + "/cookies"}
    with requests.Session() as session:
        session.get(httpbin + "/cookies/set?seal=red")
        response = session.get(httpbin + "/redirect-to", params=params)
    assert response.url == httpbin_secure + "/cookies"
    assert response.json() == {"cookies": {"seal": "red"}}


def test_cookies(httpbin_both) -> None:
    with requests.Session() as session:
        session.get(httpbin_both + "/cookies/set/seal/red")
        assert session.cookies.get_dict() == {"seal": "red"}
        said = session.get(httpbin_both + "/cookies", cookies={"ink": "blue"}).json()
        assert said == {"cookies": {"seal": "red", "ink": "blue"}}
        session.get(httpbin_both + "/cookies/delete?seal")
        assert session.get(httpbin_both + "/cookies").json() == {"cookies": {}}


@pytest.mark.parametrize(
    ("path", "key"), [("gzip", "gzipped"), ("deflate", "deflated"), ("brotli", "brotli")]
)
def test_codings(httpbin_both, path: str, key: str) -> None:
    assert requests.get(httpbin_both + f"/{path}").json()[key] is True


def test_streams(httpbin) -> None:
    with requests.get(httpbin.url + "/stream/20", stream=True) as response:
        assert [len(line) > 0 for line in response.iter_lines()] == [True] * 20
    with requests.get(httpbin.url + "/stream-bytes/100000?seed=1", stream=True) as response:
        streamed = b"".join(response.iter_content(777))
    assert len(streamed) == 100_000
    assert requests.get(httpbin.url + "/bytes/1000?seed=1").content == streamed[:1000]


def test_streams_over_tls(httpbin_secure) -> None:
    """Its server says no length, and closes without the end of TLS."""
    with requests.get(httpbin_secure.url + "/stream/20", stream=True) as response:
        assert len(list(response.iter_lines())) == 20


def test_pieces_with_a_length(httpbin_both) -> None:
    with requests.get(httpbin_both + "/range/100", headers={"Range": "bytes=10-19"}) as response:
        assert (response.status_code, response.text) == (206, "klmnopqrst")
    with requests.get(httpbin_both + "/drip?numbytes=5&duration=0.1", stream=True) as response:
        assert response.raw.read() == b"*****"


def test_what_the_client_says(httpbin_both) -> None:
    said = requests.get(
        httpbin_both + "/headers", headers={"User-Agent": "courier/1", "X-Seal": "red"}
    ).json()["headers"]
    assert said["User-Agent"] == "courier/1"
    assert said["X-Seal"] == "red"
    assert said["Accept"] == "*/*"
    assert "gzip" in said["Accept-Encoding"]


def test_texts(httpbin_both) -> None:
    assert requests.get(httpbin_both + "/encoding/utf8").text.startswith("<h1>Unicode Demo</h1>")
    assert requests.get(httpbin_both + "/html").encoding == "utf-8"
    assert requests.get(httpbin_both + "/xml").content.startswith(b"<?xml")
    assert base64.b64encode(requests.get(httpbin_both + "/image/png").content[:4]) == b"iVBORw=="
    assert requests.get(httpbin_both + "/base64/VWxhaw==").text == "Ulak"


def test_caches(httpbin_both) -> None:
    response = requests.get(httpbin_both + "/etag/abc")
    assert response.headers["ETag"] == "abc"
    again = requests.get(httpbin_both + "/etag/abc", headers={"If-None-Match": "abc"})
    assert (again.status_code, again.content) == (304, b"")


def test_time_is_limited(httpbin_both) -> None:
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(httpbin_both + "/delay/1", timeout=0.2)


def test_the_certificate_is_verified(httpbin_secure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(httpbin_secure + "/get")
    with pytest.warns(Warning, match="verif"):
        assert requests.get(httpbin_secure + "/get", verify=False).ok


@pytest.mark.usefixtures("class_based_httpbin")
class TestInAClass:
    def test_it_is_an_attribute(self) -> None:
        assert requests.get(self.httpbin + "/uuid").json()["uuid"]
