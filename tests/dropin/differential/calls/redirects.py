"""Redirects: methods, bodies, odd Locations, history, what stays behind."""

from __future__ import annotations

import io
from typing import Any

from ..recorder import OK, answer, raw, redirect
from ..stage import Stage, pieces
from .table import Call, call

STATI = (301, 302, 303, 307, 308)


def _redirected(status: int, method: str, **options: Any) -> Call:
    def function(x: Stage) -> object:
        x.reply("/a", redirect(status, "/b"))
        return x.lib.request(method, x.url + "/a", **options)

    return function


for _status in STATI:
    for _method in ("GET", "HEAD", "OPTIONS", "DELETE", "PATCH"):
        call(f"redirects: {_status} of {_method}")(_redirected(_status, _method))
    for _method in ("POST", "PUT", "DELETE", "PATCH", "GET"):
        call(f"redirects: {_status} of {_method} with a form")(
            _redirected(_status, _method, data={"a": "1"})
        )
    call(f"redirects: {_status} of POST with json")(_redirected(_status, "POST", json={"a": 1}))
    call(f"redirects: {_status} of POST with files")(
        _redirected(_status, "POST", files={"f": b"x"})
    )
    call(f"redirects: {_status} of POST with headers of the body")(
        _redirected(
            _status,
            "POST",
            data=b"x",
            headers={
                "Content-Type": "text/plain",
                "Content-Encoding": "identity",
                "Content-Language": "tr",
                "Content-Location": "/x",
            },
        )
    )
for _status in (300, 304, 305, 306, 309, 310, 200, 201, 404):
    call(f"redirects: a Location with {_status}")(_redirected(_status, "GET"))


def _streamed(status: int, make: Any) -> Call:
    def function(x: Stage) -> object:
        x.reply("/a", redirect(status, "/b"))
        return x.lib.post(x.url + "/a", data=make())

    return function


for _status in (302, 307, 308):
    call(f"redirects: {_status} of a generator")(_streamed(_status, lambda: pieces(b"x", b"y")))
    call(f"redirects: {_status} of BytesIO")(_streamed(_status, lambda: io.BytesIO(b"content")))


def _half_read() -> Any:
    file = io.BytesIO(b"0123456789")
    file.seek(4)
    return file


call("redirects: 307 of BytesIO from the middle")(_streamed(307, _half_read))

#: What a Location may be, on /dir/a?q=1#f; {root} is the server.
LOCATIONS: dict[str, str | bytes] = {
    "absolute": "{root}/b",
    "of a path": "/b",
    "relative": "b",
    "relative up": "../b",
    "relative up too far": "../../../b",
    "relative with dots inside": "/x/./y/../b",
    "of the same folder": "./b",
    "of a query": "?x=1",
    "of a fragment": "#frag",
    "with a fragment": "/b#frag",
    "with an empty fragment": "/b#",
    "without a scheme": "//127.0.0.1:{port}/b",
    "in capitals": "HTTP://127.0.0.1:{port}/b",
    "empty": "",
    "blank": "   ",
    "with blanks around": "  /b  ",
    "with a blank inside": "/b c",
    "with a tab inside": "/b\tc",
    "of UTF-8": "/bü€".encode(),
    "of Latin-1": b"/b\xfc",
    "encoded": "/b%20%C3%BC%2f",
    "encoded in small letters": "/b%c3%bc",
    "encoded needlessly": "/%7Eb",
    "with encoded dots": "/x/%2e%2e/b",
    "with a percent": "/b%",
    "with signs": "/b!$&'()*+,;=:@|\"<>^`{}",
    "with a backslash": "/b\\c",
    "with brackets": "/b[c]",
    "with two slashes": "{root}//b",
    "with a question mark at the end": "/b?",
    "with a query of pairs": "/b?a=1&a=2&b=%20+c",
    "without a path": "{root}",
    "with a query and no path": "{root}?x=1",
    "of no host": "http:///b",
    "of nothing but a scheme": "http://",
    "of a bad port": "http://127.0.0.1:99999/b",
    "of a port that is none": "http://127.0.0.1:x/b",
    "of a host with a blank": "http://a b/",
    "of mailto": "mailto:a@b.test",
    "of ftp": "ftp://127.0.0.1/b",
    "of javascript": "javascript:alert(1)",
    "with a scheme and no slashes": "http:b",
    "with a port in the path": "/b:80",
    "with userinfo": "http://user:pass@127.0.0.1:{port}/b",
}


