"""What dies comes back: each service by itself, and everything at once; the lab beside it notices nothing."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress

import openstack.connection
import openstack.exceptions
import pytest

from govcloud.core.workspace import Workspace
from lab import namespace
from lab.services import SERVICES
from lab.supervisor import Supervisor
from tests import machine
from tests.conftest import City
from tests.lab.guest_site import Server, Site
from tests.lab.neighbour import Neighbour

pytestmark = [pytest.mark.lab, pytest.mark.usefixtures("neighbour")]

NAMES = sorted(service.name for service in SERVICES)
# These carry the servers' traffic: a crash of one cut every floating address while servers could still be made.
CARRIERS = ("ovn-", "ovsdb-", "vswitchd-")
OF_CARRIERS, OF_OTHERS = pytest.mark.sample(2), pytest.mark.sample(2)
VICTIMS = [pytest.param(name, marks=OF_CARRIERS if name.startswith(CARRIERS) else OF_OTHERS) for name in NAMES]
COMES_BACK_SECONDS = 60
MADE_HERE = "after-a-kill"


@pytest.fixture(scope="module")
def pair(site: Site) -> Iterator[tuple[Server, Server]]:
    """Two servers with floating addresses, one on each chassis."""
    apart = site.cloud.compute.create_server_group(name="carried-apart", policy="anti-affinity")
    servers = [site.start(f"carried-{number}", scheduler_hints={"group": apart.id}) for number in (1, 2)]
    for server in servers:
        server.run("true")
    yield servers[0], servers[1]
    for server in servers:
        site.remove_server(server.id)
    site.cloud.compute.delete_server_group(apart.id)


@pytest.mark.parametrize("name", VICTIMS)
def test_killed_service_comes_back_and_a_server_can_be_made_and_reached(
    city: City, cloud: openstack.connection.Connection, pair: tuple[Server, Server], name: str
) -> None:
    workspace = Workspace(city.root)
    victim = Supervisor(workspace).process(name).pid
    namespace.run_inside(workspace, ["kill", "-9", str(victim)])
    killed = time.monotonic()
    last = ""
    while time.monotonic() - killed < COMES_BACK_SECONDS:
        last = _make_and_remove_server(cloud) or _reach(pair)
        process = Supervisor(workspace).process(name)
        if not last and process.running and process.pid not in (0, victim):
            print(f"{name}: a server was made {time.monotonic() - killed:.1f} s after the kill")
            _remove_what_was_made(cloud)
            return
        time.sleep(0.5)
    pytest.fail(f"{name}: no server within {COMES_BACK_SECONDS} s of its kill: {last}")


@pytest.mark.parametrize("how", ["power cut", pytest.param("make down", marks=pytest.mark.sample(0))])
def test_servers_and_data_are_there_again(
    city: City, cloud: openstack.connection.Connection, neighbour: Neighbour, how: str
) -> None:
    on_databases = ["ansible", "tier_database:&system_elicence", "-i", "inventory/hosts.py", "-b", "-m", "shell"]
    files = f"/var/lib/postgresql/{how.replace(' ', '-')} /root/{how.replace(' ', '-')}"
    city.run([*on_databases, "-a", f"echo kept | tee {files} && sync"], check=True)
    before = {server.id: server.name for server in cloud.compute.servers(all_projects=True)}
    if how == "power cut":
        holder = namespace.holder(Workspace(city.root))
        assert holder is not None
        os.kill(holder.outer, signal.SIGKILL)
    else:
        city.run(["make", "down"], check=True)
        assert machine.processes_of(city.root) == []
    done = city.run(["make", "up"])
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    read = city.run([*on_databases, "-a", f"cat {files}", "-o"], check=True).stdout
    assert read.count("kept") == 2 * len(read.strip().splitlines()), read
    last_end = ["-a", "grep -h 'database system was' /var/log/postgresql/*.log | tail -1", "-o"]
    ended = city.run([*on_databases, *last_end], check=True).stdout
    assert ended.count("was shut down") == (0 if how == "power cut" else 2), ended
    assert {server.id: server.name for server in cloud.compute.servers(all_projects=True)} == before
    neighbour.is_as_it_was()


def _reach(servers: tuple[Server, Server]) -> str:
    """Run a command over both floating addresses; return whose did not answer, or nothing."""
    answers = {server.address: server.attempt("true", seconds=0) for server in servers}
    return "; ".join(f"{address}: {done.stderr.strip()}" for address, done in answers.items() if done.returncode)


def _make_and_remove_server(cloud: openstack.connection.Connection) -> str:
    """Make a server without a network and remove it; return what went wrong, or nothing."""
    try:
        image = cloud.image.find_image("debian-12", ignore_missing=False)
        flavor = min(cloud.compute.flavors(), key=lambda one: one.ram)
        server = cloud.compute.create_server(
            name=f"{MADE_HERE}-{time.monotonic_ns()}", image_id=image.id, flavor_id=flavor.id, networks="none"
        )
        try:
            cloud.compute.wait_for_server(server, wait=30)
        finally:
            cloud.compute.delete_server(server, force=True)
    except Exception as error:  # noqa: BLE001 - a service that is away fails in many ways
        return f"{type(error).__name__}: {error}"
    return ""


def _remove_what_was_made(cloud: openstack.connection.Connection) -> None:
    """Ask again for the end of each server made here: the first asking may have died with the service."""
    for server in cloud.compute.servers(all_projects=True, name=MADE_HERE):
        with suppress(openstack.exceptions.NotFoundException):
            cloud.compute.delete_server(server, force=True)
        cloud.compute.wait_for_delete(server, wait=COMES_BACK_SECONDS)
