"""Writes docs/differences.md with ``--write``; otherwise says whether it is up to date."""

from __future__ import annotations

import sys

from .page import COMMAND, PAGE, text


def main(arguments: list[str]) -> int:
    """The exit status: 1 when the page is not what the entries make."""
    if arguments == ["--write"]:
        PAGE.write_text(text(), encoding="utf-8")
        return 0
    if PAGE.read_text(encoding="utf-8") == text():
        return 0
    print(f"{PAGE} is out of date: {COMMAND}")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
