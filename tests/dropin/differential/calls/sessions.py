"""Sessions: merging, hooks, prepared requests, adapters, the environment, helpers."""

from __future__ import annotations

import copy
import pickle
from typing import Any

from ..recorder import OK, answer, redirect
from ..stage import Stage
from .table import call


@call("sessions: attributes of a new one")
def _(x: Stage) -> object:
    session = x.session()
    return (
        session.auth,
        session.proxies,
        session.params,
        session.verify,
        session.cert,
        session.trust_env,
        session.max_redirects,
        list(session.hooks.items()),
        list(session.adapters),
        len(session.cookies),
        x.lib.models.DEFAULT_REDIRECT_LIMIT,
    )


@call("sessions: the function session()")
def _(x: Stage) -> object:
    with x.lib.session() as session:
        return isinstance(session, x.lib.Session), session.get(x.url)


@call("sessions: one connection for many requests")
def _(x: Stage) -> object:
    session = x.session()
    return session.get(x.url), session.post(x.url, data="x"), session.head(x.url)


@call("sessions: used again after close()")
def _(x: Stage) -> object:
    session = x.session()
    session.get(x.url)
    session.close()
    return session.get(x.url)


@call("sessions: pickled")
def _(x: Stage) -> object:
    session = x.session(auth=("a", "b"), params={"p": "1"}, max_redirects=3)
    session.headers["X-A"] = "1"
    session.cookies.set("c", "d")
    again = x.keep(pickle.loads(pickle.dumps(session)))
    return again.get(x.url), again.max_redirects


@call("sessions: copied")
def _(x: Stage) -> object:
    session = x.session()
    session.headers["X-A"] = "1"
    return x.keep(copy.copy(session)).get(x.url)


@call("sessions: subclassed with request()")
def _(x: Stage) -> object:
    class Own(x.lib.Session):  # type: ignore[misc,name-defined]
        def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
            kwargs.setdefault("headers", {})["X-Own"] = method
            return super().request(method, x.url + url, *args, **kwargs)

    with Own() as session:
        return session.get("/a", params={"b": "1"}), session.post("/p", data={"c": "2"})


@call("sessions: subclassed with send()")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, "/b"))
    seen: list[Any] = []

    class Own(x.lib.Session):  # type: ignore[misc,name-defined]
        def send(self, request: Any, **kwargs: Any) -> Any:
            seen.append((request.method, request.url, sorted(kwargs)))
            return super().send(request, **kwargs)

    with Own() as session:
        response = session.get(x.url + "/a")
    return response, seen


@call("sessions: subclassed with rebuild_auth() and should_strip_auth()")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, x.localhost + "/b"))
    seen: list[Any] = []

    class Own(x.lib.Session):  # type: ignore[misc,name-defined]
        def should_strip_auth(self, old_url: str, new_url: str) -> bool:
            seen.append((old_url, new_url))
            return False

    with Own() as session:
        return session.get(x.url + "/a", auth=("u", "p")), sorted(set(seen))


@call("sessions: subclassed with rebuild_method()")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, "/b"))

    class Own(x.lib.Session):  # type: ignore[misc,name-defined]
        def rebuild_method(self, prepared_request: Any, response: Any) -> None:
            prepared_request.method = "PATCH"

    with Own() as session:
        return session.post(x.url + "/a", data="x")


@call("sessions: an attribute that is not there")
def _(x: Stage) -> object:
    return x.attempt(lambda: x.session().no_such_thing)


@call("sessions: an unknown keyword of request()")
def _(x: Stage) -> object:
    return x.session().request("GET", x.url, what=1)


# -- hooks -------------------------------------------------------------------


@call("hooks: a list of two")
def _(x: Stage) -> object:
    seen: list[int] = []
    hooks = [lambda r, **k: seen.append(1), lambda r, **k: seen.append(2)]
    return x.lib.get(x.url, hooks={"response": hooks}), seen


@call("hooks: one that replaces the response")
def _(x: Stage) -> object:
    def hook(response: Any, **kwargs: Any) -> Any:
        other = x.lib.Response()
        other.status_code, other.url, other._content = 299, "http://own.test/", b"own"
        return other

    response = x.lib.get(x.url, hooks={"response": hook})
    return response.status_code, response.content


@call("hooks: one that fails")
def _(x: Stage) -> object:
    def hook(response: Any, **kwargs: Any) -> Any:
        raise KeyError("mine")

    return x.lib.get(x.url, hooks={"response": hook})


