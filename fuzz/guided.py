"""``python -m fuzz.guided [TARGET …]``: a search led by coverage, by way of atheris and libFuzzer.

It begins with the cases of ``fuzz/corpus/TARGET`` and those that the tests know, changes
them in libFuzzer's ways and in those of :mod:`tests.protocol.grammar`, and keeps what
reaches new branches of ``ulak._protocol``.  A case that breaks a rule is left in
``fuzz/findings``, and the command ends with 1.  ``--grow`` adds the cases that were found
to the corpus, as few as reach all that they reach.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random

_HERE = Path(__file__).parent
_FINDINGS = _HERE / "findings"
_NAMES = ("answers", "codings", "socks")
#: Bytes of a case.  Longer ones are slow, and find no more.
_LONGEST = 2048
#: Seconds that one case may take.
_SLOWEST = 10


def _corpus(target: str) -> Path:
    return _HERE / "corpus" / target


def _fuzz(target: str, options: list[str]) -> None:
    """What the inner process does; libFuzzer does not come back."""
    import atheris

    with atheris.instrument_imports(include=["ulak._protocol"]):
        from fuzz.targets import TARGETS
    from tests.protocol.grammar import Mutator

    def mutate(case: bytes, most: int, seed: int) -> bytes:
        random = Random(seed)
        if random.random() < 0.5:
            return bytes(atheris.Mutate(case, most))
        return (case[:1] + Mutator(random).spoil(case[1:], 2))[:most]

    def examine(case: bytes) -> None:
        TARGETS[target].examine(case)

    atheris.Setup(options, examine, custom_mutator=mutate)
    atheris.Fuzz()


def _command(target: str, folder: Path) -> Path:
    """A program of one name, which is what libFuzzer starts again to merge corpora."""
    program = folder / target
    python, root = shlex.quote(sys.executable), shlex.quote(str(_HERE.parent))
    inner = f'cd {root} && exec {python} -m fuzz.guided --inner {target} "$0" "$@"'
    program.write_text(f"#!/bin/sh\n{inner}\n", encoding="utf-8")
    program.chmod(0o700)
    return program


def _run(program: Path, *options: str) -> int:
    return subprocess.run([program, *options], check=False).returncode


def _search(target: str, seconds: int, *, grow: bool) -> int:
    """Search ``target`` for so long; the exit status."""
    from fuzz.targets import TARGETS

    _FINDINGS.mkdir(exist_ok=True)
    _corpus(target).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        program = _command(target, Path(folder))
        found, seeds, least = (Path(folder, name) for name in ("found", "seeds", "least"))
        for new in (found, seeds, least):
            new.mkdir()
        for number, case in enumerate(TARGETS[target].seeds()):
            (seeds / str(number)).write_bytes(case)
        print(f"== {target}, {seconds} s", flush=True)
        status = _run(
            program,
            f"-max_total_time={seconds}",
            f"-max_len={_LONGEST}",
            f"-timeout={_SLOWEST}",
            f"-artifact_prefix={_FINDINGS}/{target}-",
            "-print_final_stats=1",
            "-verbosity=1",
            str(found),
            str(_corpus(target)),
            str(seeds),
        )
        if grow and not status:
            status = _run(program, "-merge=1", *map(str, (least, _corpus(target), found, seeds)))
            shutil.rmtree(_corpus(target))
            shutil.copytree(least, _corpus(target))
    return 1 if status else 0


def main(arguments: Sequence[str]) -> int:
    """What the command line asks for; the exit status."""
    if arguments[:1] == ["--inner"]:
        _fuzz(arguments[1], list(arguments[2:]))  # the program's name, and libFuzzer's options
        return 0
    parser = argparse.ArgumentParser(
        prog="python -m fuzz.guided", description=__doc__.split("\n", 1)[0]
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(_NAMES)}")
    parser.add_argument("--seconds", type=int, default=30, help="for each target")
    parser.add_argument("--grow", action="store_true", help="keep what reaches new code")
    given = parser.parse_args(arguments)
    unknown = set(given.targets) - set(_NAMES)
    if unknown:
        parser.error(f"no target {', '.join(sorted(unknown))}")
    statuses = [
        _search(target, given.seconds, grow=given.grow) for target in given.targets or _NAMES
    ]
    return max(statuses)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
