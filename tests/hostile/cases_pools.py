"""P8, P9: the pool never confuses connections, and gives every one back."""

from __future__ import annotations

from collections.abc import Iterator

from tests.support import RawConnection, Script

from .case import Broken, Case, Run
from .judgements import gives, keeps, opens, reaches
from .names import slug
from .plan import Ask, Auth, Settings
from .servers import (
    CHUNKED,
    OK,
    Server,
    closes,
    each,
    echoes,
    plain,
    says,
    stalls,
    tunnels,
)

_SECRET = "s3cret-of-the-caller"


def _only_the_first(run: Run) -> Iterator[Broken]:
    """The credentials were in the first request's head and not in the second's."""
    heads = [b"authorization:" in head.lower() for head in run.seen["a"].heads]
    if heads != [True, False]:
        yield Broken("credential", f"requests with credentials: {heads}")


def _socks(*replies: bytes) -> Script:
    """A SOCKS proxy that answers each message with the next of the replies, and then echoes."""

    def script(connection: RawConnection) -> None:
        for reply in replies:
            connection.sock.recv(600)
            connection.send(reply)
        echoes()(connection)

    return script


CASES: list[Case] = [
    Case(
        name="pool-two-ports-of-one-host",
        promise="P8.1",
        servers={"a": Server(echoes()), "b": Server(echoes())},
        asks=(Ask(url="{a}/1"), Ask(url="{b}/2"), Ask(url="{a}/3"), Ask(url="{b}/4")),
        judge=(gives(b"/4", counted="poisoned"), opens(1), opens(1, "b"), reaches(b"/3")),
    ),
    Case(
        name="pool-two-names-of-one-address",
        promise="P8.1",
        servers={"a": Server(echoes())},
        asks=(Ask(url="http://127.0.0.1:{a.port}/1"), Ask(url="http://localhost:{a.port}/2")),
        judge=(gives(b"/2"), opens(2)),
    ),
    Case(
        name="pool-http-and-https-of-one-name",
        promise="P8.1",
        servers={"a": Server(echoes()), "b": Server(echoes(), tls="good")},
        asks=(Ask(url="{a}/1"), Ask(url="{b}/2"), Ask(url="{a}/3")),
        settings=Settings(verify="{ca}"),
        judge=(gives(b"/3"), opens(1), opens(1, "b")),
    ),
    Case(
        name="pool-with-a-proxy-and-without",
        promise="P8.2",
        servers={"a": Server(echoes()), "p": Server(echoes())},
        asks=(Ask(url="{a}/1"), Ask(url="{a}/2", proxy="{p}"), Ask(url="{a}/3")),
        judge=(gives(b"/3"), opens(1), opens(1, "p")),
    ),
    Case(
        name="pool-proxies-with-other-credentials",
        promise="P8.2",
        servers={"p": Server(echoes())},
        asks=(
            Ask(url="http://a.example/1", proxy=f"http://user:{_SECRET}@127.0.0.1:{{p.port}}"),
            Ask(url="http://a.example/2", proxy="http://other:0ther-secret-x@127.0.0.1:{p.port}"),
        ),
        judge=(opens(2, "p"),),
    ),
    Case(
        name="pool-tunnels-with-other-credentials",
        promise="P8.2",
        servers={"p": Server(tunnels(echoes(), tls="names"))},
        asks=(
            Ask(url="https://a.example/1", proxy=f"http://user:{_SECRET}@127.0.0.1:{{p.port}}"),
            Ask(url="https://a.example/2", proxy="http://other:0ther-secret-x@127.0.0.1:{p.port}"),
        ),
        settings=Settings(verify="{ca}"),
        judge=(opens(2, "p"), gives(b"/2")),
    ),
    Case(
        name="pool-tunnels-to-two-hosts",
        promise="P8.2",
        servers={"p": Server(tunnels(echoes(), tls="names"))},
        asks=(
            Ask(url="https://a.example/1", proxy="{p}"),
            Ask(url="https://b.example/2", proxy="{p}"),
            Ask(url="https://a.example/3", proxy="{p}"),
        ),
        settings=Settings(verify="{ca}"),
        judge=(opens(2, "p"), gives(b"/3")),
    ),
    Case(
        name="pool-socks-with-other-credentials",
        promise="P8.2",
        servers={"p": Server(_socks(b"\x05\x02", b"\x01\x00", b"\x05\0\0\x01" + bytes(6)))},
        asks=(
            Ask(url="http://a.example/1", proxy="socks5h://user:one@127.0.0.1:{p.port}"),
            Ask(url="http://a.example/2", proxy="socks5h://other:two@127.0.0.1:{p.port}"),
            Ask(url="http://a.example/3", proxy="socks5h://other:two@127.0.0.1:{p.port}"),
        ),
        judge=(opens(2, "p"), gives(b"/3")),
    ),
    *(
        Case(
            name=f"pool-whole-after-{slug(what)}",
            promise="P9.1",
            servers={"a": Server(each(script, script, script, echoes()))},
            asks=(
                Ask(timeout=0.2, plain=True),
                Ask(timeout=0.2, plain=True, read="pieces"),
                Ask(timeout=0.2, plain=True, read="head"),
                Ask(url="{a}/right"),
            ),
            judge=(gives(b"/right", counted="poisoned"),),
        )
        for what, script in (
            ("silence", stalls()),
            ("a stall in a head", stalls(OK + b"X: y")),
            ("a stall in a body", stalls(OK + b"Content-Length: 9\r\n\r\nx")),
            ("a stall in a chunk", stalls(CHUNKED + b"9\r\nx")),
            ("a wrong head", says(b"nonsense\r\n\r\n")),
            ("a wrong chunk", says(CHUNKED + b"z\r\n")),
            ("a wrong coding", says(plain(b"no gzip", b"Content-Encoding: gzip"))),
            ("a short body", says(OK + b"Content-Length: 9\r\n\r\nx")),
            ("an end", closes),
        )
    ),
    Case(
        name="pool-shared-by-sixteen",
        promise="P9.5",
        servers={"a": Server(echoes())},
        asks=(Ask(url="{a}/#", times=500, together=16, timeout=30.0),),
        judge=(keeps(),),
        scale=20,
    ),
    Case(
        name="pool-shared-by-sixteen-with-errors",
        promise="P9.5",
        servers={"a": Server(each(*[says(OK + b"Content-Length: 99\r\n\r\nx")] * 8, echoes()))},
        asks=(
            Ask(url="{a}/#", times=60, together=16, timeout=10.0, read="pieces"),
            Ask(url="{a}/right"),
        ),
        judge=(gives(b"/right", counted="poisoned"),),
    ),
    Case(
        name="pool-authorization-is-of-one-request",
        promise="P8.1",
        servers={"a": Server(echoes())},
        asks=(Ask(auth=Auth("basic", "user", _SECRET)), Ask(url="{a}/2")),
        judge=(gives(b"/2"), opens(1), _only_the_first),
    ),
]