@call("hooks: what they are given")
def _(x: Stage) -> object:
    seen: list[Any] = []
    x.lib.get(x.url, hooks={"response": lambda r, **k: seen.append(sorted(k))}, timeout=5)
    return seen


@call("hooks: of the session")
def _(x: Stage) -> object:
    seen: list[int] = []
    session = x.session()
    session.hooks["response"].append(lambda r, **k: seen.append(r.status_code))
    return session.get(x.url), seen


@call("hooks: of the session as a function")
def _(x: Stage) -> object:
    seen: list[int] = []
    session = x.session(hooks={"response": lambda r, **k: seen.append(r.status_code)})
    return session.get(x.url), seen


@call("hooks: of the session and of the call")
def _(x: Stage) -> object:
    seen: list[str] = []
    session = x.session()
    session.hooks["response"].append(lambda r, **k: seen.append("session"))
    session.get(x.url, hooks={"response": lambda r, **k: seen.append("call")})
    session.get(x.url, hooks={"response": []})
    session.get(x.url, hooks={})
    session.get(x.url)
    return seen


@call("hooks: an unknown event")
def _(x: Stage) -> object:
    return x.lib.get(x.url, hooks={"what": lambda r, **k: None})


@call("hooks: register_hook of an unknown event")
def _(x: Stage) -> object:
    return x.lib.Request("GET", x.url).register_hook("what", print)


@call("hooks: register_hook and deregister_hook")
def _(x: Stage) -> object:
    request = x.lib.Request("GET", x.url)
    request.register_hook("response", print)
    return (
        len(request.hooks["response"]),
        request.deregister_hook("response", print),
        request.deregister_hook("response", print),
        request.hooks["response"],
    )


@call("hooks: one that cannot be called")
def _(x: Stage) -> object:
    return x.lib.get(x.url, hooks={"response": "text"})


@call("hooks: None")
def _(x: Stage) -> object:
    return x.lib.get(x.url, hooks={"response": None})


@call("hooks: one that reads the body")
def _(x: Stage) -> object:
    seen: list[str] = []
    return x.lib.get(x.url, hooks={"response": lambda r, **k: seen.append(r.text)}), seen


# -- prepared requests -------------------------------------------------------


@call("prepared: Request().prepare()")
def _(x: Stage) -> object:
    return x.lib.Request(
        "post",
        x.url,
        headers={"X-A": "1"},
        data={"a": "1"},
        params={"p": "2"},
        cookies={"c": "d"},
        auth=("u", "p"),
    ).prepare()


@call("prepared: sent without a session's settings")
def _(x: Stage) -> object:
    request = x.lib.Request("GET", x.url, params={"a": "1"}).prepare()
    return x.session(params={"s": "1"}).send(request)


@call("prepared: by the session")
def _(x: Stage) -> object:
    session = x.session(params={"s": "1"}, auth=("u", "p"))
    session.cookies.set("c", "d")
    return session.prepare_request(x.lib.Request("get", x.url, params={"a": "1"}, json=[1]))


@call("prepared: a copy")
def _(x: Stage) -> object:
    request = x.lib.Request("POST", x.url, data="x", headers={"X-A": "1"}, cookies={"a": "b"})
    prepared = request.prepare()
    again = prepared.copy()
    again.headers["X-A"] = "2"
    again.method = "PUT"
    return prepared, again


@call("prepared: sent twice")
def _(x: Stage) -> object:
    session = x.session()
    request = x.lib.Request("POST", x.url, data=b"x").prepare()
    return session.send(request), session.send(request)


@call("prepared: method changed")
def _(x: Stage) -> object:
    request = x.lib.Request("GET", x.url).prepare()
    request.method = "PUT"
    return x.session().send(request)


@call("prepared: method in small letters")
def _(x: Stage) -> object:
    request = x.lib.Request("GET", x.url).prepare()
    request.method = "put"
    return x.session().send(request)


@call("prepared: body changed, and its length")
def _(x: Stage) -> object:
    request = x.lib.Request("POST", x.url, data=b"x").prepare()
    request.body = b"other"
    request.prepare_content_length(request.body)
    return x.session().send(request)


@call("prepared: body changed by prepare_body()")
def _(x: Stage) -> object:
    request = x.lib.Request("POST", x.url, data=b"x").prepare()
    request.prepare_body({"a": "1"}, None)
    return x.session().send(request)


