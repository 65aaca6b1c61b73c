"""`make down` and `make clean` leave the machine as it was before the city."""

from __future__ import annotations

import shutil

import pytest

from tests import machine
from tests.conftest import City

pytestmark = pytest.mark.lab


def test_clean_leaves_the_machine_as_before(city: City) -> None:
    assert machine.processes_of(city.root), "the city does not run: there is nothing to prove"
    done = city.run(["make", "clean"], timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "removed" in done.stdout
    assert machine.processes_of(city.root) == []
    assert machine.look(set(city.other_labs)) == city.before
    assert abs(machine.clock_drift() - city.drift) < 2
    assert not (city.root / ".lab").exists()
    assert not (city.root / ".venv").exists()
    shutil.rmtree(city.root)
