"""`make test-all` goes on where it was stopped: what has passed on this very commit is not run again.

A pytest plugin. With changes that are not committed everything runs, for then no name stands for what is tested.
"""

from __future__ import annotations

import functools
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@functools.cache
def _passed() -> Path | None:
    """Return the list of what has passed on this commit, one test a line."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    commit = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    return None if commit.endswith("-dirty") else ROOT / "build" / "test-all" / f"{commit}.txt"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what has passed."""
    file = _passed()
    known = set(file.read_text(encoding="utf-8").splitlines()) if file and file.is_file() else set()
    done = [item for item in items if item.nodeid in known]
    items[:] = [item for item in items if item.nodeid not in known]
    config.hook.pytest_deselected(items=done)


_failed: set[str] = set()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note a test as passed when its last step, taking down, is done and none has failed."""
    if report.failed:
        _failed.add(report.nodeid)
    file = _passed() if report.when == "teardown" and report.nodeid not in _failed else None
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as opened:
            opened.write(f"{report.nodeid}\n")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Nothing left to run is no fault."""
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        session.exitstatus = pytest.ExitCode.OK