@call("prepared: prepare_url() and prepare_headers()")
def _(x: Stage) -> object:
    request = x.lib.Request("GET", x.url).prepare()
    request.prepare_url(x.url + "/new", {"a": "1"})
    request.prepare_headers({"X-New": "1"})
    return x.session().send(request)


@call("prepared: prepare_auth() and prepare_cookies()")
def _(x: Stage) -> object:
    request = x.lib.Request("GET", x.url).prepare()
    request.prepare_auth(("u", "p"))
    request.prepare_cookies({"a": "b"})
    return request


@call("prepared: PreparedRequest() by hand")
def _(x: Stage) -> object:
    request = x.lib.PreparedRequest()
    request.prepare(method="post", url=x.url, data="x", headers={}, hooks={}, params={})
    return x.session().send(request)


@call("prepared: an empty one")
def _(x: Stage) -> object:
    request = x.lib.PreparedRequest()
    return request.method, request.url, request.headers, request.body, list(request.hooks.items())


@call("prepared: repr")
def _(x: Stage) -> object:
    request = x.lib.Request("get", "http://a.test/")
    return repr(request), repr(request.prepare())


@call("prepared: a Request that is sent")
def _(x: Stage) -> object:
    return x.session().send(x.lib.Request("GET", x.url))


@call("prepared: send() of what is no request")
def _(x: Stage) -> object:
    return x.session().send("GET")


@call("prepared: without a method")
def _(x: Stage) -> object:
    return x.session().prepare_request(x.lib.Request(url=x.url))


@call("prepared: send() with allow_redirects")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, "/b"))
    session = x.session()
    request = x.lib.Request("GET", x.url + "/a").prepare()
    return session.send(request), session.send(request, allow_redirects=False)


@call("prepared: pickled Request")
def _(x: Stage) -> object:
    request = x.lib.Request("POST", x.url, data={"a": "1"}, headers={"X-A": "1"})
    return pickle.loads(pickle.dumps(request.prepare()))


# -- adapters ----------------------------------------------------------------


def _own(x: Stage, seen: list[Any]) -> Any:
    class Own(x.lib.adapters.BaseAdapter):  # type: ignore[misc,name-defined]
        def send(self, request: Any, **kwargs: Any) -> Any:
            seen.append((request.url, sorted(kwargs)))
            response = x.lib.Response()
            response.status_code, response.url, response.request = 200, request.url, request
            response._content = b"own"
            return response

        def close(self) -> None:
            seen.append("closed")

    return Own()


@call("adapters: one of one's own")
def _(x: Stage) -> object:
    seen: list[Any] = []
    with x.lib.Session() as session:
        session.mount("own://", _own(x, seen))
        response = session.get("own://host/a b?c", params={"p": "1"}, timeout=3)
    return response.content, response.url, seen


@call("adapters: for one host")
def _(x: Stage) -> object:
    session = x.session()
    session.mount("http://own.test/", _own(x, []))
    return session.get("http://own.test/a").content, session.get("http://OWN.test/b").content


@call("adapters: the longest prefix wins")
def _(x: Stage) -> object:
    session = x.session()
    one, two = _own(x, []), _own(x, [])
    session.mount("http://own.test", one)
    session.mount("http://own.test/deep", two)
    return (
        list(session.adapters),
        session.get_adapter("http://own.test/deep/a") is two,
        session.get_adapter("http://own.test/") is one,
        session.get_adapter("HTTP://OWN.test/deep") is two,
    )


@call("adapters: none for the URL")
def _(x: Stage) -> object:
    return x.session().get_adapter("own://a")


@call("adapters: an empty prefix")
def _(x: Stage) -> object:
    session = x.session()
    session.mount("", _own(x, []))
    return session.get("whatever:thing").content


@call("adapters: a subclass that adds headers")
def _(x: Stage) -> object:
    class Own(x.lib.adapters.HTTPAdapter):  # type: ignore[misc,name-defined]
        def add_headers(self, request: Any, **kwargs: Any) -> None:
            request.headers["X-Added"] = ",".join(sorted(kwargs))

    session = x.session()
    session.mount("http://", Own())
    return session.get(x.url)


@call("adapters: a subclass that changes what is asked for")
def _(x: Stage) -> object:
    class Own(x.lib.adapters.HTTPAdapter):  # type: ignore[misc,name-defined]
        def request_url(self, request: Any, proxies: Any) -> str:
            return "/own" + super().request_url(request, proxies)

    session = x.session()
    session.mount("http://", Own())
    return session.get(x.url + "/a?b")


