"""A very short run of ``make soak``, and that it notices what is wrong."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.support.loops import warmed_up
from tests.torture import soak


@pytest.mark.timeout(120)
def test_a_round_of_each_kind(capsys: pytest.CaptureFixture[str]) -> None:
    with warmed_up():
        assert soak.main(["--seconds", "1", "--tasks", "400"]) == 0
    said = capsys.readouterr().out
    assert "nothing is wrong" in said
    assert "'answered'" in said
    assert "'broken'" in said


def test_memory_that_grows_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(soak, "GROWTH", -(1 << 30))
    report = soak.Report()
    report.add(Counter(answered=100))
    assert report.finish() == 1
    assert "memory grew too much" in capsys.readouterr().out


def test_a_wrong_body_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(soak, "body_of", lambda path: b"another")
    assert soak.main(["--seconds", "0", "--tasks", "100"]) == 1
    assert "another body than that" in capsys.readouterr().out
