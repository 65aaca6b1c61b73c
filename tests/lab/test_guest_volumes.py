"""Volumes are block devices that a guest can use, keep over restarts, grow and give back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.guest_site import Server, Site, wait_for

pytestmark = [pytest.mark.lab, pytest.mark.sample(2)]


@pytest.fixture(scope="module")
def server(site: Site) -> Iterator[Server]:
    made = site.start("disks")
    yield made
    site.remove_server(made.id)


@pytest.fixture
def volume(site: Site) -> Iterator[Any]:
    made = site.volume()
    yield made
    site.cloud.block_storage.delete_volume(made.id)


def attach(server: Server, volume: Any) -> str:
    server.cloud.compute.create_volume_attachment(server.id, volume_id=volume.id)
    return str(wait_for("in-use", lambda: server.cloud.block_storage.get_volume(volume.id).attachments)[0]["device"])


def detach(site: Site, server: Server, volume: Any) -> None:
    site.cloud.compute.delete_volume_attachment(server.id, volume.id)
    site.is_free(volume)


def test_a_volume_lives_as_a_disk_does(server: Server, site: Site, volume: Any) -> None:
    start = time.monotonic()
    device = attach(server, volume)
    wait_for("the disk", lambda: server.attempt(f"test -b {device}").returncode == 0)
    print(f"attach until seen: {time.monotonic() - start:.1f} s")
    assert device == "/dev/vdb"
    server.run(f"sudo mkfs.ext4 -q {device} && sudo mkdir -p /data && sudo mount {device} /data")
    server.run("echo mine | sudo tee /data/file; sync")
    server.cloud.block_storage.extend_volume(volume, 2)
    wait_for("2 GiB", lambda: server.run(f"sudo blockdev --getsize64 {device}") == str(2 << 30))
    # Growing ext4 while mounted takes CAP_SYS_RESOURCE, which not every machine that holds the lab has.
    server.run(f"sudo umount /data && sudo e2fsck -fp {device} && sudo resize2fs {device} && sudo mount {device} /data")
    assert server.run("df --output=size -BM /data | tail -1").strip() > "1900M"
    link = f"/dev/disk/by-id/virtio-{volume.id[:20]}"
    assert server.run(f"readlink -f {link}") == device
    server.run(f"echo {link} /data ext4 nofail 0 2 | sudo tee -a /etc/fstab")
    before = server.boot_id()
    server.tell("sudo systemctl reboot")
    wait_for("another boot", lambda: server.boot_id() != before)
    assert server.run("cat /data/file") == "mine"
    server.cloud.compute.stop_server(server.id)
    server.becomes("SHUTOFF")
    server.cloud.compute.start_server(server.id)
    server.becomes("ACTIVE")
    assert server.run("cat /data/file") == "mine"
    server.run("sudo sed -i /data/d /etc/fstab")
    detach(site, server, volume)  # mounted still: as pulling a disk would
    assert server.attempt(f"test -b {device}").returncode == 1
    other = server.run("ls /dev/vd* 2>/dev/null || echo none")
    assert other == "none"


def test_names_stay_over_a_restart(server: Server, site: Site) -> None:
    volumes = [site.volume() for _ in range(3)]
    devices = [attach(server, volume) for volume in volumes]
    assert devices == ["/dev/vdb", "/dev/vdc", "/dev/vdd"]
    for device in devices:
        server.run(f"echo {device} | sudo dd of={device} conv=fsync status=none")
    detach(site, server, volumes[1])
    server.cloud.compute.reboot_server(server.id, "HARD")
    server.becomes("ACTIVE")
    for device in (devices[0], devices[2]):
        assert server.run(f"sudo head -n 1 {device}") == device
    for volume in (volumes[0], volumes[2]):
        detach(site, server, volume)
    for volume in volumes:
        site.cloud.block_storage.delete_volume(volume.id)


def test_a_snapshot_of_a_volume_becomes_a_volume(server: Server, site: Site, volume: Any) -> None:
    device = attach(server, volume)
    server.run(f"echo first | sudo dd of={device} conv=fsync status=none")
    storage = site.cloud.block_storage
    snapshot = storage.create_snapshot(volume_id=volume.id, name="guests", is_forced=True)
    wait_for("snapshot", lambda: storage.get_snapshot(snapshot.id).status == "available")
    server.run(f"echo second | sudo dd of={device} conv=fsync status=none")
    copy = site.volume(snapshot_id=snapshot.id)
    second = attach(server, copy)
    assert server.run(f"sudo head -n 1 {second}; sudo head -n 1 {device}").split() == ["first", "second"]
    detach(site, server, copy)
    detach(site, server, volume)
    storage.delete_volume(copy.id)
    storage.delete_snapshot(snapshot.id)
    wait_for("snapshot gone", lambda: storage.find_snapshot(snapshot.id, ignore_missing=True) is None)
