"""``python -m ulak.dropin`` runs a program as ``python`` does, but for what requests is."""

from __future__ import annotations

import signal
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.dropin.child import run

#: Prints what a program may know of how it was started.
_TELL = """
import sys
main = sys.modules["__main__"]
assert vars(main) is globals()
spec = main.__spec__ and main.__spec__.name
print(__name__, sys.argv, sys.path[0], sys.path[1:], globals().get("__file__"))
print(main.__package__, spec, type(main.__loader__).__name__, __doc__, __annotations__)
class Mine: pass
import pickle
assert type(pickle.loads(pickle.dumps(Mine()))) is Mine
"""


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder of programs."""
    tell = f'"""Tells."""\nnote: int = 1\n{_TELL}'
    tmp_path.joinpath("tell.py").write_text(tell)
    package = tmp_path / "package"
    package.mkdir()
    package.joinpath("__init__.py").write_text("")
    package.joinpath("__main__.py").write_text(tell)
    package.joinpath("inner.py").write_text(f"{tell}\nfrom . import beside\n")
    package.joinpath("beside.py").write_text("")
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.joinpath("__main__.py").write_text(tell)
    with zipfile.ZipFile(tmp_path / "archive.pyz", "w") as archive:
        archive.writestr("__main__.py", tell)
    tmp_path.joinpath("link.py").symlink_to(folder / "__main__.py")
    return tmp_path


_WAYS = [
    ["tell.py"],
    ["tell.py", "-h", "--option", "-m", "x"],
    ["./folder/../tell.py", "a b"],
    ["link.py"],
    ["folder", "x"],
    ["archive.pyz", "x"],
    ["-m", "tell", "-c", "x"],
    ["-m", "package", "x"],
    ["-m", "package.inner"],
    ["-c", f"note: int = 1\n{_TELL}", "x", "-m"],
    ["-P", "tell.py"],
    ["-P", "-m", "timeit", "-n", "1", "-r", "1", "-u", "sec", "0"],
]


def both(folder: Path, *arguments: str) -> list[CompletedProcess[str]]:
    """How the same ends with ``python`` alone, and by way of the drop-in."""
    options = [each for each in arguments[:1] if each == "-P"]
    rest = arguments[len(options) :]
    return [run(*options, *way, *rest, folder=folder) for way in ([], ["-m", "ulak.dropin"])]


@pytest.mark.parametrize("way", _WAYS, ids=[" ".join(way)[:24] for way in _WAYS])
def test_a_program_sees_what_it_sees_without(programs: Path, way: list[str]) -> None:
    plain, ours = both(programs, *way)
    assert plain.returncode == 0, plain.stderr
    assert (ours.returncode, ours.stderr) == (0, plain.stderr)
    if "timeit" not in way:
        assert ours.stdout == plain.stdout


_ENDS = {
    "well": "",
    "with a number": "raise SystemExit(7)",
    "with a text": "import sys; sys.exit('for a reason')",
    "with an error": "def inner():\n    {}['missing']\ninner()",
    "with an error in an error": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    [][0]",
    "with an error from an error": "try:\n    1 / 0\n"
    "except ArithmeticError as e:\n    raise OSError from e",
    "with a group": "raise ExceptionGroup('two', [ValueError(1), KeyError(2)])",
    "with a hook of its own": "import sys, traceback\n"
    "def hook(kind, error, trace):\n    print(traceback.extract_tb(trace))\n"
    "sys.excepthook = hook\n1 / 0",
    "with a wrong line": "x = (",
    "at exit": "import atexit\natexit.register(lambda: print(__name__, Later))\nclass Later: pass\n"
    "Later.__repr__ = None",
    "by os._exit": "import os\nos._exit(3)",
    "in a thread": "import threading\nt = threading.Thread(target=lambda: 1 / 0, name='t')\n"
    "t.start()\nt.join()",
}


@pytest.mark.parametrize("source", _ENDS.values(), ids=_ENDS.keys())
def test_a_program_ends_as_it_ends_without(tmp_path: Path, source: str) -> None:
    tmp_path.joinpath("program.py").write_text(source)
    plain, ours = both(tmp_path, "program.py")
    assert (ours.returncode, ours.stdout) == (plain.returncode, plain.stdout)
    assert ours.stderr == plain.stderr


def test_an_interrupt_ends_it_by_the_signal(tmp_path: Path) -> None:
    tmp_path.joinpath("program.py").write_text("raise KeyboardInterrupt\n")
    plain, ours = both(tmp_path, "program.py")
    assert ours.returncode == plain.returncode == -signal.SIGINT
    assert ours.stderr == plain.stderr


def test_requests_is_ulak_in_it(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import requests, ulak\nassert requests.Session is ulak.Session\n")
    ways: list[Callable[[], list[str]]] = [
        lambda: ["program.py"],
        lambda: ["-m", "program"],
        lambda: ["-c", program.read_text()],
    ]
    for way in ways:
        for absent in (False, True):
            done = run("-m", "ulak.dropin", *way(), folder=tmp_path, without_requests=absent)
            assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "arguments,code,says",
    [
        (["missing.py"], 2, "can't open file '{}/missing.py': [Errno 2] No such file or directory"),
        (["-m", "missing"], 1, "No module named missing"),
        (["-m", "missing.inner"], 1, "No module named missing.inner (No module named 'missing')"),
        (["-m", "json"], 1, "No module named json.__main__; 'json' is a package and cannot be run"),
        (["-m", "sys"], 1, "sys is no Python code that could be run"),
        (["empty"], 1, "can't find '__main__' module in '{}/empty'"),
        (["-m"], 2, "-m needs an argument; see python -m ulak.dropin -h"),
        (["-x", "program.py"], 2, "there is no option -x; see python -m ulak.dropin -h"),
    ],
)
def test_what_cannot_be_run_is_said_in_one_line(
    tmp_path: Path, arguments: list[str], code: int, says: str
) -> None:
    tmp_path.joinpath("empty").mkdir()
    done = run("-m", "ulak.dropin", *arguments, folder=tmp_path)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr == f"ulak.dropin: {says.format(tmp_path)}\n"


@pytest.mark.parametrize(
    ("module", "says"), [("requests.certs", ".pem\n"), ("requests.help", "}\n")]
)
def test_a_module_of_requests_is_run(module: str, says: str) -> None:
    done = run("-m", "ulak.dropin", "-m", module)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(says)


def test_help() -> None:
    asked = run("-m", "ulak.dropin", "-h")
    assert asked.returncode == 0 and asked.stdout.startswith("usage: python -m ulak.dropin")
    bare = run("-m", "ulak.dropin")
    assert (bare.returncode, bare.stderr) == (2, asked.stdout)


def test_a_package_that_fails_to_import_shows_its_own_error(tmp_path: Path) -> None:
    package = tmp_path / "broken"
    package.mkdir()
    package.joinpath("__init__.py").write_text("import no_such_module\n")
    package.joinpath("__main__.py").write_text("")
    done = run("-m", "ulak.dropin", "-m", "broken", folder=tmp_path)
    assert done.returncode == 1
    assert "No module named 'no_such_module'" in done.stderr


def test_the_interpreter_is_this_one() -> None:
    done = run("-m", "ulak.dropin", "-c", "import sys; print(sys.executable)")
    assert done.stdout.strip() == sys.executable
