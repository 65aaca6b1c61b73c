"""What dies comes back: each service by itself, and everything at once."""

from __future__ import annotations

import os
import random
import signal
import time

import openstack.connection
import pytest

from govcloud.core.workspace import Workspace
from lab import namespace
from lab.services import SERVICES
from lab.supervisor import Supervisor
from tests.conftest import SEED, WHOLE, City

pytestmark = pytest.mark.lab

SAMPLE = len(SERVICES) if WHOLE else 5
VICTIMS = sorted(random.Random(SEED).sample([service.name for service in SERVICES], SAMPLE))  # noqa: S311 - a sample of tests
COMES_BACK_SECONDS = 60


@pytest.mark.parametrize("name", VICTIMS)
def test_killed_service_comes_back_and_a_server_can_be_made(
    city: City, cloud: openstack.connection.Connection, name: str
) -> None:
    workspace = Workspace(city.root)
    victim = Supervisor(workspace).process(name).pid
    namespace.run_inside(workspace, ["kill", "-9", str(victim)])
    killed = time.monotonic()
    last = ""
    while time.monotonic() - killed < COMES_BACK_SECONDS:
        last = _make_and_remove_server(cloud)
        process = Supervisor(workspace).process(name)
        if not last and process.running and process.pid not in (0, victim):
            print(f"{name}: a server was made {time.monotonic() - killed:.1f} s after the kill")
            return
        time.sleep(0.5)
    pytest.fail(f"{name}: no server within {COMES_BACK_SECONDS} s of its kill: {last}")


def test_power_cut_keeps_servers_and_data(city: City) -> None:
    write = ["ansible", "tier_database:&system_elicence", "-i", "inventory/hosts.py", "-b", "-m", "shell"]
    city.run([*write, "-a", "echo kept | tee /var/lib/postgresql/power-cut /root/power-cut && sync"], check=True)
    holder = namespace.holder(Workspace(city.root))
    assert holder is not None
    os.kill(holder.outer, signal.SIGKILL)
    done = city.run(["make", "up"])
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    read = city.run([*write, "-a", "cat /var/lib/postgresql/power-cut /root/power-cut", "-o"], check=True).stdout
    assert read.count("kept") == 2 * len(read.strip().splitlines()), read


def _make_and_remove_server(cloud: openstack.connection.Connection) -> str:
    """Make a server without a network and remove it; return what went wrong, or nothing."""
    try:
        image = cloud.image.find_image("debian-12", ignore_missing=False)
        flavor = min(cloud.compute.flavors(), key=lambda one: one.ram)
        server = cloud.compute.create_server(
            name=f"after-a-kill-{time.monotonic_ns()}", image_id=image.id, flavor_id=flavor.id, networks="none"
        )
        try:
            cloud.compute.wait_for_server(server, wait=30)
        finally:
            cloud.compute.delete_server(server, force=True)
    except Exception as error:  # noqa: BLE001 - a service that is away fails in many ways
        return f"{type(error).__name__}: {error}"
    return ""