@call("adapters: max_retries on a dead server")
def _(x: Stage) -> object:
    from ..recorder import raw

    x.reply("/r", raw(b""), raw(b""), OK)
    session = x.session()
    session.mount("http://", x.lib.adapters.HTTPAdapter(max_retries=2))
    return session.get(x.url + "/r")


@call("adapters: max_retries that run out")
def _(x: Stage) -> object:
    from ..recorder import raw

    x.reply("/r", raw(b""))
    session = x.session()
    session.mount("http://", x.lib.adapters.HTTPAdapter(max_retries=1))
    return session.get(x.url + "/r")


@call("adapters: max_retries by status")
def _(x: Stage) -> object:
    from urllib3.util import Retry

    x.reply("/r", answer(b"", status="503 Busy"), OK)
    session = x.session()
    retry = Retry(total=2, status_forcelist=[503], backoff_factor=0)
    session.mount("http://", x.lib.adapters.HTTPAdapter(max_retries=retry))
    return session.get(x.url + "/r")


@call("adapters: max_retries by status that run out")
def _(x: Stage) -> object:
    from urllib3.util import Retry

    x.reply("/r", answer(b"", status="503 Busy"))
    session = x.session()
    retry = Retry(total=1, status_forcelist=[503], backoff_factor=0)
    session.mount("http://", x.lib.adapters.HTTPAdapter(max_retries=retry))
    return session.get(x.url + "/r")


@call("adapters: no retries by default")
def _(x: Stage) -> object:
    from ..recorder import raw

    x.reply("/r", raw(b""), OK)
    return x.session().get(x.url + "/r")


@call("adapters: send() by hand")
def _(x: Stage) -> object:
    adapter = x.keep(x.lib.adapters.HTTPAdapter())
    request = x.lib.Request("POST", x.url + "/a", data="x").prepare()
    response = adapter.send(request, timeout=5)
    return response.status_code, response.content, response.headers


@call("adapters: pickled")
def _(x: Stage) -> object:
    session = x.session()
    session.mount("http://", pickle.loads(pickle.dumps(x.lib.adapters.HTTPAdapter(pool_maxsize=3))))
    return session.get(x.url)


@call("adapters: a server that closed the kept connection")
def _(x: Stage) -> object:
    x.reply("/a", answer(b"ok", then="close"))
    session = x.session()
    session.get(x.url + "/a")
    x.wait_until_closed()
    return session.get(x.url + "/b")


@call("adapters: Connection: close of the answer")
def _(x: Stage) -> object:
    x.reply("/a", answer(b"ok", "Connection: close"))
    session = x.session()
    session.get(x.url + "/a")
    return session.get(x.url + "/b")


# -- proxies and the environment ---------------------------------------------


@call("proxies: of the call")
def _(x: Stage) -> object:
    return x.lib.get("http://example.test/a?b#c", proxies=x.proxies)


@call("proxies: of the session")
def _(x: Stage) -> object:
    return x.session(proxies=x.proxies).get("http://example.test/a")


@call("proxies: of the call over those of the session")
def _(x: Stage) -> object:
    session = x.session(proxies={"http": "http://127.0.0.1:1"})
    return session.get("http://example.test/a", proxies=x.proxies)


@call("proxies: of the environment")
def _(x: Stage) -> object:
    x.environment(http_proxy=x.url)
    return x.lib.get("http://example.test/a")


@call("proxies: of the environment in capitals")
def _(x: Stage) -> object:
    x.environment(HTTP_PROXY=x.url)
    return x.lib.get("http://example.test/a")


@call("proxies: all of the environment")
def _(x: Stage) -> object:
    x.environment(all_proxy=x.url)
    return x.lib.get("http://example.test/a")


@call("proxies: not of the environment without trust_env")
def _(x: Stage) -> object:
    x.environment(http_proxy="http://127.0.0.1:1")
    return x.session(trust_env=False).get(x.url)


@call("proxies: the environment and the session's")
def _(x: Stage) -> object:
    x.environment(http_proxy="http://127.0.0.1:1")
    return x.session(proxies=x.proxies).get("http://example.test/a")


