"""A second lab on the machine: refused when it does not fit; interrupted or killed on its way up, it goes on."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from govcloud.core.workspace import Workspace
from lab import namespace
from tests.conftest import begin, outside
from tests.lab.guest_site import wait_for
from tests.lab.neighbour import LAB_UP, up

pytestmark = pytest.mark.lab


@pytest.mark.usefixtures("city")
def test_a_second_lab_that_does_not_fit_is_refused_with_the_numbers(checkout: Path, tmp_path: Path) -> None:
    """The kernel's own account of memory is replaced for the command and for nothing else."""
    scarce = tmp_path / "meminfo"
    scarce.write_text("MemTotal: 8388608 kB\nMemFree: 1048576 kB\nMemAvailable: 3145728 kB\n")
    script = 'mount --bind "$0" /proc/meminfo && exec "$@"'
    command = ["unshare", "--mount", "sh", "-euc", script, str(scarce), *LAB_UP]
    done = subprocess.run(command, cwd=checkout, env=outside(), capture_output=True, text=True, check=False)
    assert done.returncode == 4, done.stdout + done.stderr
    assert "3072 MiB available" in done.stderr
    assert "Fix:" in done.stderr
    assert namespace.holder(Workspace(checkout)) is None


@pytest.mark.usefixtures("city")
@pytest.mark.sample(1)
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_start_that_is_stopped_in_the_middle_goes_on(checkout: Path, how: signal.Signals) -> None:
    process = begin(checkout, LAB_UP)
    started = ("rabbitmq",) if how == signal.SIGINT else ("keystone", "neutron")
    wait_for(f"{started} up", lambda: process.poll() is not None or up(checkout) >= set(started), 240)
    assert process.poll() is None, "it ended before it could be stopped"
    os.killpg(process.pid, how)
    assert process.wait(60) != 0