def _location(location: str | bytes) -> Call:
    def function(x: Stage) -> object:
        octets = location if isinstance(location, bytes) else location.encode("latin-1")
        octets = octets.replace(b"{root}", x.url.encode()).replace(b"{port}", b"%d" % x.port)
        x.reply("/dir/a", redirect(302, octets), OK)
        return x.lib.get(x.url + "/dir/a?q=1#f", timeout=3)

    return function


for _name, _location_value in LOCATIONS.items():
    call(f"Location: {_name}")(_location(_location_value))


@call("Location: two of them")
def _(x: Stage) -> object:
    x.reply("/a", answer(b"", "Location: /b", "Location: /c", status="302 Found"))
    return x.lib.get(x.url + "/a")


@call("Location: none")
def _(x: Stage) -> object:
    x.reply("/a", answer(b"", status="302 Found"))
    return x.lib.get(x.url + "/a")


@call("redirects: a chain")
def _(x: Stage) -> object:
    x.reply("/a", redirect(301, "/b"))
    x.reply("/b", redirect(302, "/c"))
    x.reply("/c", redirect(307, "/d"))
    response = x.lib.get(x.url + "/a")
    return (response, *response.history)


@call("redirects: a POST that becomes a GET and stays one")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, "/b"))
    x.reply("/b", redirect(307, "/c"))
    return x.lib.post(x.url + "/a", data={"a": "1"})


@call("redirects: a loop")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, "/a"))
    return x.lib.get(x.url + "/a")


@call("redirects: as many as are allowed")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, "/a"), redirect(302, "/a"), OK)
    return x.session(max_redirects=2).get(x.url + "/a")


@call("redirects: one more than is allowed")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, "/a"), redirect(302, "/a"), OK)
    return x.session(max_redirects=1).get(x.url + "/a")


@call("redirects: none is allowed")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, "/b"))
    return x.session(max_redirects=0).get(x.url + "/a")


@call("redirects: what the error of too many carries")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, "/a"))
    try:
        x.session(max_redirects=2).get(x.url + "/a")
    except x.lib.TooManyRedirects as error:
        return error.response, error.request
    return None


@call("redirects: not followed")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, "/b"))
    return x.lib.get(x.url + "/a", allow_redirects=False)


@call("redirects: a POST that is not followed")
def _(x: Stage) -> object:
    x.reply("/a", redirect(303, "/b"))
    return x.lib.post(x.url + "/a", data={"a": "1"}, allow_redirects=False)


@call("redirects: next, sent by hand")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, "/b", "Set-Cookie: a=b; Path=/"))
    session = x.session()
    first = session.post(x.url + "/a", data="x", allow_redirects=False)
    return session.send(first.next)


@call("redirects: a permanent one, twice")
def _(x: Stage) -> object:
    x.reply("/a", redirect(301, "/b"))
    session = x.session()
    session.get(x.url + "/a")
    return session.get(x.url + "/a")


@call("redirects: resolve_redirects by hand")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, "/b"))
    x.reply("/b", redirect(302, "/c"))
    session = x.session()
    request = session.prepare_request(x.lib.Request("GET", x.url + "/a"))
    first = session.send(request, allow_redirects=False)
    return tuple(session.resolve_redirects(first, request))


@call("redirects: get_redirect_target")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, "/b c"))
    session = x.session()
    response = session.get(x.url + "/a", allow_redirects=False)
    return session.get_redirect_target(response), session.get_redirect_target(session.get(x.url))


@call("redirects: a fragment that is kept")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, "/b"))
    x.reply("/b", redirect(302, "/c#own"))
    x.reply("/c", redirect(302, "/d"))
    response = x.lib.get(x.url + "/a#first")
    return (response, *response.history)


