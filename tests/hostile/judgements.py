"""Judgements that many cases share; each takes a :class:`Run` and names what was broken."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from .case import Broken, Judgement, Run

__all__ = [
    "asked",
    "fails",
    "gives",
    "is_both",
    "keeps",
    "light",
    "nothing_sent",
    "only_once",
    "opens",
    "raises",
    "reaches",
    "says_not",
    "sends",
    "sends_not",
    "sound",
    "within",
]


def fails(*classes: str, counted: str = "poisoned", ask: int = -1) -> Judgement:
    """A request fails; ulak's error is of all the ``classes``.

    :param counted: as what it counts when there is an answer instead.
    :param ask: which request; the last one by default.
    """

    def judge(run: Run) -> Iterator[Broken]:
        got = run.played.outcomes[ask]
        if got.error is None:
            yield Broken(
                counted, f"an answer {got.status} of {got.length} bytes: {got.body[:40]!r}"
            )
        elif run.ours:
            missing = [name for name in classes if not got.error.isa(name)]
            if missing:
                yield Broken("other", f"{got.error.name} is no {missing}: {got.error.text[:200]}")

    return judge


def raises(*classes: str) -> Judgement:
    """The last request fails, with ulak's error of these classes; others may do as they like."""

    def judge(run: Run) -> Iterator[Broken]:
        if run.ours:
            yield from fails(*classes, counted="other")(run)

    return judge


def gives(
    body: bytes | None = None, status: int | None = 200, *, counted: str = "other", ask: int = -1
) -> Judgement:
    """A request has this answer.

    :param counted: as what it counts when it fails or has another.
    :param ask: which request; the last one by default.
    """

    def judge(run: Run) -> Iterator[Broken]:
        got = run.played.outcomes[ask]
        if counted == "other" and not run.ours:
            return
        if got.error is not None:
            text = f"{got.error.name}: {got.error.text[:200]}"
            yield Broken("other" if counted == "poisoned" else counted, text)
        elif status not in (None, got.status) or body not in (None, got.body):
            yield Broken(counted, f"{got.status} {got.body[:60]!r} instead of {body!r}")

    return judge


def sound(*bodies: bytes) -> Judgement:
    """Whatever has an answer has one of these; an error is no harm."""

    def judge(run: Run) -> Iterator[Broken]:
        for got in run.played.outcomes:
            if got.error is None and got.body not in bodies:
                yield Broken("poisoned", f"{got.status} {got.body[:60]!r}")

    return judge


def keeps(most: int = 0) -> Judgement:
    """Of many requests at most so many fail, and no answer is another's."""

    def judge(run: Run) -> Iterator[Broken]:
        for got in run.played.outcomes:
            if got.lost > most:
                why = got.error.name if got.error else ""
                yield Broken("lost", f"{got.lost} requests fail: {why}")
            if got.crossed:
                yield Broken("poisoned", f"{got.crossed} answers are another's")

    return judge


def only_once(
    server: str = "a", method: str = "POST", count: int = 1, *, counted: str = "duplicated"
) -> Judgement:
    """A server was asked that no more than ``count`` times."""

    def judge(run: Run) -> Iterator[Broken]:
        times = run.seen[server].count(method)
        if times > count:
            yield Broken(counted, f"{server} got {times} {method}, not {count}")

    return judge


def asked(count: int, server: str = "a", method: str = "GET") -> Judgement:
    """ulak asked a server exactly so many times."""

    def judge(run: Run) -> Iterator[Broken]:
        times = run.seen[server].count(method)
        if run.ours and times != count:
            yield Broken("other", f"{server} got {times} {method}, not {count}")

    return judge


def opens(count: int, server: str = "a") -> Judgement:
    """ulak opened so many connections to a server."""

    def judge(run: Run) -> Iterator[Broken]:
        accepted = run.seen[server].accepted
        if run.ours and accepted != count:
            yield Broken("other", f"{server} accepted {accepted} connections, not {count}")

    return judge


def reaches(*texts: bytes, server: str = "a", counted: str = "other") -> Judgement:
    """Each of the texts arrived at the server."""

    def judge(run: Run) -> Iterator[Broken]:
        for text in texts:
            if text not in run.seen[server].received and (run.ours or counted != "other"):
                yield Broken(counted, f"{server} did not get {text!r}")

    return judge


def sends(text: bytes, request: int = -1, server: str = "a") -> Judgement:
    """One request's head has the text in it."""

    def judge(run: Run) -> Iterator[Broken]:
        heads = run.seen[server].heads
        if run.ours and (not heads or text not in heads[request]):
            yield Broken("other", f"{text!r} is not in {heads[request:][:1]}")

    return judge


def _forms(secret: str) -> Iterator[bytes]:
    """``secret`` as it may appear: as it is, and at any place of Base64."""
    raw = secret.encode()
    yield raw
    for before in range(3):
        coded = base64.b64encode(b"?" * before + raw)
        yield coded[4 if before else 0 : len(coded) - 4]


def sends_not(*secrets: str, server: str = "b", counted: str = "credential") -> Judgement:
    """None of the secrets arrived at the server, in any form."""

    def judge(run: Run) -> Iterator[Broken]:
        received = run.seen[server].received
        for secret in secrets:
            if any(form in received for form in _forms(secret)):
                yield Broken(counted, f"{server} got {secret!r}")

    return judge


def says_not(*secrets: str) -> Judgement:
    """None of the secrets is in an error's text, or in what objects look like."""

    def judge(run: Run) -> Iterator[Broken]:
        for text in run.texts:
            for secret in secrets:
                if secret in text:
                    yield Broken("credential", f"{secret!r} is shown: {text[:160]}")
                    return

    return judge


def nothing_sent(server: str = "a", *, counted: str = "injected") -> Judgement:
    """Not a byte arrived at the server."""

    def judge(run: Run) -> Iterator[Broken]:
        received = run.seen[server].received
        if received:
            yield Broken(counted, f"{server} got {received[:120]!r}")

    return judge


def light(most: int = 4_000_000) -> Judgement:
    """The case took at most so many bytes of memory."""

    def judge(run: Run) -> Iterator[Broken]:
        if run.played.peak > most:
            yield Broken("memory", f"{run.played.peak / 1e6:.0f} MB")

    return judge


def is_both(*classes: str) -> Judgement:
    """If ulak's last request fails, its error is of all these classes."""

    def judge(run: Run) -> Iterator[Broken]:
        if run.ours and run.last.error is not None:
            yield from fails(*classes)(run)

    return judge


def within(least: float, most: float, *, ask: int = -1) -> Judgement:
    """A request took that long, for ulak; the last one by default."""

    def judge(run: Run) -> Iterator[Broken]:
        seconds = run.played.outcomes[ask].seconds
        if run.ours and not least <= seconds <= most:
            yield Broken("other", f"{seconds:.2f} s, not {least} to {most}")

    return judge
