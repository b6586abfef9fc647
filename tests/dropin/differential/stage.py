"""What one call has at hand: the library, the server, and what ends with the call.

A call is a function of a :class:`Stage`.  It says what the server answers, does
something with ``stage.lib``, and returns what is to be compared.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from .recorder import Answering, Recorder

#: Long enough for any answer of a recorder on a busy machine.
PATIENCE = 10.0


class Raised:
    """An exception, as far as it is compared: its class."""

    def __init__(self, error: BaseException) -> None:
        self.kind = type(error)
        self.text = str(error)

    def __repr__(self) -> str:
        return f"raises {self.kind.__name__}"


class Stage:
    """For one call with one library; :meth:`close` ends what it began."""

    def __init__(self, lib: ModuleType, recorder: Recorder, other: Recorder, folder: Path) -> None:
        #: ``requests`` or ``ulak``.
        self.lib = lib
        #: The server's root, without a slash at the end.
        self.url = f"http://127.0.0.1:{recorder.port}"
        #: The same server by another name, which is another origin.
        self.localhost = f"http://localhost:{recorder.port}"
        #: Another server.
        self.other = f"http://127.0.0.1:{other.port}"
        self.port = recorder.port
        #: An empty folder.
        self.folder = folder
        #: For ``proxies=``: the server gets requests for any host of http.
        self.proxies = {"http": self.url}
        self._recorders = (recorder, other)
        self._ending = contextlib.ExitStack()
        for each in self._recorders:
            each.begin()

    def reply(self, path: str, *replies: Answering) -> str:
        """Let both servers answer ``path`` so; returns its URL."""
        for each in self._recorders:
            each.reply(path, *replies)
        return self.url + path

    def session(self, **attributes: Any) -> Any:
        """A new session, with these attributes set."""
        session = self._ending.enter_context(self.lib.Session())
        for name, value in attributes.items():
            setattr(session, name, value)
        return session

    def keep(self, closeable: Any) -> Any:
        """Close it when the call is over."""
        self._ending.callback(closeable.close)
        return closeable

    def file(self, content: bytes, name: str = "file.txt") -> Any:
        """A file that is open for reading bytes."""
        path = self.folder / name
        path.write_bytes(content)
        return self.keep(path.open("rb"))

    def environment(self, **variables: str) -> None:
        """Set environment variables until the call is over."""
        patch = self._ending.enter_context(pytest.MonkeyPatch.context())
        for name, value in variables.items():
            patch.setenv(name, value)

    def netrc(self, text: str) -> None:
        """Have a netrc file until the call is over."""
        path = self.folder / "netrc"
        path.write_text(text)
        os.chmod(path, 0o600)
        self.environment(NETRC=str(path))

    def attempt(self, function: Callable[[], Any]) -> Any:
        """What ``function`` returns, or :class:`Raised`."""
        try:
            return function()
        except Exception as error:
            return Raised(error)

    def wait_until_closed(self) -> None:
        """Return when the servers have closed all connections, of their own accord."""
        for each in self._recorders:
            each.wait_until_closed()

    def close(self) -> None:
        """End sessions, files and the rest."""
        self._ending.close()


def pieces(*values: Any) -> Iterator[Any]:
    """A generator: an iterator without a length."""
    yield from values