for _name, _no_proxy in {
    "a host": "example.test",
    "a domain": ".example.test",
    "another": "other.test",
    "a star": "*",
    "an address": "127.0.0.1",
    "a block": "127.0.0.0/8",
    "with blanks": "other.test, 127.0.0.1",
    "empty": "",
    "a part of the name": "27.0.0.1",
}.items():

    @call(f"no_proxy: {_name}")
    def _(x: Stage, value: str = _no_proxy) -> object:
        x.environment(http_proxy=x.other, no_proxy=value)
        return x.lib.get(x.url + "/direct")


@call("no_proxy: as a proxy of the call")
def _(x: Stage) -> object:
    return x.lib.get(x.url + "/direct", proxies={"http": x.other, "no_proxy": "127.0.0.1"})


@call("proxies: with user and password")
def _(x: Stage) -> object:
    proxy = x.url.replace("//", "//us%40er:pass@")
    return x.lib.get("http://example.test/a", proxies={"http": proxy})


@call("proxies: with user and password beside those of the server")
def _(x: Stage) -> object:
    proxy = x.url.replace("//", "//user:pass@")
    return x.lib.get("http://own:p@example.test/a", proxies={"http": proxy})


@call("proxies: for one host")
def _(x: Stage) -> object:
    proxies = {"http://example.test": x.url, "http": "http://127.0.0.1:1"}
    return x.lib.get("http://example.test/a", proxies=proxies)


@call("proxies: without a scheme")
def _(x: Stage) -> object:
    return x.lib.get("http://example.test/a", proxies={"http": x.url.removeprefix("http://")})


@call("proxies: with a path")
def _(x: Stage) -> object:
    return x.lib.get("http://example.test/a", proxies={"http": x.url + "/path"})


@call("proxies: of all")
def _(x: Stage) -> object:
    return x.lib.get("http://example.test/a", proxies={"all": x.url})


@call("proxies: of None")
def _(x: Stage) -> object:
    return x.lib.get(x.url, proxies={"http": None})


@call("proxies: of empty text")
def _(x: Stage) -> object:
    return x.lib.get(x.url, proxies={"http": ""})


@call("proxies: of a host that is none")
def _(x: Stage) -> object:
    return x.lib.get("http://example.test/", proxies={"http": "http://"})


@call("proxies: a refused one")
def _(x: Stage) -> object:
    return x.lib.get("http://example.test/", proxies={"http": "http://127.0.0.1:1"}, timeout=5)


@call("proxies: a refused one for https")
def _(x: Stage) -> object:
    return x.lib.get("https://example.test/", proxies={"https": "http://127.0.0.1:1"}, timeout=5)


@call("proxies: one that refuses CONNECT")
def _(x: Stage) -> object:
    x.reply("example.test:443", answer(b"no", status="407 No"))
    return x.lib.get("https://example.test/", proxies={"https": x.url}, timeout=5)


@call("proxies: of an unknown scheme")
def _(x: Stage) -> object:
    return x.lib.get("http://example.test/", proxies={"http": "what://127.0.0.1:1"}, timeout=5)


@call("proxies: on a redirect")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, "http://other.test/b"))
    return x.lib.get("http://example.test/a", proxies=x.proxies)


@call("environment: a CA bundle and session.verify")
def _(x: Stage) -> object:
    x.environment(REQUESTS_CA_BUNDLE="/from/environment")
    session = x.session(verify="/of/the/session")
    settings = session.merge_environment_settings("https://a.test/", {}, None, None, None)
    return settings["verify"]


@call("environment: a CA bundle and verify=False of the session")
def _(x: Stage) -> object:
    x.environment(REQUESTS_CA_BUNDLE="/from/environment")
    session = x.session(verify=False)
    return session.merge_environment_settings("https://a.test/", {}, None, None, None)["verify"]


@call("environment: a CA bundle")
def _(x: Stage) -> object:
    x.environment(REQUESTS_CA_BUNDLE="/from/environment")
    return x.session().merge_environment_settings("https://a.test/", {}, None, None, None)["verify"]


@call("environment: a CA bundle by its other name")
def _(x: Stage) -> object:
    x.environment(CURL_CA_BUNDLE="/from/environment")
    return x.session().merge_environment_settings("https://a.test/", {}, None, None, None)["verify"]


@call("environment: a CA bundle and verify=False of the call")
def _(x: Stage) -> object:
    x.environment(REQUESTS_CA_BUNDLE="/from/environment")
    session = x.session()
    return session.merge_environment_settings("https://a.test/", {}, None, False, None)["verify"]


