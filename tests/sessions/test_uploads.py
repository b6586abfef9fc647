"""Large bodies: streamed from disk in flat memory, with the right length."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import ulak
from tests.support import HttpServer
from tests.support.fronts import Front

SIZE = 256 * 1024 * 1024
#: How much the peak of a process may grow by such an upload or download, in bytes.
GROWTH = 16 * 1024 * 1024

#: Where ulak and the tests are.
PATH = [str(Path(ulak.__file__).parents[1]), str(Path(__file__).parents[2])]


@pytest.fixture(scope="module")
def big_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sparse file: it takes no room on the disk."""
    path = tmp_path_factory.mktemp("big") / "big.bin"
    with path.open("wb") as file:
        file.truncate(SIZE)
    return path


def in_a_process(code: str, front: Front, *arguments: object) -> dict:
    """Run ``code``, where ``measured(function)`` prints growth and the result as JSON."""
    prelude = """
        import json, re, sys
        from tests.support.fronts import FRONTS
        front, url, path = sys.argv[1:]

        def peak():
            # Not ru_maxrss, which a process inherits from the one that started it.
            with open("/proc/self/status") as status:
                return int(re.search(r"VmHWM:\\s*(\\d+) kB", status.read())[1]) * 1024

        def measured(function):
            with FRONTS[front]() as driver, driver.session() as session:
                session.post(url + "/post", files={"f": b"warm"}, data={"a": "b"}).json()
                session.get(url + "/stream-bytes/100000").content
                before = peak()
                result = function(session)
                print(json.dumps({"growth": peak() - before, "result": result}))
    """
    source = textwrap.dedent(prelude) + textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, "-c", source, front.name, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(PATH)},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_multipart_upload_is_streamed_from_disk(
    http_server: HttpServer, front: Front, big_file: Path
) -> None:
    seen = in_a_process(
        """
        def upload(session):
            with open(path, "rb") as file:
                response = session.post(
                    url + "/sink", files={"f": ("big.bin", file)}, data={"a": "b"}
                )
            return response.json() | {"length": response.request.headers["Content-Length"]}
        measured(upload)
        """,
        front,
        http_server.url,
        big_file,
    )
    result = seen["result"]
    assert SIZE < result["size"] < SIZE + 1000
    assert result["length"] == str(result["size"])
    assert http_server.last.header("Transfer-Encoding") is None
    assert seen["growth"] < GROWTH


def test_a_file_as_the_body_is_streamed(
    http_server: HttpServer, front: Front, big_file: Path
) -> None:
    seen = in_a_process(
        """
        def upload(session):
            with open(path, "rb") as file:
                return session.put(url + "/sink", data=file).json()
        measured(upload)
        """,
        front,
        http_server.url,
        big_file,
    )
    assert seen["result"]["size"] == SIZE
    assert seen["result"]["sha256"] == hashlib.sha256(bytes(SIZE)).hexdigest()
    assert http_server.last.header("Content-Length") == str(SIZE)
    assert seen["growth"] < GROWTH


def test_a_download_is_streamed(http_server: HttpServer, front: Front) -> None:
    seen = in_a_process(
        """
        def download(session):
            with session.get(url + path, stream=True) as response:
                return sum(len(piece) for piece in response.iter_content(65536))
        measured(download)
        """,
        front,
        http_server.url,
        f"/large/{SIZE}",
    )
    assert seen["result"] == SIZE
    assert seen["growth"] < GROWTH


def test_the_measure_itself_works(http_server: HttpServer, front: Front) -> None:
    """What is not streamed does grow."""
    seen = in_a_process(
        """
        measured(lambda session: len(session.get(url + path).content))
        """,
        front,
        http_server.url,
        f"/large/{GROWTH * 2}",
    )
    assert seen["growth"] > GROWTH


def test_memory_of_an_upload_as_python_sees_it(
    http_server: HttpServer, session: ulak.Session, big_file: Path
) -> None:
    import tracemalloc

    with big_file.open("rb") as file:
        session.post(f"{http_server.url}/post", files={"f": b"warm"})
        prepared = session.prepare_request(
            ulak.Request("POST", f"{http_server.url}/sink", files={"f": file})
        )
        tracemalloc.start()
        try:
            assert int(prepared.headers["Content-Length"]) > SIZE
            blocks = iter(prepared.body)
            for _ in range(200):
                next(blocks)
            _, top = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert top < 2 * 1024 * 1024
