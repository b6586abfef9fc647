"""The routes of :class:`tests.support.http_server.HttpServer`.

Named after those of httpbin.org where that has one.  The first segment of the
path picks the method of :class:`Routes`, with hyphens as underscores; the other
segments are its arguments.
"""

from __future__ import annotations

import base64
import gzip as gzip_module
import json
import re
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import parse_qsl, unquote

from .digest import DigestGate
from .messages import Answer, Fields, ReceivedRequest, field_value, parse_fields

PAGE = """\
<!DOCTYPE html>
<html>
  <head><title>A page</title></head>
  <body><h1>Mektup</h1><p>The courier rode through the <b>night</b>.</p></body>
</html>
"""
TURKISH = "Ulak, mektubu ışıksız yollardan götürdü: ğüşiöç ĞÜŞİÖÇ"
_METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "query")
_PIECE = 1 << 16


class Routes:
    """Answers for the paths below; ``stopping`` ends what waits."""

    def __init__(self, stopping: threading.Event) -> None:
        self._stopping = stopping
        self._digest = DigestGate()
        self._lock = threading.Lock()
        self._attempts: Counter[str] = Counter()

    def answer(self, request: ReceivedRequest) -> Answer:
        """The answer to ``request``: 404 without a route, 400 if it takes other arguments."""
        path = re.sub(r"^https?://[^/]*", "", request.path)
        name, *arguments = [unquote(part) for part in path.strip("/").split("/")]
        if name in _METHODS:
            return self._echo_for(name, request)
        route: Callable[..., Answer] | None = _TABLE.get(name)
        if route is None:
            return Answer.text(f"no route {request.path}\n", status=404)
        try:
            return route(self, request, *arguments)
        except (TypeError, ValueError, LookupError) as error:
            return Answer.text(f"{request.path}: {error}\n", status=400)

    # -- what was received

    def _echo_for(self, name: str, request: ReceivedRequest) -> Answer:
        if request.method == name.upper() or (name, request.method) == ("get", "HEAD"):
            return self.anything(request)
        return Answer(b"", 405, [("Allow", name.upper())])

    def index(self, request: ReceivedRequest) -> Answer:
        return Answer.text(PAGE, kind="text/html; charset=utf-8")

    def anything(self, request: ReceivedRequest, *rest: str) -> Answer:
        return Answer.json(echo(request))

    def headers(self, request: ReceivedRequest) -> Answer:
        return Answer.json({"headers": dict(request.fields), "header_list": request.fields})

    def user_agent(self, request: ReceivedRequest) -> Answer:
        return Answer.json({"user-agent": request.header("User-Agent")})

    def echo_ip(self, request: ReceivedRequest) -> Answer:
        return Answer.json({"origin": request.peer[0], "port": request.peer[1]})

    def tls(self, request: ReceivedRequest) -> Answer:
        return Answer.json(request.tls)

    def sink(self, request: ReceivedRequest) -> Answer:
        """Takes any amount and keeps none of it."""
        size, digest = request.discarded or (0, "")
        return Answer.json({"size": size, "sha256": digest})

    # -- status and redirects

    def status(self, request: ReceivedRequest, code: str) -> Answer:
        location = [("Location", "/get")] if code in ("301", "302", "303", "307", "308") else []
        return Answer(b"", int(code), location)

    def redirect(self, request: ReceivedRequest, count: str) -> Answer:
        following = f"/redirect/{int(count) - 1}" if int(count) > 1 else "/get"
        return _redirect(following, int(request.parameter("status_code", "302")))

    def redirect_to(self, request: ReceivedRequest) -> Answer:
        """``?url=&status_code=&set_cookie=``: the Location is sent as it was given."""
        cookie = request.parameter("set_cookie")
        more = [("Set-Cookie", cookie)] if cookie else []
        status = int(request.parameter("status_code", "302"))
        return _redirect(request.parameter("url"), status, *more)

    # -- cookies

    def cookies(self, request: ReceivedRequest, *action: str) -> Answer:
        """``/cookies``, ``/cookies/set?k=v``, ``/cookies/set/k/v``, ``/cookies/delete?k``."""
        match action:
            case ():
                return Answer.json({"cookies": request.cookies})
            case ("set", name, value):
                pairs = [(name, value)]
            case ("set",) | ("delete",):
                pairs = request.query
            case _:
                raise ValueError("set or delete")
        expiry = "; Max-Age=0" if action[0] == "delete" else ""
        fields = [("Set-Cookie", f"{name}={value}; Path=/{expiry}") for name, value in pairs]
        return _redirect("/cookies", 302, *fields)

    # -- authentication

    def basic_auth(self, request: ReceivedRequest, user: str, password: str) -> Answer:
        wanted = base64.b64encode(f"{user}:{password}".encode()).decode()
        if request.header("Authorization") == f"Basic {wanted}":
            return Answer.json({"authenticated": True, "user": user})
        return Answer(b"", 401, [("WWW-Authenticate", 'Basic realm="ulak tests"')])

    def digest_auth(
        self,
        request: ReceivedRequest,
        qop: str,
        user: str,
        password: str,
        algorithm: str = "MD5",
        stale_after: str = "0",
    ) -> Answer:
        refusal = self._digest.check(
            request, user, password, qop=qop, algorithm=algorithm, stale_after=int(stale_after)
        )
        return refusal or Answer.json({"authenticated": True, "user": user})

    def bearer(self, request: ReceivedRequest) -> Answer:
        scheme, _, token = (request.header("Authorization") or "").partition(" ")
        if scheme == "Bearer" and token:
            return Answer.json({"authenticated": True, "token": token})
        return Answer(b"", 401, [("WWW-Authenticate", "Bearer")])

    # -- bodies of many kinds

    def bytes_(self, request: ReceivedRequest, count: str) -> Answer:
        """``/bytes/N``: the bytes 0 to 255, over and over."""
        return Answer(pattern(int(count)), 200, [("Content-Type", "application/octet-stream")])

    def stream_bytes(self, request: ReceivedRequest, count: str) -> Answer:
        """``/bytes`` in chunks of ``?chunk_size=``; of any size, in little memory."""
        size = int(request.parameter("chunk_size", "10240"))
        return Answer(
            pattern_pieces(int(count), size), 200, [("Content-Type", "application/octet-stream")]
        )

    def large(self, request: ReceivedRequest, count: str) -> Answer:
        """``/bytes`` with a Content-Length; of any size, in little memory."""
        return Answer(pattern_pieces(int(count), _PIECE), 200, [("Content-Length", count)])

    def stream(self, request: ReceivedRequest, count: str) -> Answer:
        """``/stream/N``: N lines of JSON, a chunk each."""
        lines = (json.dumps({"id": i, "url": request.target}) for i in range(int(count)))
        body = (line.encode() + b"\n" for line in lines)
        return Answer(body, 200, [("Content-Type", "application/json")])

    def chunked(self, request: ReceivedRequest) -> Answer:
        """``?chunks=&size=&trailer=``: chunks with extensions, perhaps a trailer field."""
        size, count = (
            int(request.parameter("size", "8")),
            int(request.parameter("chunks", "3")),
        )
        chunk = b"%x;name=value\r\n%b\r\n" % (size, b"x" * size)
        trailer = request.parameter("trailer")
        end = b"0\r\n" + (b"X-Trailer: %b\r\n" % trailer.encode() if trailer else b"") + b"\r\n"
        return Answer([chunk * count, end], 200, [("Transfer-Encoding", "chunked")])

    def close(self, request: ReceivedRequest) -> Answer:
        return Answer(echo_bytes(request), 200, [("Content-Type", "application/json")], close=True)

    def until_close(self, request: ReceivedRequest) -> Answer:
        """No framing: the body ends with the connection."""
        return Answer(
            [echo_bytes(request)], 200, [("Content-Type", "application/json")], close=True
        )

    def http10(self, request: ReceivedRequest) -> Answer:
        return Answer([echo_bytes(request)], close=True, version="HTTP/1.0")

    def gzip(self, request: ReceivedRequest) -> Answer:
        return _coded(request, "gzip", gzip_module.compress)

    def deflate(self, request: ReceivedRequest) -> Answer:
        return _coded(request, "deflate", zlib.compress)

    def brotli(self, request: ReceivedRequest) -> Answer:
        import brotli

        return _coded(request, "br", brotli.compress)

    def encoding(self, request: ReceivedRequest, charset: str) -> Answer:
        """Turkish text in ``charset``, which ``?declare=0`` keeps out of the header."""
        name = "utf-8" if charset == "utf8" else charset
        declared = "" if request.parameter("declare") == "0" else f"; charset={name}"
        return Answer(TURKISH.encode(name), 200, [("Content-Type", f"text/html{declared}")])

    def html(self, request: ReceivedRequest) -> Answer:
        return Answer.text(PAGE, kind="text/html; charset=utf-8")

    def json(self, request: ReceivedRequest) -> Answer:
        return Answer.json({"courier": "ulak", "letters": [1, 2, 3], "delivered": True})

    def response_headers(self, request: ReceivedRequest) -> Answer:
        """Each parameter becomes a field of the answer, repeats and all."""
        return Answer.json(dict(request.query), headers=request.query)

    def links(self, request: ReceivedRequest) -> Answer:
        """``?page=&pages=``: a list, with a Link field to the next page and the last."""
        page, pages = int(request.parameter("page", "1")), int(request.parameter("pages", "3"))
        targets = {"next": page + 1, "last": pages} if page < pages else {"first": 1}
        link = ", ".join(
            f'</links?page={number}&pages={pages}>; rel="{rel}"' for rel, number in targets.items()
        )
        items = [{"id": (page - 1) * 2 + i, "name": f"item {(page - 1) * 2 + i}"} for i in (1, 2)]
        return Answer.json(items, headers=[("Link", link)])

    # -- time and failure

    def delay(self, request: ReceivedRequest, seconds: str) -> Answer:
        self._stopping.wait(float(seconds))
        return self.anything(request)

    def drip(self, request: ReceivedRequest) -> Answer:
        """``?numbytes=&duration=&delay=&code=``: single bytes, spread over the duration."""
        count = int(request.parameter("numbytes", "10"))
        pause = float(request.parameter("duration", "2")) / max(1, count)
        self._stopping.wait(float(request.parameter("delay", "0")))
        status = int(request.parameter("code", "200"))
        return Answer(self._drip(count, pause), status, [("Content-Length", str(count))])

    def _drip(self, count: int, pause: float) -> Iterator[bytes]:
        for _ in range(count):
            yield b"*"
            if self._stopping.wait(pause):
                return

    def resumable(self, request: ReceivedRequest, count: str) -> Answer:
        """``/resumable/N?key=&breaks=``: ``/bytes/N`` with an ETag and ranges to an end.

        The first answers per key, as many as ``breaks``, break off in the middle.
        """
        whole = pattern(int(count))
        etag = f'"{count}"'
        asked = re.fullmatch(r"bytes=(\d+)-", request.header("Range") or "")
        first = int(asked[1]) if asked and request.header("If-Range") in (None, etag) else None
        if first is not None and first >= len(whole):
            return Answer(b"", 416, [("Content-Range", f"bytes */{count}")])
        body = whole[first or 0 :]
        fields = [("ETag", etag), ("Content-Length", str(len(body)))]
        if first is not None:
            fields.append(("Content-Range", f"bytes {first}-{len(whole) - 1}/{count}"))
        with self._lock:
            self._attempts[request.target] += 1
            breaks = self._attempts[request.target] <= int(request.parameter("breaks", "0"))
        sent = body[: len(body) // 2] if breaks else body
        return Answer([sent], 200 if first is None else 206, fields, close=breaks)

    def retry(self, request: ReceivedRequest) -> Answer:
        """``?key=&fails=&status=&retry_after=``: fails so often per key, then echoes."""
        with self._lock:
            self._attempts[request.parameter("key")] += 1
            attempt = self._attempts[request.parameter("key")]
        if attempt > int(request.parameter("fails", "1")):
            return Answer.json({"attempts": attempt} | echo(request))
        after = request.parameter("retry_after")
        fields = [("Retry-After", after)] if after else []
        return Answer(b"try again\n", int(request.parameter("status", "503")), fields)


_TABLE: dict[str, Callable[..., Answer]] = {
    "": Routes.index,
    **{
        name.rstrip("_").replace("_", "-"): value
        for name, value in vars(Routes).items()
        if not name.startswith("_") and name not in ("answer", "index")
    },
}


# -- what the routes share ---------------------------------------------------


def echo(request: ReceivedRequest) -> dict[str, object]:
    """Everything about a request, as JSON can say it."""
    kind = request.header("Content-Type") or ""
    form: list[tuple[str, str]] = []
    parts: list[dict[str, object]] = []
    if kind.startswith("application/x-www-form-urlencoded"):
        form = parse_qsl(request.body.decode("latin-1"), keep_blank_values=True)
    elif kind.startswith("multipart/form-data"):
        parts = list(_parts(request.body, kind))
        form = [(str(p["name"]), str(p["text"])) for p in parts if p["filename"] is None]
    return {
        "method": request.method,
        "target": request.target,
        "url": f"{'https' if request.tls else 'http'}://{request.header('Host')}{request.target}",
        "origin": request.peer[0],
        "args": _mapping(request.query),
        "headers": dict(request.fields),
        "header_list": request.fields,
        "body": base64.b64encode(request.body).decode(),
        "data": request.body.decode("utf-8", "replace"),
        "form": _mapping(form),
        "files": {str(p["name"]): p["text"] for p in parts if p["filename"] is not None},
        "parts": parts,
        "json": _json_or_none(request.body),
    }


def echo_bytes(request: ReceivedRequest) -> bytes:
    """:func:`echo` as it is sent."""
    return json.dumps(echo(request)).encode()


def pattern(count: int) -> bytes:
    """``count`` bytes: 0 to 255, over and over."""
    return (bytes(range(256)) * (count // 256 + 1))[:count]


def pattern_pieces(count: int, size: int) -> Iterator[bytes]:
    """:func:`pattern` in pieces of ``size``."""
    # Any 256 consecutive offsets begin with the same bytes.
    unit = pattern(size + 256)
    for start in range(0, count, size):
        shift = start % 256
        yield unit[shift : shift + min(size, count - start)]


def _json_or_none(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _mapping(pairs: Iterable[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Pairs as httpbin shows them: a repeated name has a list."""
    gathered: dict[str, list[str]] = {}
    for name, value in pairs:
        gathered.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in gathered.items()}


def _redirect(location: str, status: int, *fields: tuple[str, str]) -> Answer:
    return Answer(b"moved\n", status, [("Location", location), *fields])


def _coded(request: ReceivedRequest, coding: str, compress: Callable[[bytes], bytes]) -> Answer:
    fields = [("Content-Type", "application/json"), ("Content-Encoding", coding)]
    return Answer(compress(echo_bytes(request)), 200, fields)


def _parts(body: bytes, kind: str) -> Iterator[dict[str, object]]:
    """The parts of multipart/form-data (RFC 7578)."""
    found = re.search(r'boundary="?([^";]+)"?', kind)
    if found is None:
        raise ValueError("multipart without a boundary")
    mark = b"\r\n--" + found[1].encode()
    for piece in (b"\r\n" + body).split(mark)[1:]:
        if piece.startswith(b"--"):
            return
        head, _, content = piece.partition(b"\r\n\r\n")
        fields: Fields = parse_fields(head)
        disposition = field_value(fields, "Content-Disposition") or ""
        yield {
            "name": _parameter(disposition, "name"),
            "filename": _parameter(disposition, "filename"),
            "headers": fields,
            "text": content.decode("utf-8", "replace"),
            "content": base64.b64encode(content).decode(),
        }
    raise ValueError("multipart without its last boundary")


def _parameter(disposition: str, name: str) -> str | None:
    found = re.search(rf';\s*{name}="([^"]*)"', disposition)
    # Browsers and clients write UTF-8 here (RFC 7578, section 5.1).
    return found[1].encode("latin-1").decode("utf-8", "replace") if found else None