@call("environment: settings of a session are merged")
def _(x: Stage) -> object:
    session = x.session(stream=True, cert="/c.pem", proxies={"http": "http://p.test"})
    settings = session.merge_environment_settings("http://a.test/", {}, None, None, None)
    return settings["cert"], bool(settings["stream"]), list(settings["proxies"].items())


# -- names -------------------------------------------------------------------


@call("names: status codes")
def _(x: Stage) -> object:
    codes = x.lib.codes
    return (
        codes.ok,
        codes.OK,
        codes["not_found"],
        codes.im_a_teapot,
        codes.teapot,
        codes.temporary_redirect,
        codes["\\o/"],
        codes["✓"],
        x.attempt(lambda: codes.no_such),
        x.attempt(lambda: codes["no_such"]),
        codes.get("no_such", 5),
        repr(codes),
    )


@call("names: every status code")
def _(x: Stage) -> object:
    names = [name for name in dir(x.lib.codes) if not name.startswith("_")]
    return sorted(
        (name, code) for name in names if isinstance(code := getattr(x.lib.codes, name), int)
    )


@call("names: CaseInsensitiveDict")
def _(x: Stage) -> object:
    made = x.lib.structures.CaseInsensitiveDict({"A": 1, "b": 2})
    made["a"] = 3
    return (
        list(made.items()),
        made["A"],
        made == {"a": 3, "B": 2},
        made == 5,
        repr(made),
        len(made),
        list(made.copy()),
        made.pop("B"),
        made.setdefault("c", 4),
        list(made.lower_items()),
        x.attempt(lambda: made["none"]),
    )


@call("names: LookupDict")
def _(x: Stage) -> object:
    made = x.lib.structures.LookupDict("name")
    made.a = 1
    return made["a"], made["b"], made.get("b", 2), repr(made)


@call("names: the tree of exceptions")
def _(x: Stage) -> object:
    names = [
        "RequestException", "InvalidJSONError", "JSONDecodeError", "HTTPError", "ConnectionError",
        "ProxyError", "SSLError", "Timeout", "ConnectTimeout", "ReadTimeout", "URLRequired",
        "TooManyRedirects", "MissingSchema", "InvalidSchema", "InvalidURL", "InvalidHeader",
        "InvalidProxyURL", "ChunkedEncodingError", "ContentDecodingError", "StreamConsumedError",
        "RetryError", "UnrewindableBodyError", "RequestsWarning", "FileModeWarning",
        "RequestsDependencyWarning",
    ]  # fmt: skip
    kinds = {name: getattr(x.lib.exceptions, name) for name in names}
    return [
        (name, other)
        for name, kind in kinds.items()
        for other, parent in kinds.items()
        if issubclass(kind, parent)
    ] + [
        (name, base.__name__)
        for name, kind in kinds.items()
        for base in (OSError, ValueError, TypeError, RuntimeError, Warning, DeprecationWarning)
        if issubclass(kind, base)
    ]


@call("names: exceptions made by hand")
def _(x: Stage) -> object:
    response = x.lib.Response()
    response.request = x.lib.Request("GET", "http://a.test/").prepare()
    error = x.lib.RequestException("text", response=response)
    return str(error), error.response is response, error.request is response.request, error.args


@call("names: what the functions' modules offer")
def _(x: Stage) -> object:
    return [
        hasattr(getattr(x.lib, module), name)
        for module, names in {
            "adapters": (
                "HTTPAdapter",
                "BaseAdapter",
                "DEFAULT_POOLBLOCK",
                "DEFAULT_POOLSIZE",
                "DEFAULT_RETRIES",
            ),
            "models": (
                "Request",
                "PreparedRequest",
                "Response",
                "REDIRECT_STATI",
                "CONTENT_CHUNK_SIZE",
                "ITER_CHUNK_SIZE",
            ),
            "sessions": ("Session", "session", "merge_setting", "merge_hooks"),
            "auth": (
                "AuthBase",
                "HTTPBasicAuth",
                "HTTPDigestAuth",
                "HTTPProxyAuth",
                "_basic_auth_str",
            ),
            "cookies": (
                "RequestsCookieJar",
                "create_cookie",
                "cookiejar_from_dict",
                "merge_cookies",
                "extract_cookies_to_jar",
                "morsel_to_cookie",
                "MockRequest",
                "MockResponse",
            ),
            "hooks": ("default_hooks", "dispatch_hook", "HOOKS"),
            "structures": ("CaseInsensitiveDict", "LookupDict"),
            "status_codes": ("codes",),
        }.items()
        for name in names
    ]
