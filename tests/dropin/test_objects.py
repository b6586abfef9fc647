"""Programs as people wrote them for requests: what they print there, they print here."""

from __future__ import annotations

import pytest

from tests.dropin.child import output_of
from tests.support import ForwardProxy, HttpServer

_HEAD = """
import sys
import requests
url, proxy = sys.argv[1:]
"""

#: What a program does -> the program; ``url`` is a server's root, ``proxy`` a proxy's.
PROGRAMS = {
    "reads raw": """
import urllib3
r = requests.get(url + "/get", stream=True)
print(isinstance(r.raw, urllib3.HTTPResponse), r.raw.status, r.raw.version, r.raw.reason)
print(r.raw.headers["content-type"], r.raw.getheader("Content-Type"), len(r.raw.read()) > 10)
print(r.raw.closed, r.raw.isclosed())
""",
    "reads raw decoded": """
r = requests.get(url + "/gzip", stream=True)
r.raw.decode_content = True
print(r.raw.read(1), b"gzip" in r.raw.read())
""",
    "sends again in a response hook": """
def again(r, *args, **kwargs):
    if "X-Again" in r.request.headers:
        return r
    r.content
    r.raw.release_conn()
    prepared = r.request.copy()
    prepared.headers["X-Again"] = "yes"
    _r = r.connection.send(prepared, **kwargs)
    _r.history.append(r)
    _r.request = prepared
    return _r
r = requests.get(url + "/headers", hooks={"response": again})
print(r.status_code, r.json()["headers"]["X-Again"], len(r.history), r.history[0].url == r.url)
""",
    "authenticates in a hook of a session's auth": """
class Auth(requests.auth.AuthBase):
    def __call__(self, r):
        r.headers["Authorization"] = "Token one"
        r.register_hook("response", self.handle)
        return r
    def handle(self, r, **kwargs):
        if r.request.headers["Authorization"] == "Token two":
            return r
        request = r.request.copy()
        request.headers["Authorization"] = "Token two"
        return r.connection.send(request, **kwargs)
with requests.Session() as s:
    s.auth = Auth()
    print(s.get(url + "/headers").json()["headers"]["Authorization"])
""",
    "builds a response by hand": """
import io
from requests.models import Response
r = Response()
print(r, r.status_code, r.url, r.reason, r.raw, r.encoding, r.headers, r.history, r._content)
r.status_code = 404
r.reason = b"not f\\xc3\\xb6und"
r.url = "http://h/"
r._content = b'{"a": "\\xc3\\xa4"}'
r.encoding = "utf-8"
r.headers["X-One"] = "1"
print(r.json(), r.text, r.ok, bool(r), r.headers["x-one"], list(r.iter_content(4)), r.is_redirect)
try:
    r.raise_for_status()
except requests.HTTPError as e:
    print(e, e.response is r)
r = Response()
r.status_code = 200
r.raw = io.BytesIO(b"one\\ntwo\\n")
print(list(r.iter_lines()), r.elapsed.total_seconds())
r = Response()
r.status_code, r._content_consumed, r._content = 200, True, b"kept"
print(r.content, r.text, list(r))
""",
    "mounts an adapter that builds its responses": """
import io
from urllib3 import HTTPResponse
class Mine(requests.Response): pass
class Canned(requests.adapters.HTTPAdapter):
    def send(self, request, **kwargs):
        raw = HTTPResponse(
            body=io.BytesIO(b"canned"), status=200, reason="Fine", preload_content=False,
            headers={"Content-Type": "text/plain", "Set-Cookie": "a=b"},
        )
        return self.build_response(request, raw)
    def build_response(self, req, resp):
        r = super().build_response(req, resp)
        r.__class__ = Mine
        return r
with requests.Session() as s:
    s.mount("canned://", Canned())
    r = s.get("canned://host/path")
    print(type(r).__name__, r.text, r.reason, r.url, r.headers, r.connection is s.adapters["canned://"])
""",
    "makes a plain adapter": """
from requests.adapters import BaseAdapter
class Plain(BaseAdapter):
    def send(self, request, stream=False, timeout=None, verify=True, cert=None, proxies=None):
        r = requests.Response()
        r.status_code, r._content = 200, request.method.encode()
        r.url, r.request = request.url, request
        print(stream, timeout, verify, cert, dict(proxies))
        return r
    def close(self):
        print("closed")
with requests.Session() as s:
    s.mount("http://plain", Plain())
    print(s.get("http://plain/").text, s.post("http://plain/", timeout=(1, 2), stream=True).content)
""",
    "makes pools of its own": """
from requests.adapters import HTTPAdapter, PoolManager
from requests.packages.urllib3.util.retry import Retry
class Mine(HTTPAdapter):
    def __init__(self, name, **kwargs):
        self.name = name
        super().__init__(**kwargs)
    def init_poolmanager(self, connections, maxsize, block=False, **kwargs):
        print(connections, maxsize, block, kwargs, self.name)
        self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block,
                                       source_address=("127.0.0.1", 0))
    def proxy_manager_for(self, proxy, **kwargs):
        print("proxy", proxy == self.expected, kwargs)
        return super().proxy_manager_for(proxy, **kwargs)
    def get_connection_with_tls_context(self, request, verify, proxies=None, cert=None):
        print("get", request.method, verify, bool(proxies), cert)
        return super().get_connection_with_tls_context(request, verify, proxies, cert)
    def cert_verify(self, conn, url, verify, cert):
        print("verify", type(conn).__mro__[-2].__name__ != "", verify, cert)
        return super().cert_verify(conn, url, verify, cert)
    def add_headers(self, request, **kwargs):
        print(sorted(kwargs))
        request.headers["X-Added"] = "yes"
adapter = Mine("n", pool_connections=3, pool_maxsize=4, max_retries=Retry(2, backoff_factor=0))
print(adapter.max_retries.total)
adapter.expected = proxy
with requests.Session() as s:
    s.mount("http://", adapter)
    print(s.get(url + "/headers").json()["headers"]["X-Added"])
    print(s.get(url + "/get", proxies={"http": proxy}).status_code)
""",
    "makes a session of its own": """
class Mine(requests.Session):
    def request(self, method, url, *args, **kwargs):
        print("request", method, args, kwargs)
        return super().request(method, base + url, *args, **kwargs)
    def send(self, request, **kwargs):
        print("send", request.url.replace(base, ""), sorted(set(kwargs) - {"retries"}))
        return super().send(request, **kwargs)
    def rebuild_auth(self, prepared_request, response):
        print("rebuild", response.status_code, prepared_request.headers.get("Authorization"))
        prepared_request.headers["Authorization"] = "kept"
    def get_adapter(self, url):
        return super().get_adapter(url)
base = url
with Mine() as s:
    s.auth = ("user", "password")
    r = s.get("/redirect-to?url=/headers", timeout=5)
    print(r.json()["headers"]["Authorization"], [h.status_code for h in r.history])
    r = s.get("/redirect-to?url=/headers", allow_redirects=False)
    print(r.status_code, r.next.url.replace(base, ""), r.is_redirect)
""",
    "prepares, changes and sends": """
s = requests.Session()
s.params = {"s": "1"}
req = requests.Request(
    "POST", url + "/post", data={"a": "b"}, params={"q": ["1", "2"]}, headers={"X": "y"}
)
prepped = s.prepare_request(req)
print(prepped.body, prepped.path_url)
print(prepped.headers["Content-Type"], prepped.headers["Content-Length"])
prepped.body = "changed"
prepped.prepare_content_length(prepped.body)
settings = s.merge_environment_settings(prepped.url, {}, None, None, None)
print(sorted(settings), settings["verify"], dict(settings["proxies"]))
r = s.send(prepped, **settings)
print(r.json()["data"], r.request is prepped, r.elapsed.total_seconds() > 0)
print(requests.Request("GET", "http://h/p", params=b"x=1").prepare().url)
""",
    "handles errors": """
import socket
for call in (
    lambda: requests.get("http://127.0.0.1:1/"),
    lambda: requests.get("nothing"),
    lambda: requests.get("ftp://h/"),
    lambda: requests.get("http://"),
    lambda: requests.get(url + "/delay/5", timeout=0.3),
    lambda: requests.get(url + "/redirect/5", allow_redirects=True, timeout=3) and 1 / 0,
    lambda: requests.get(url + "/html").json(),
    lambda: requests.get(url + "/status/503").raise_for_status(),
    lambda: requests.get(url + "/get", proxies={"http": "http://127.0.0.1:1"}),
    lambda: requests.get(url + "/get", headers={"X": "a\\nb"}),
    lambda: requests.post(url + "/post", json=float("nan")),
):
    try:
        call()
    except requests.exceptions.RequestException as e:
        kinds = [
            name for name in dir(requests.exceptions)
            if isinstance(getattr(requests.exceptions, name), type)
            and type(getattr(requests.exceptions, name)) is type
            and name in KNOWN and isinstance(e, getattr(requests.exceptions, name))
        ]
        print(kinds, isinstance(e, OSError), isinstance(e, ValueError))
    except ZeroDivisionError:
        print("went well")
""".replace(
        "KNOWN",
        '"ConnectionError ConnectTimeout ReadTimeout Timeout HTTPError MissingSchema InvalidSchema '
        'InvalidURL ProxyError JSONDecodeError InvalidJSONError InvalidHeader".split()',
    ),
    "keeps cookies": """
s = requests.Session()
s.cookies.set("mine", "1")
s.cookies.update({"more": "2"})
s.get(url + "/cookies/set/theirs/3")
print(sorted(s.cookies.get_dict().items()), "mine" in s.cookies, len(s.cookies))
print(sorted(requests.utils.dict_from_cookiejar(s.cookies)))
print(sorted(s.get(url + "/cookies").json()["cookies"].items()))
jar = requests.cookies.cookiejar_from_dict({"a": "b"})
print(requests.get(url + "/cookies", cookies=jar).json()["cookies"])
requests.cookies.remove_cookie_by_name(s.cookies, "mine")
print(sorted(requests.utils.add_dict_to_cookiejar(s.cookies, {"x": "y"}).keys()))
""",
    "encodes forms": """
from requests.models import RequestEncodingMixin
encode = RequestEncodingMixin._encode_params
print(encode({"a": ["1", "2"], "b": "ü"}), encode([("a", 1)]), encode("x"), encode(b"y"))
print(repr(encode({})), repr(encode([])))
files = {"f": ("n.txt", b"content", "text/plain")}
body, kind = RequestEncodingMixin._encode_files(files, {"a": "b"})
print(type(body), kind.partition("=")[0], body.count(b"\\r\\n"))
print(b'name="f"; filename="n.txt"' in body)
""",
    "asserts how it calls requests": """
from unittest import mock
calls = {"get": [{}, {"timeout": 5}, {"params": {"a": 1}}, {"allow_redirects": False}]}
calls["options"] = calls["head"] = calls["delete"] = calls["get"]
calls["post"] = calls["put"] = calls["patch"] = [{}, {"data": b"x"}, {"json": 1}]
for verb, keywords in calls.items():
    for given in keywords:
        for target in ("requests.api.request", "requests.sessions.Session.request"):
            with mock.patch(target) as replaced:
                getattr(requests, verb)(url, **given)
                print(replaced.call_args)
        with mock.patch("requests.sessions.Session.request") as replaced:
            getattr(requests.Session(), verb)(url, **given)
            print(replaced.call_args.args, sorted(replaced.call_args.kwargs.items()))
with mock.patch("requests.sessions.Session.send") as replaced:
    requests.Session().get(url)
    print(len(replaced.call_args.args), sorted(replaced.call_args.kwargs))
""",
    "puts another in the place of the session": """
from unittest import mock
class Fake:
    def __enter__(self): return self
    def __exit__(self, *exc_info): print("left")
    def request(self, method, url, **kwargs): return method, sorted(kwargs)
with mock.patch("requests.sessions.Session", Fake):
    print(requests.get("http://h/", timeout=5))
with mock.patch("requests.sessions.Session") as replaced:
    replaced.return_value.__enter__.return_value.request.return_value.status_code = 418
    print(requests.post("http://h/").status_code)
with mock.patch.object(requests.Session, "close") as close:
    requests.get(url + "/get")
    print(close.call_count)
class Mine(requests.Session):
    def close(self):
        print("closed")
        super().close()
with mock.patch("requests.sessions.Session", Mine):
    r = requests.get(url + "/bytes/100000", stream=True)
    print(len(r.content))
""",
    "puts another in the place of what reads bodies": """
from unittest import mock
import urllib3
with mock.patch.object(requests.Response, "iter_content", return_value=[b"a", b"b"]):
    print(requests.get(url + "/get").content)
with mock.patch("urllib3.response.HTTPResponse.stream", return_value=iter([b"c", b"d"])):
    print(requests.get(url + "/get").content)
stream = urllib3.response.HTTPResponse.stream
def counted(self, *args, **kwargs):
    for piece in stream(self, *args, **kwargs):
        print(len(piece))
        yield piece
with mock.patch("urllib3.response.HTTPResponse.stream", counted):
    print(len(requests.get(url + "/bytes/2000").content))
class Mine(requests.Response):
    def iter_content(self, *args, **kwargs):
        print("mine")
        return super().iter_content(*args, **kwargs)
class Adapter(requests.adapters.HTTPAdapter):
    def build_response(self, request, raw):
        response = super().build_response(request, raw)
        response.__class__ = Mine
        return response
with requests.Session() as s:
    s.mount("http://", Adapter())
    print(len(s.get(url + "/bytes/2000").content))
""",
    "looks at how often was tried": """
from urllib3.util import Retry
print(requests.get(url + "/get").raw.retries.history)
policy = Retry(2, status_forcelist=[503], backoff_factor=0, raise_on_status=False)
with requests.Session() as s:
    s.mount("http://", requests.adapters.HTTPAdapter(max_retries=policy))
    print(s.get(url + "/get").raw.retries == policy, policy.history)
    print([one.status for one in s.get(url + "/status/503").raw.retries.history])
    s.adapters["http://"].max_retries = 1
    print(s.get(url + "/status/404").status_code)
    s.adapters["http://"].max_retries = 0
    print(s.get(url + "/status/404").status_code)
    try:
        s.adapters["http://"].max_retries = 2
        s.get("http://127.0.0.1:1/")
    except requests.ConnectionError:
        print("refused")
""",
    "looks for the reason of an error": """
from urllib3.util import Retry
retrying = requests.Session()
policy = Retry(1, status_forcelist=[503], backoff_factor=0)
retrying.mount("http://", requests.adapters.HTTPAdapter(max_retries=policy))
for call in (
    lambda: requests.get("http://127.0.0.1:1/"),
    lambda: requests.get("http://name.invalid/"),
    lambda: requests.get("https://h/", proxies={"https": "http://127.0.0.1:1"}),
    lambda: retrying.get(url + "/status/503"),
):
    try:
        call()
    except requests.RequestException as e:
        print(type(e.args[0].reason).__module__, type(e.args[0].reason).__name__)
        for phrase in ("Failed to establish a new connection", "Connection refused",
                       "Failed to resolve", "too many 503 error responses"):
            print(phrase, phrase in str(e))
try:
    requests.get(url + "/delay/2", timeout=0.2)
except requests.exceptions.ReadTimeout as e:
    print("Read timed out" in str(e))
""",
    "takes every name": """
from requests import *
given = sorted(name for name in vars() if not name.startswith("__") and name != "ulak")
print(given, sorted(requests.__all__))
""",
    "names a method like a setting of ulak's": """
class Mine(requests.Session):
    def base_url(self): return url
    def raise_for_status(self, response): response.raise_for_status()
    def retries(self): return 3
    def timeout(self): return 5
    def fetch(self, path): return self.get(self.base_url() + path)
print(Mine().fetch("/status/404").status_code, Mine().retries(), Mine().timeout())
""",
    "sets the time that a response took": """
import datetime
response = requests.get(url + "/get")
for value in (None, 0.5, datetime.timedelta(seconds=2)):
    response.elapsed = value
    print(response.elapsed)
""",
    "derives from requests' exceptions": """
class Mine(requests.exceptions.HTTPError): pass
def hook(r, **kwargs):
    raise Mine("mine", response=r, request=r.request)
try:
    requests.get(url + "/get", hooks={"response": [hook]})
except requests.HTTPError as e:
    print(type(e).__name__, e, e.response.status_code, e.request.method)
""",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_a_program_does_what_it_does_with_requests(
    program: str, http_server: HttpServer, forward_proxy: ForwardProxy
) -> None:
    arguments = http_server.url, forward_proxy.url
    with_requests = output_of(_HEAD + program, *arguments)
    assert with_requests.strip()
    install = "import ulak.dropin\nulak.dropin.install()\n"
    assert output_of(install + _HEAD + program, *arguments) == with_requests
