"""What `make test` leaves out is chosen by chance, repeated by a seed and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import sampling
from tests.conftest import ROOT


def _items(*sizes: int | None) -> list[Any]:
    """Make five tests for each set, or five without the mark where a size is missing."""
    found = []
    for number, size in enumerate(sizes):
        mark = None if size is None else pytest.mark.sample(size).mark
        for test in range(5):
            closest = {"sample": mark}
            found.append(SimpleNamespace(nodeid=f"{number}-{test}", get_closest_marker=closest.get))
    return found


def _left(items: list[Any]) -> list[str]:
    sampling.leave_a_sample(items)
    return [item.nodeid for item in items]


@given(st.lists(st.none() | st.integers(0, 7), max_size=6))
def test_each_set_leaves_as_many_as_its_mark_says(sizes: list[int | None]) -> None:
    items = _items(*sizes)
    out = sampling.leave_a_sample(items)
    left = [item.nodeid for item in items]
    for number, size in enumerate(sizes):
        assert sum(one.startswith(f"{number}-") for one in left) == (5 if size is None else min(size, 5))
    assert sorted(left + [item.nodeid for item in out]) == sorted(item.nodeid for item in _items(*sizes))
    assert left == sorted(left)


@pytest.mark.slow
def test_who_names_a_file_gets_all_of_it() -> None:
    def collected(*named: str) -> set[str]:
        command = [sys.executable, "-m", "pytest", "-m", "lab", "--collect-only", "-qq", "-o", "addopts=", *named]
        env = {**os.environ, "GOVCLOUD_SEED": "1", "GOVCLOUD_ALL": ""}
        done = subprocess.run(
            [*command, "--import-mode=importlib"], cwd=ROOT, env=env, capture_output=True, text=True, check=True
        )
        return {line for line in done.stdout.splitlines() if line.startswith("tests/lab/test_guests.py")}

    assert collected() == {"tests/lab/test_guests.py: 6"}
    assert collected("tests/lab/test_guests.py") == {"tests/lab/test_guests.py: 18"}


def test_a_seed_leaves_the_same_in_whatever_order_and_another_seed_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "SEED", 1)
    first = _left(_items(2, 2, 2, 2))
    assert _left(_items(2, 2, 2, 2)) == first
    assert sorted(_left([*reversed(_items(2, 2, 2, 2))])) == first
    monkeypatch.setattr(sampling, "SEED", 2)
    assert _left(_items(2, 2, 2, 2)) != first