@call("redirects: streamed")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, "/b"))
    x.reply("/b", answer(b"body of b"))
    with x.lib.get(x.url + "/a", stream=True) as response:
        return response, list(response.iter_content(4))


@call("redirects: hooks on each hop")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, "/b"))
    seen: list[Any] = []
    hook = lambda response, **kwargs: seen.append((response.url, sorted(kwargs)))  # noqa: E731
    x.lib.get(x.url + "/a", hooks={"response": hook})
    return seen


@call("redirects: with a broken body")
def _(x: Stage) -> object:
    x.reply("/a", raw(b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 9\r\n\r\nabc"))
    return x.lib.get(x.url + "/a")


@call("redirects: with a gzip body that is none")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, "/b", "Content-Encoding: gzip"))
    return x.lib.get(x.url + "/a")


@call("redirects: with a large body")
def _(x: Stage) -> object:
    body = answer(b"x" * 200_000, "Location: /b", status="302 Found")
    x.reply("/a", body)
    response = x.lib.get(x.url + "/a")
    return response, len(response.history[0].content)


# -- what travels ------------------------------------------------------------


def _away(name: str, **options: Any) -> None:
    def same_server(x: Stage) -> object:
        x.reply("/a", redirect(307, x.url + "/b"))
        return x.lib.post(x.url + "/a", **options)

    def other_name(x: Stage) -> object:
        x.reply("/a", redirect(307, x.localhost + "/b"))
        return x.lib.post(x.url + "/a", **options)

    def other_port(x: Stage) -> object:
        x.reply("/a", redirect(307, x.other + "/b"))
        response = x.lib.post(x.url + "/a", **options)
        return response, [name for name, _ in response.request.headers.items()]

    call(f"redirects with {name}: to the same origin")(same_server)
    call(f"redirects with {name}: to another host")(other_name)
    call(f"redirects with {name}: to another port")(other_port)


_away("auth=", auth=("user", "pass"))
_away("an Authorization header", headers={"Authorization": "Bearer x"})
_away("an authorization header in small letters", headers={"authorization": "Bearer x"})
_away("a Proxy-Authorization header", headers={"Proxy-Authorization": "Basic x"})
_away("a header of one's own", headers={"X-Own": "1"})
_away("a Referer header", headers={"Referer": "http://a.test/secret"})
_away("a Host header", headers={"Host": "example.test"})
_away("an Origin header", headers={"Origin": "http://a.test"})


@call("redirects with session auth: to another host")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, x.localhost + "/b"))
    return x.session(auth=("user", "pass")).get(x.url + "/a")


@call("redirects with a session header: to another host")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, x.localhost + "/b"))
    session = x.session()
    session.headers["Authorization"] = "Bearer x"
    session.headers["X-Key"] = "k"
    return session.get(x.url + "/a")


@call("redirects with auth=: away and back again")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, x.localhost + "/b"))
    x.reply("/b", redirect(302, x.url + "/c"))
    return x.lib.get(x.url + "/a", auth=("user", "pass"))


@call("redirects with auth in the URL: to the same origin")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, "/b"))
    return x.lib.get(x.url.replace("//", "//user:pass@") + "/a")


@call("redirects with auth in the URL: to another host")
def _(x: Stage) -> object:
    x.reply("/a", redirect(302, x.localhost + "/b"))
    return x.lib.get(x.url.replace("//", "//user:pass@") + "/a")


@call("redirects: should_strip_auth")
def _(x: Stage) -> object:
    strip = x.session().should_strip_auth
    return [
        strip("http://a.test/", "http://a.test/x"),
        strip("http://a.test/", "http://b.test/"),
        strip("http://a.test/", "https://a.test/"),
        strip("https://a.test/", "http://a.test/"),
        strip("http://a.test:80/", "https://a.test:443/"),
        strip("http://a.test:8000/", "https://a.test/"),
        strip("http://a.test/", "http://a.test:80/"),
        strip("http://a.test/", "http://a.test:8080/"),
        strip("http://a.test/", "http://A.test/"),
    ]
