"""A server whose image asks for QEMU is a machine with its own kernel, on the same networks as the containers."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from govcloud.core.workspace import Workspace
from lab.images.catalogue import MACHINE
from lab.namespace import run_inside
from lab.supervisor import Supervisor
from tests import machine as this_machine
from tests.conftest import City
from tests.lab.guest_site import Server, Site, wait_for

pytestmark = [pytest.mark.lab, pytest.mark.sample(2)]

# An emulated processor boots a kernel in tens of seconds, on a busy machine in minutes.
BOOT_SECONDS = 300
# All that bears the server's id or name or its port's id: domain, files, processes, port, control groups, link.
RESIDUE = r"""
virsh --connect=qemu:///system list --all --uuid --name | grep -e "$1" -e "$2"
find /state/nova /state/libvirt/qemu /state/etc/libvirt /run/libvirt | grep -e "$1" -e "$2"
for process in $(pgrep qemu-system); do grep -l "$1" "/proc/$process/cmdline"; done
ovs-vsctl --db=unix:/run/ovs1/db.sock --bare --columns=name find Interface external_ids:vm-uuid=$1
ls -d /sys/fs/cgroup/*/$(hostname)/guests/$2 /sys/fs/cgroup/$(hostname)/guests/$2 2>/dev/null
ls -d /sys/class/net/tap$3* 2>/dev/null
true
"""


@pytest.fixture(scope="module")
def machine(site: Site, city: City) -> Iterator[Server]:
    start = time.monotonic()
    city.run([".venv/bin/govcloud", "lab", "image"], check=True)
    print(f"image built and published: {time.monotonic() - start:.1f} s")
    flavor = site.flavor("guests-machine", memory_mib=512, cpus=2)
    image = site.cloud.image.find_image(MACHINE, ignore_missing=False)
    start = time.monotonic()
    made = site.start("machine", image_id=image.id, flavor_id=flavor.id)
    print(f"create until ACTIVE, with floating address: {time.monotonic() - start:.1f} s")
    made.run("true", BOOT_SECONDS)
    print(f"create until SSH: {time.monotonic() - start:.1f} s")
    yield made
    if made.id in site.servers:
        site.remove_server(made.id)


def test_the_kernel_is_its_own(machine: Server) -> None:
    assert machine.run("uname --kernel-release") != os.uname().release
    assert machine.run("cat /proc/sys/kernel/random/boot_id") != Path("/proc/sys/kernel/random/boot_id").read_text()
    machine.run("sudo modprobe dummy && lsmod | grep -q ^dummy")
    drift = this_machine.clock_drift()
    machine.run("sudo date --set='2001-02-03 04:05:06'")
    assert machine.run("date +%Y") == "2001"
    assert abs(this_machine.clock_drift() - drift) < 2


def test_its_clock_is_steered_to_the_citys_time(machine: Server) -> None:
    """What no container can show: their clock is this machine's, and their chrony only watches it."""
    settings = "server time.city.internal iburst\nport 0\ncmdport 0\n"
    machine.run(f"sudo systemctl stop chrony; printf '%s' '{settings}' | sudo tee /etc/chrony/chrony.conf")
    machine.run(f"sudo date --set=@{time.time() - 3:.2f}")
    assert _apart(machine) > 1.5, "the clock was put back"
    machine.run("sudo systemctl start chrony")

    def steered() -> bool:
        # The source's address in hexadecimal, then after two more fields how far the clock still is from it.
        source, *rest = machine.run("sudo chronyc -n -c tracking").split(",")
        return source == "0A140002" and abs(float(rest[3])) < 0.1

    wait_for("the city's time", steered, 180)
    assert _apart(machine) < 0.1


def _apart(machine: Server) -> float:
    """Return the least that its clock and ours can be apart, in seconds."""
    before = time.time()
    there = float(machine.run("date +%s.%N"))
    return max(0.0, before - there, there - time.time())


def test_it_is_who_the_config_drive_says(machine: Server) -> None:
    assert machine.run("hostname; id --user --name") == "guests-machine\ndebian"
    assert "mirror.city.internal time.city.internal" in machine.run("cat /etc/hosts")
    assert "10.77.0." in machine.run("ip -brief address show dev eth0")
    # The file system has grown to the flavor's disk.
    assert int(machine.run("df --output=size --block-size=1G / | tail -n 1")) >= 9
    output = machine.cloud.compute.get_server_console_output(machine.id)["output"]
    assert "Reached target" in output


def test_it_may_use_packages_of_the_city(machine: Server) -> None:
    machine.run("curl --silent --fail --output /dev/null http://mirror.city.internal/debian/dists/bookworm/Release")


def test_a_port_that_is_not_allowed_is_not_reached(machine: Server, site: Site, city: City) -> None:
    machine.run("sudo systemd-run --unit=web python3 -m http.server 8080")
    wait_for("listener", lambda: machine.attempt("curl -s -o /dev/null localhost:8080").returncode == 0)
    ask = ["curl", "--silent", "--max-time", "3", "--output", "/dev/null", f"http://{machine.address}:8080/"]
    assert city.run(ask).returncode == 28
    group = site.cloud.network.find_security_group(site.prefix)
    rule = site.cloud.network.create_security_group_rule(
        security_group_id=group.id,
        direction="ingress",
        ethertype="IPv4",
        protocol="tcp",
        port_range_min=8080,
        port_range_max=8080,
    )
    wait_for("allowed", lambda: city.run(ask).returncode == 0, 20)
    site.cloud.network.delete_security_group_rule(rule)
    wait_for("denied again", lambda: city.run(ask).returncode == 28, 20)


def test_a_volume_comes_and_goes(machine: Server, site: Site) -> None:
    volume = site.volume()
    site.cloud.compute.create_volume_attachment(machine.id, volume_id=volume.id)
    wait_for("the disk", lambda: machine.attempt("test -b /dev/vdb").returncode == 0)
    link = f"/dev/disk/by-id/virtio-{volume.id[:20]}"
    assert machine.run(f"readlink --canonicalize {link}") == "/dev/vdb"
    machine.run("sudo sh -c 'echo kept >/dev/vdb && sync && head -c 4 /dev/vdb' | grep -q kept")
    site.cloud.compute.delete_volume_attachment(machine.id, volume.id)
    site.is_free(volume)
    wait_for("no disk", lambda: machine.attempt("test -b /dev/vdb").returncode == 1)
    site.cloud.block_storage.delete_volume(volume.id)


def test_it_outlives_libvirt(machine: Server, city: City) -> None:
    workspace = Workspace(city.root)
    before, victim = machine.boot_id(), Supervisor(workspace).process("libvirtd").pid
    run_inside(workspace, ["kill", "-9", str(victim)])
    wait_for("libvirtd again", lambda: Supervisor(workspace).process("libvirtd").pid not in (0, victim))
    machine.cloud.compute.pause_server(machine.id)
    machine.becomes("PAUSED")
    machine.cloud.compute.unpause_server(machine.id)
    machine.becomes("ACTIVE")
    assert machine.boot_id() == before


def test_delete_leaves_nothing(machine: Server, site: Site, city: City) -> None:
    name, port = machine.instance_name, next(iter(site.cloud.network.ports(device_id=machine.id))).id[:11]

    def residue() -> list[str]:
        done = run_inside(Workspace(city.root), ["sh", "-c", RESIDUE, "residue", machine.id, name, port])
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    while_it_lives = residue()
    for kind in (
        machine.id,
        "/proc/",
        "/state/nova/",
        "/state/etc/libvirt/",
        "/sys/fs/cgroup/",
        "/sys/class/net/",
        "tap",
    ):
        assert any(line.startswith(kind) for line in while_it_lives), (kind, while_it_lives)
    site.remove_server(machine.id)
    assert residue() == []
