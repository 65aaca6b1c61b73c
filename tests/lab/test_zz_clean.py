"""The end of the city, beside another one: what goes leaves the machine as before, what stays notices nothing.

The other one is a third checkout. On its way up it is refused, interrupted and killed, as a start may be.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from govcloud.core.workspace import Workspace
from lab import catalogue, identity, inotify, namespace
from tests import machine
from tests.conftest import NEIGHBOUR, City, clean, copy_checkout, outside
from tests.lab.guest_site import wait_for

pytestmark = pytest.mark.lab

LAB_UP = [".venv/bin/govcloud", "lab", "up"]
CONTENT = hashlib.shake_256(b"kept").digest(4 << 20)


@pytest.fixture(scope="module")
def checkout() -> Iterator[Path]:
    """Make the third checkout, ready for its commands."""
    copy_checkout(NEIGHBOUR)
    subprocess.run(["python3", "-m", "toolchain.bootstrap"], cwd=NEIGHBOUR, env=outside(), check=True)
    yield NEIGHBOUR
    if NEIGHBOUR.exists():
        clean(NEIGHBOUR)
        shutil.rmtree(NEIGHBOUR)


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
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_start_that_is_stopped_in_the_middle_goes_on(checkout: Path, how: signal.Signals) -> None:
    process = subprocess.Popen(
        # A shell's background job ignores the interrupt, and so would what it starts.
        ["env", "--default-signal=INT", *LAB_UP],
        cwd=checkout,
        env=outside(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    started = ("rabbitmq",) if how == signal.SIGINT else ("keystone", "neutron")
    wait_for(f"{started} up", lambda: process.poll() is not None or _up(checkout) >= set(started), 240)
    assert process.poll() is None, "it ended before it could be stopped"
    os.killpg(process.pid, how)
    assert process.wait(60) != 0


def _status(checkout: Path) -> dict[str, list[dict[str, object]]]:
    """Return the lab's status; one that is only beginning cannot tell yet."""
    command = [".venv/bin/govcloud", "lab", "status", "--json"]
    done = subprocess.run(command, cwd=checkout, env=outside(), capture_output=True, text=True, check=False)
    found: dict[str, list[dict[str, object]]] = json.loads(done.stdout) if done.returncode == 0 else {}
    return found


def _up(checkout: Path) -> set[str]:
    return {str(one["name"]) for one in _status(checkout).get("services", []) if one["up"]}


def test_clean_leaves_the_machine_as_before_and_the_other_lab_as_it_was(city: City, checkout: Path) -> None:
    subprocess.run(LAB_UP, cwd=checkout, env=outside(), stdin=subprocess.DEVNULL, check=True)
    neighbour = Workspace(checkout)
    volume = _volume_with_data(neighbour)
    kept, services = _digest(volume), _up(checkout)
    assert len(services) == len(_status(checkout)["services"])

    ours = {identity.establish(one).lab_id for one in (Workspace(city.root), neighbour)}
    assert machine.processes_of(city.root), "the city does not run: there is nothing to prove"
    _clean(city.root)
    assert _up(checkout) == services
    assert _digest(volume) == kept
    assert catalogue.connect(neighbour).block_storage.get_volume(volume.name.removeprefix("volume-")).size == 1

    _clean(checkout)
    told = set(city.before) - {machine.LOOPS, machine.GROUPS}
    after = machine.look(ours)
    assert {key: after[key] for key in told} == {key: city.before[key] for key in told}
    assert set(after[machine.GROUPS]) <= set(city.before[machine.GROUPS])
    assert not [group for group in after[machine.GROUPS] if Path(group).name in ours]
    if not machine.labs():
        assert int(inotify.SETTING.read_text(encoding="ascii")) == city.before["inotify instances without labs"]
        assert set(after[machine.LOOPS]) <= set(city.before[machine.LOOPS])
    assert abs(machine.clock_drift() - city.drift) < 2


def _volume_with_data(workspace: Workspace) -> Path:
    """Make a volume out of an image; return the file that it is."""
    cloud = catalogue.connect(workspace)
    image = cloud.image.create_image(name="kept", data=CONTENT, disk_format="raw", container_format="bare")
    made = cloud.block_storage.create_volume(size=1, image_id=image.id)
    wait_for("the volume", lambda: cloud.block_storage.get_volume(made.id).status == "available")
    file = workspace.lab / "state" / "cinder" / "volumes" / f"volume-{made.id}"
    with file.open("rb") as opened:
        assert opened.read(len(CONTENT)) == CONTENT
    return file


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _clean(checkout: Path) -> None:
    done = subprocess.run(
        ["make", "clean"], cwd=checkout, env=outside(), capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "removed" in done.stdout
    assert machine.processes_of(checkout) == []
    assert not (checkout / ".lab").exists()
    assert not (checkout / ".venv").exists()
    shutil.rmtree(checkout)
