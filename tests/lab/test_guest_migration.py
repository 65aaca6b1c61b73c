"""Servers on two compute hosts: spread by groups, moved running and stopped, removed without residue."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise

import pytest

from govcloud.core.workspace import Workspace
from lab.namespace import run_inside
from tests.conftest import City
from tests.lab.guest_site import Server, Site, wait_for

pytestmark = [pytest.mark.lab, pytest.mark.sample(2)]

HOSTS = {"compute-1", "compute-2"}
# What a server leaves in the lab, if anything: one line each.
RESIDUE = """
for node in compute-1 compute-2; do ls -d /state/nova/$node/nspawn/instances/$1 2>/dev/null; done
ls -d /run/netns/$2 2>/dev/null
# Another lab of the machine has servers of the same names: the lab's own name tells them apart.
ls -d /sys/fs/cgroup/$(hostname)/guests/$2 /sys/fs/cgroup/*/$(hostname)/guests/$2 2>/dev/null
for node in 1 2; do
    ovs-vsctl --db=unix:/run/ovs$node/db.sock --bare --columns=name find Interface external_ids:vm-uuid=$1
done
grep -l "$1" /proc/[0-9]*/cmdline 2>/dev/null | grep -v "/$$/"
grep "$1" /proc/mounts
losetup --list --noheadings --output BACK-FILE
true
"""


@pytest.fixture(scope="module")
def server(site: Site) -> Iterator[Server]:
    made = site.start("mover")
    yield made
    site.remove_server(made.id)


def residue(city: City, server: str, name: str) -> list[str]:
    done = run_inside(Workspace(city.root), ["sh", "-c", RESIDUE, "residue", server, name])
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def longest_gap(address: str, act: Callable[[], None]) -> float:
    """Return the longest time without an answer to a ping every 50 ms while `act` runs."""
    answers: list[float] = []
    over = threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        raw.connect((address, 0))
        raw.settimeout(0.05)

        def ping() -> None:
            # Type 8, code 0, its checksum, number and sequence: all that an echo request needs.
            request = struct.pack("!BBHHH", 8, 0, 0xF7FE, 0, 1)
            while not over.wait(0.05):
                with suppress(OSError):
                    raw.send(request)
                    raw.recv(256)
                    answers.append(time.monotonic())

        pinging = threading.Thread(target=ping)
        pinging.start()
        try:
            wait_for("first answer", lambda: answers, 20)
            act()
            time.sleep(2)
        finally:
            over.set()
            pinging.join()
    return max(later - earlier for earlier, later in pairwise(answers))


def test_anti_affinity_spreads_over_both_hosts_and_refuses_a_third(site: Site) -> None:
    group = site.cloud.compute.create_server_group(name="guests-apart", policy="anti-affinity")
    hints = {"scheduler_hints": {"group": group.id}}
    first, second = site.start("apart-1", **hints), site.start("apart-2", **hints)
    assert {first.host, second.host} == HOSTS
    second_address = second.run("hostname -I").split()[0]
    assert " 0% packet loss" in first.run(f"ping -c 5 -i 0.2 {second_address}")
    # 22 is open to all, 8080 to none: across the hosts too. Both listen, or nothing would be proved.
    second.run("sudo systemd-run --unit=web python3 -m http.server 8080")
    wait_for("listener", lambda: second.attempt("curl -s -o /dev/null localhost:8080").returncode == 0)
    first.run(f"nc -z -w 3 {second_address} 22")
    assert first.attempt(f"nc -z -w 3 {second_address} 8080").returncode == 1
    third = site.create("apart-3", **hints)
    wait_for("refused", lambda: site.cloud.compute.get_server(third.id).status == "ERROR")
    assert "No valid host" in site.cloud.compute.get_server(third.id).fault["message"]
    for ident in (first.id, second.id, third.id):
        site.remove_server(ident)
    site.cloud.compute.delete_server_group(group.id)


def test_live_migration_keeps_the_guest_running(server: Server, site: Site) -> None:
    volume = site.volume()
    site.cloud.compute.create_volume_attachment(server.id, volume_id=volume.id)
    wait_for("the disk", lambda: server.attempt("test -b /dev/vdb").returncode == 0)
    server.run("sudo mkfs.ext4 -q /dev/vdb && sudo mkdir -p /data && sudo mount /dev/vdb /data")
    for _ in range(2):
        boot, source = server.boot_id(), server.host

        def move(source: str = source) -> None:
            start = time.monotonic()
            site.cloud.compute.live_migrate_server(server.id, block_migration="auto")
            wait_for("another host", lambda: server.host != source)
            server.becomes("ACTIVE")
            print(f"live migration: {time.monotonic() - start:.1f} s")

        gap = longest_gap(server.address, move)
        print(f"longest gap: {gap:.2f} s")
        assert server.boot_id() == boot
        assert gap < 20  # a second on an idle machine; what must hold is that it ends
        server.run("echo moved | sudo tee /data/file")
    site.cloud.compute.delete_volume_attachment(server.id, volume.id)
    site.is_free(volume)
    site.cloud.block_storage.delete_volume(volume.id)


def test_cold_migration_moves_the_disk(server: Server, site: Site) -> None:
    server.run("echo carried | sudo tee /etc/carried; sync")
    source = server.host
    site.cloud.compute.migrate_server(server.id)
    server.becomes("VERIFY_RESIZE")
    site.cloud.compute.confirm_server_resize(server.id)
    server.becomes("ACTIVE")
    assert server.host != source
    assert server.run("cat /etc/carried") == "carried"


def test_cold_migration_can_be_reverted(server: Server, site: Site) -> None:
    server.run("echo stayed | sudo tee /etc/stayed; sync")
    source = server.host
    site.cloud.compute.migrate_server(server.id)
    server.becomes("VERIFY_RESIZE")
    site.cloud.compute.revert_server_resize(server.id)
    server.becomes("ACTIVE")
    assert server.host == source
    assert server.run("cat /etc/stayed") == "stayed"


def test_delete_leaves_nothing(site: Site, city: City) -> None:
    made = site.start("short")
    volume = site.volume()
    site.cloud.compute.create_volume_attachment(made.id, volume_id=volume.id)
    wait_for("the disk", lambda: made.attempt("test -b /dev/vdb").returncode == 0)
    name = made.instance_name
    while_it_lives = residue(city, made.id, name)
    assert any(volume.id in line for line in while_it_lives)
    assert len(while_it_lives) > 5
    site.remove_server(made.id)
    site.is_free(volume)
    assert [line for line in residue(city, made.id, name) if made.id in line or volume.id in line] == []
    assert [line for line in residue(city, made.id, name) if line.endswith(name)] == []
    site.cloud.block_storage.delete_volume(volume.id)
