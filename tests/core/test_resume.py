"""What passed is left out of the next run of the same commit; what failed is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow

TESTS = """
import os
def test_well(): pass
def test_ill(): assert os.environ.get("WELL")
"""


def _run(folder: Path, **extra: str) -> str:
    command = [sys.executable, "-m", "pytest", "-p", "resume", "-p", "no:cacheprovider", "test_two.py"]
    # Other plugins take seconds to load, at each run.
    alone = {"PYTHONPATH": str(folder / "tests"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    env = {**os.environ, **extra, **alone}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False).stdout


def test_a_second_run_takes_up_what_is_left(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "resume.py").write_bytes((ROOT / "tests" / "resume.py").read_bytes())
    (tmp_path / "test_two.py").write_text(TESTS)
    (tmp_path / ".gitignore").write_text("build\n__pycache__\n")
    identity = ["-c", "user.name=tests", "-c", "user.email=tests@example.invalid"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-q", "-m", "two tests"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    assert "1 failed, 1 passed" in _run(tmp_path)
    assert "1 failed, 1 deselected" in _run(tmp_path)
    assert "1 passed, 1 deselected" in _run(tmp_path, WELL="yes")
    assert "2 deselected" in _run(tmp_path)
    (tmp_path / "test_two.py").write_text(TESTS + "# changed\n")
    assert "1 failed, 1 passed" in _run(tmp_path)
