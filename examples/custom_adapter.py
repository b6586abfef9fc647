"""Adapters of your own: other ways to answer a request than over the network.

An adapter does one exchange: a prepared request in, a response out.  A session
picks the one that is mounted under the longest prefix of the URL.  Here are one
that reads ``file://`` URLs, one that answers from a dictionary, and one that
wraps another.

Run it::

    python examples/custom_adapter.py
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit
from urllib.request import url2pathname

from urllib3 import HTTPResponse

import ulak
from ulak.adapters import BaseAdapter
from ulak.models import PreparedRequest, Response


def make_response(request: PreparedRequest, status: HTTPStatus, body: BinaryIO) -> Response:
    response = Response()
    response.request = request
    response.url = request.url or ""
    response.status_code = status
    response.reason = status.phrase
    response.headers["Content-Type"] = "text/plain; charset=utf-8"
    response.encoding = "utf-8"
    # What the body is read from, when it is asked for; closes the file at its end.
    response.raw = HTTPResponse(body, preload_content=False)
    return response


class FileAdapter(BaseAdapter):
    """``file://`` URLs: reads the file while the response is read."""

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        path = Path(url2pathname(urlsplit(request.url or "").path))
        try:
            body = path.open("rb")
        except OSError as error:
            # A status is not an error here: whoever calls decides.
            return make_response(request, HTTPStatus.NOT_FOUND, io.BytesIO(str(error).encode()))
        return make_response(request, HTTPStatus.OK, body)

    def close(self) -> None:
        """Nothing to close: each response owns its file."""


class DictAdapter(BaseAdapter):
    """Answers from a dictionary of URLs; for tests, for instance."""

    def __init__(self, pages: Mapping[str, str]) -> None:
        super().__init__()
        self.pages = pages

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        page = self.pages.get(request.url or "")
        status = HTTPStatus.NOT_FOUND if page is None else HTTPStatus.OK
        return make_response(request, status, io.BytesIO((page or "").encode()))

    def close(self) -> None:
        """Nothing to close."""


class Reporting(BaseAdapter):
    """Reports each exchange of another adapter."""

    def __init__(self, inner: BaseAdapter, report: Callable[[str], None] = print) -> None:
        super().__init__()
        self.inner = inner
        self.report = report

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        response = self.inner.send(request, *args, **kwargs)
        self.report(f"[{request.method} {request.url}: {response.status_code}]")
        return response

    def close(self) -> None:
        self.inner.close()


def main() -> None:
    path = Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    with ulak.Session() as session:
        session.mount("file://", FileAdapter())
        session.mount("dict://", Reporting(DictAdapter({"dict://letters/1": "Dear friend,"})))

        print("first line:", session.get(path.as_uri()).text.splitlines()[0])
        print("missing:   ", session.get("file:///no/such/file").status_code)

        print("from dict: ", session.get("dict://letters/1").text)
        print("not there: ", session.get("dict://letters/2").status_code)


if __name__ == "__main__":
    main()
