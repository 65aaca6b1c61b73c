"""The end of the city, beside another one: what goes leaves the machine as before, what stays notices nothing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from govcloud.core.workspace import Workspace
from lab import identity, inotify
from tests import machine
from tests.conftest import City, of_the_tests, outside
from tests.lab.neighbour import Neighbour

pytestmark = pytest.mark.lab


def test_clean_leaves_the_machine_as_before_and_the_other_lab_as_it_was(city: City, neighbour: Neighbour) -> None:
    ours = {identity.establish(Workspace(one)).lab_id for one in (city.root, neighbour.checkout)}
    assert machine.processes_of(city.root), "the city does not run: there is nothing to prove"
    neighbour.is_as_it_was()
    _clean(city.root)
    neighbour.is_as_it_was()

    _clean(neighbour.checkout)
    told = set(city.before) - {machine.LOOPS, machine.GROUPS}
    after = machine.look(ours)
    assert {key: after[key] for key in told} == {key: city.before[key] for key in told}
    assert set(after[machine.GROUPS]) <= set(city.before[machine.GROUPS])
    assert not [group for group in after[machine.GROUPS] if Path(group).name in ours]
    if not machine.labs():
        assert int(inotify.SETTING.read_text(encoding="ascii")) == city.before["inotify instances without labs"]
        assert set(after[machine.LOOPS]) <= set(city.before[machine.LOOPS])
    assert abs(machine.clock_drift() - city.drift) < 2


def _clean(checkout: Path) -> None:
    done = subprocess.run(
        ["make", "clean"],
        cwd=of_the_tests(checkout),
        env=outside(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "removed" in done.stdout
    assert machine.processes_of(checkout) == []
    assert not (checkout / ".lab").exists()
    assert not (checkout / ".venv").exists()
    shutil.rmtree(checkout)
