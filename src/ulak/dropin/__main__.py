"""``python -m ulak.dropin``: runs a program in which ``import requests`` gives ulak."""

from __future__ import annotations

import sys

from . import _run, install

_USAGE = """\
usage: python -m ulak.dropin [-h] (script | -m module | -c code) [argument ...]

Run a Python program in which `import requests` gives ulak. The program is
what it is under `python`: its arguments, its tracebacks, its exit code.

  script      a file, or a folder or zip file with a __main__.py in it
  -m module   a module or package by its name, found from the current folder
  -c code     a program as text

Only this process: a Python that the program starts is not covered.
"""

_RUN = {"-m": _run.run_module, "-c": _run.run_code}


def main(arguments: list[str]) -> None:
    """Run what ``arguments`` ask for."""
    first = arguments[0] if arguments else "-h"
    if first in {"-h", "--help"}:
        print(_USAGE, end="", file=sys.stdout if arguments else sys.stderr)
        sys.exit(0 if arguments else 2)
    run = _RUN.get(first)
    if run is not None and len(arguments) < 2:
        _fail(f"{first} needs an argument; see python -m ulak.dropin -h")
    if run is None and first.startswith("-"):
        _fail(f"there is no option {first}; see python -m ulak.dropin -h")
    install()
    try:
        if run is None:
            _run.run_script(first, arguments[1:])
        else:
            run(arguments[1], arguments[2:])
    except _run.CannotRun as error:
        _fail(str(error), error.code)


def _fail(message: str, code: int = 2) -> None:
    print(f"ulak.dropin: {message}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
