"""Runs a program as ``python`` would, in this process.

Knows what Python does for ``python script.py``, ``-m`` and ``-c``: ``sys.argv``,
``sys.path[0]``, the module ``__main__``, tracebacks, exit codes.  Refuses to know why it
runs one.
"""

from __future__ import annotations

import io
import os
import sys
from importlib.machinery import BuiltinImporter, ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import find_spec
from types import CodeType, ModuleType, TracebackType
from typing import Any

__all__ = ["CannotRun", "run_code", "run_module", "run_script"]


class CannotRun(Exception):
    """There is no such program; the message says why, ``code`` is Python's exit code."""

    code = 1


def run_script(path: str, arguments: list[str]) -> None:
    """Run a file, or the ``__main__.py`` of a folder or zip file.

    :raises CannotRun: when it cannot be read.
    """
    sys.argv = [path, *arguments]
    whole = os.path.join(os.getcwd(), path)
    if os.path.isdir(path) or _is_zip(path):
        _set_path(whole)
        spec = PathFinder.find_spec("__main__", [whole])
        if spec is None:
            raise CannotRun(f"can't find '__main__' module in {whole!r}")
        _run_found(spec)
        return
    _set_path(os.path.dirname(os.path.realpath(path)))
    try:
        with io.open_code(whole) as file:
            source = file.read()
    except OSError as error:
        missing = CannotRun(f"can't open file {whole!r}: [Errno {error.errno}] {error.strerror}")
        missing.code = 2
        raise missing from error
    _execute(source, whole, _main(whole, SourceFileLoader("__main__", whole)))


def run_module(name: str, arguments: list[str]) -> None:
    """Run a module, or the ``__main__`` of a package, by its name.

    :raises CannotRun: when there is none, or it is not made of Python code.
    """
    sys.argv = ["-m", *arguments]
    _set_path(os.getcwd())
    _run_named(name)


def run_code(source: str, arguments: list[str]) -> None:
    """Run a piece of text."""
    sys.argv = ["-c", *arguments]
    _set_path("")
    _execute(source, "<string>", _main(None, BuiltinImporter))


def _run_named(name: str) -> None:
    """Run the module ``name``, or the ``__main__`` of that package."""
    spec = _find(name)
    if spec is not None and spec.submodule_search_locations is not None:
        spec = _find(f"{name}.__main__")
        if spec is None:
            raise CannotRun(
                f"No module named {name}.__main__; {name!r} is a package and cannot be run"
            )
    if spec is None:
        raise CannotRun(f"No module named {name}")
    sys.argv[0] = spec.origin or name
    _run_found(spec)


def _find(name: str) -> ModuleSpec | None:
    """How to load the module ``name``; packages that it is in are imported.

    :raises CannotRun: when one of these is not there.
    """
    try:
        spec = find_spec(name)
        # Of a module that goes by a second name, the code is found under the first.
        real = getattr(spec.loader, "real", None) if spec is not None else None
        return spec if real is None else find_spec(real)
    except ImportError as error:
        if error.name and f"{name}.".startswith(f"{error.name}."):
            raise CannotRun(f"No module named {name} ({error})") from error
        _begin_tracebacks_below(_find.__code__)
        raise


def _run_found(spec: ModuleSpec) -> None:
    """Run the module that ``spec`` tells of."""
    get_code: Any = getattr(spec.loader, "get_code", None)
    code = get_code(spec.name) if get_code is not None else None
    if code is None:
        raise CannotRun(f"{spec.name} is no Python code that could be run")
    main = _main(spec.origin, spec.loader)
    main.__spec__ = spec
    main.__package__ = spec.parent
    vars(main)["__cached__"] = spec.cached
    _execute(code, "", main)


def _is_zip(path: str) -> bool:
    from zipfile import is_zipfile

    return os.path.isfile(path) and is_zipfile(path)


def _set_path(first: str) -> None:
    """Put ``first`` where Python has put the folder that it would import from."""
    if not sys.flags.safe_path:
        sys.path[0] = first


def _main(file: str | None, loader: Any) -> ModuleType:
    """A new module ``__main__``, in its place."""
    import builtins

    main = ModuleType("__main__")
    main.__loader__ = loader
    vars(main)["__builtins__"] = builtins
    if file is not None:
        main.__file__ = file
        vars(main)["__cached__"] = None
    sys.modules["__main__"] = main
    return main


def _execute(source: str | bytes | CodeType, name: str, main: ModuleType) -> None:
    """Run it in ``main``; a traceback then begins in the program, as without us."""
    try:
        code = source
        if not isinstance(code, CodeType):
            code = compile(code, name, "exec", dont_inherit=True)
        exec(code, main.__dict__)
    except SystemExit:
        raise
    except BaseException:
        _begin_tracebacks_below(_execute.__code__)
        raise


def _begin_tracebacks_below(ours: CodeType) -> None:
    """Have an error that ends the program shown without the frames down to ``ours``."""
    show = sys.excepthook

    def show_program(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        below = trace
        while below is not None and below.tb_frame.f_code is not ours:
            below = below.tb_next
        trace = trace if below is None else below.tb_next
        show(kind, error.with_traceback(trace), trace)

    sys.excepthook = show_program
