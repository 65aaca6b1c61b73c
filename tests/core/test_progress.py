"""Long work says what it does and how much time is left: bars on a terminal, plain lines without one."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import pytest
from rich.progress import Task, TaskID

from govcloud.core import progress
from govcloud.core.progress import Phases

CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Terminal(io.StringIO):
    """Standard error as a terminal."""

    def isatty(self) -> bool:
        """Say that it is one."""
        return True


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep times of earlier runs in a cache of the test's own."""
    monkeypatch.setenv("GOVCLOUD_CACHE", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "120")
    return tmp_path / "phase_seconds.json"


def printed(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO) -> str:
    """Do a run of one phase and return what it showed, without colours."""
    monkeypatch.setattr(sys, "stderr", stream)
    with Phases("work") as phases, phases.phase("part"):
        phases.note("in between")
    return CONTROL.sub("", stream.getvalue())


def test_a_terminal_shows_bars_with_the_time_left(history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history.write_text(json.dumps({"work": 300.0, "work/part": 40.0}))
    told = printed(monkeypatch, Terminal())
    assert re.search(r"work .*(300|299) s left", told)
    assert re.search(r"part .*(40|39) s left", told)
    assert "…" not in told, "plain lines beside the bars"


def test_without_a_terminal_there_are_plain_lines(history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history.write_text(json.dumps({"work/part": 40.0}))
    stream = io.StringIO()
    told = printed(monkeypatch, stream)
    assert told == stream.getvalue(), "control sequences in a file"
    assert re.fullmatch(r"\[.+\] … part \(about 40 s\)\n\[.+\] in between\n\[.+\] ✓ part 0\.\d s\n", told)


def test_a_first_run_has_no_time_to_go_by_and_the_next_has(history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "left" not in printed(monkeypatch, Terminal())
    assert set(json.loads(history.read_text())) == {"work", "work/part"}


def test_what_fails_is_told_and_is_no_time_to_go_by(history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with pytest.raises(ZeroDivisionError), Phases("work") as phases, phases.phase("part"):
        raise ZeroDivisionError
    assert "✗ part failed after" in stream.getvalue()
    assert not history.exists()


@pytest.mark.parametrize(
    ("elapsed", "filled", "left"), [(0.0, 0.0, "40 s left"), (30.0, 30.0, "10 s left"), (50.0, 39.6, "longer than")]
)
def test_a_bar_fills_and_its_time_counts_down(elapsed: float, filled: float, left: str) -> None:
    task = Task(TaskID(0), "part", 40.0, 0.0, _get_time=lambda: elapsed, fields={"took": None})
    task.start_time = 0.0
    assert progress._Bar().render(task).completed == pytest.approx(filled)
    assert left in progress._Left().render(task).plain
