"""``requests.__dict__`` under the drop-in: read, and written, by code that patches requests."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
from ulak import dropin
dropin.install()
import requests, ulak
from unittest import mock

names = requests.__dict__
original = names["request"]
assert original is ulak.request
names["request"] = "mine"
assert requests.request == ulak.request == names["request"] == "mine"
requests.__dict__["request"] = original
assert ulak.request is original
try:
    names["no such name"]
except KeyError:
    pass
with mock.patch("requests.get") as get:
    assert ulak.get is get
assert ulak.get is requests.get is not get
print("done")
"""


def test_it_reads_and_writes_through() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=30
    )
    assert (ran.stdout, ran.stderr) == ("done\n", "")
