"""Parts of the guests' driver that need no lab: network files, nodes, device names, the device filter."""

from __future__ import annotations

import os
import struct
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from lab.drivers.nspawn import device_filter, networkd, nodes, rootfs
from lab.drivers.nspawn import guest as driver
from lab.drivers.nspawn.cgroups import HARMLESS, Cgroups
from lab.drivers.nspawn.commands import GuestError, run
from lab.drivers.nspawn.device_filter import Device
from lab.drivers.nspawn.guest import DROPPED, Guest, Identity, children, wait_until
from lab.drivers.nspawn.volumes import guest_device

PORT: dict[str, Any] = {
    "id": "0a1b2c3d-0000-0000-0000-000000000000",
    "address": "fa:16:3e:00:00:01",
    "type": "ovs",
    "network": {
        "meta": {"mtu": 1400},
        "subnets": [
            {
                "cidr": "10.1.0.0/24",
                "gateway": {"address": "10.1.0.1"},
                "ips": [{"address": "10.1.0.5"}, {"address": "10.1.0.6"}],
                "dns": [{"address": "10.0.0.53"}],
                "routes": [
                    {"cidr": "10.9.0.0/16", "gateway": {"address": "10.1.0.9"}},
                    {"cidr": "169.254.169.254/32", "gateway": {"address": "10.1.0.2"}},
                ],
            },
            {"cidr": "fd00::/64", "gateway": {"address": "fd00::1"}, "ips": [{"address": "fd00::5"}], "dns": []},
        ],
    },
}


def test_first_port_has_addresses_gateways_and_the_metadata_route() -> None:
    text = networkd.render(PORT, first=True)
    for line in (
        "MACAddress=fa:16:3e:00:00:01",
        "Address=10.1.0.5/24",
        "Address=10.1.0.6/24",
        "Address=fd00::5/64",
        "Gateway=10.1.0.1",
        "Gateway=fd00::1",
        "Destination=10.9.0.0/16",
        "Scope=link",
    ):
        assert line in text.splitlines(), line
    assert text.count("169.254.169.254") == 1


def test_a_further_port_has_no_default_route() -> None:
    text = networkd.render(PORT, first=False)
    assert "Gateway=10.1.0.1" not in text.splitlines()
    assert "169.254.169.254" not in text
    assert "Destination=10.9.0.0/16" in text


def test_resolvers_come_once_and_the_mtu_from_the_network() -> None:
    assert networkd.nameservers([PORT, PORT]) == ["10.0.0.53"]
    assert networkd.mtu(PORT) == 1400
    assert networkd.mtu({"network": {"meta": None}}) == 1442


def test_nodes_are_read_from_their_lines() -> None:
    found = nodes.parse(["one - unix:/run/a.sock /state/one", "two netns-two unix:/run/b.sock /state/two"])
    assert found["one"].netns is None
    assert found["one"].link_target == "1"
    assert found["two"].link_target == "netns-two"
    assert found["two"].instances == Path("/state/two/nspawn/instances")


def test_a_line_with_a_word_missing_is_refused() -> None:
    with pytest.raises(GuestError, match="expected NAME NETNS OVSDB STATE_DIRECTORY"):
        nodes.parse(["one - unix:/run/a.sock"])


@pytest.mark.parametrize("name", ["/dev/vdb", "/dev/sdb", "/dev/xvdb", "vdb", "/dev/hdb"])
def test_disks_are_named_as_virtio_does(name: str) -> None:
    assert guest_device(name) == "/dev/vdb"


def decide(program: bytes, kind: int, major: int, minor: int) -> int:
    """Run the filter as the kernel would."""
    code = [struct.unpack_from("BBhi", program, offset) for offset in range(0, len(program), 8)]
    registers, context, position = [0] * 11, [kind, major, minor], 0
    while True:
        operation, both, offset, value = code[position]
        target, position = both & 15, position + 1
        if operation == 0x61:
            registers[target] = context[offset // 4]
        elif operation == 0x57:
            registers[target] &= value
        elif operation == 0xB7:
            registers[target] = value
        elif operation == 0x55:
            position += offset if registers[target] != value else 0
        elif operation == 0x95:
            return registers[0]
        else:
            raise AssertionError(f"unexpected operation {operation:#x}")


def test_the_device_filter_allows_exactly_its_list() -> None:
    program = device_filter.program([*HARMLESS, Device("b", 7, 3)])
    block, character, read_write = 1, 2, (2 | 4) << 16
    allowed = [(character, 1, 3), (character, 136, 77), (character, 10, 200), (block, 7, 3)]
    refused = [(block, 7, 4), (block, 254, 0), (block, 1, 3), (character, 1, 11), (character, 1, 1), (character, 4, 0)]
    for device in allowed:
        assert decide(program, device[0] | read_write, *device[1:]) == 1, device
    for device in refused:
        assert decide(program, device[0] | read_write, *device[1:]) == 0, device


def version_1(top: Path) -> Path:
    """Make what a machine with cgroup v1 shows."""
    for name in ("devices", "memory", "cpu", "pids", "freezer", "cpuset"):
        (top / name).mkdir(parents=True)
    return top


def test_limits_stand_above_the_group_of_the_processes(tmp_path: Path) -> None:
    top = version_1(tmp_path)
    group = top / "devices/lab/guests/one"
    group.mkdir(parents=True)
    (group / "devices.list").write_text("a *:* rwm\n")
    for part in ("", "lab", "lab/guests", "lab/guests/one", "lab/guests/one/inside"):
        (top / "cpuset" / part).mkdir(parents=True, exist_ok=True)
        for name in ("cpuset.cpus", "cpuset.mems"):
            (top / "cpuset" / part / name).write_text("0-1\n" if not part else "\n")
    files = Cgroups("one", top, "lab").create(256, 2, [5])
    assert {file.parent.name for file in files} == {"inside"}
    assert len(files) == 6
    assert (top / "memory/lab/guests/one/memory.limit_in_bytes").read_text() == f"{256 << 20}\n"
    assert (top / "cpu/lab/guests/one/cpu.cfs_quota_us").read_text() == "200000\n"
    assert (group / "devices.deny").read_text() == "a\n"
    assert (top / "cpuset/lab/guests/one/inside/cpuset.mems").read_text() == "0-1\n"


def test_a_group_goes_when_its_last_process_has_left_it(tmp_path: Path) -> None:
    inside = version_1(tmp_path) / "pids/lab/guests/one/inside"
    inside.mkdir(parents=True)
    still_there = inside / "process"  # a directory with something in it is refused, as a group with a process in it is
    still_there.touch()
    threading.Timer(0.2, still_there.unlink).start()
    Cgroups("one", tmp_path, "lab").remove()
    assert not inside.parent.exists()


def test_no_guest_starts_without_the_labs_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOVCLOUD_LAB_ID", raising=False)
    with pytest.raises(GuestError, match="GOVCLOUD_LAB_ID"):
        Cgroups("one", tmp_path)


def test_a_guest_is_started_without_what_could_reach_the_machine(tmp_path: Path) -> None:
    guest = Guest(tmp_path / "11111111-2222-3333-4444-555555555555")
    guest.write_identity(Identity(guest.uuid, "instance-1", "web", 512, 1))
    guest.write_arguments(["/dev/loop3:/dev/vdb"])
    arguments = (guest.directory / "arguments").read_text().splitlines()
    assert "--bind=/dev/loop3:/dev/vdb" in arguments
    dropped = next(line for line in arguments if line.startswith("--drop-capability="))
    for name in ("SYS_TIME", "SYS_MODULE", "SYS_RAWIO", "MKNOD", "SYSLOG"):
        assert f"CAP_{name}" in DROPPED
        assert f"CAP_{name}" in dropped


def test_a_stale_pid_file_is_not_a_running_guest(tmp_path: Path) -> None:
    guest = Guest(tmp_path / "11111111-2222-3333-4444-555555555555")
    guest.directory.mkdir()
    (guest.directory / "pid").write_text("1\n")
    assert guest.runner == 0
    assert guest.leader == 0


def running(tmp_path: Path, script: str) -> tuple[Guest, subprocess.Popen[bytes]]:
    """Start a shell in a guest's runner's place, known as the guest's by its UUID."""
    guest = Guest(tmp_path / "11111111-2222-3333-4444-555555555555")
    guest.write_identity(Identity(guest.uuid, "instance-1", "web", 512, 1))
    runner = subprocess.Popen(["sh", "-c", script, guest.uuid], cwd=guest.directory, start_new_session=True)
    (guest.directory / "pid").write_text(f"{runner.pid}\n")
    return guest, runner


@pytest.fixture
def no_cgroups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let guests be stopped that no control group knows."""
    monkeypatch.setenv("GOVCLOUD_LAB_ID", "parts")
    monkeypatch.setattr(Cgroups, "freeze", lambda *_, **__: None)


@pytest.mark.usefixtures("no_cgroups")
def test_a_guest_that_is_stopped_while_it_reboots_leaves_nothing_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As between two boots: what runs the guest is there, its first process is not.
    guest, runner = running(tmp_path, "sleep 100 & echo $! > child; wait; rm pid")
    assert wait_until(lambda: (guest.directory / "child").exists() and bool(children(runner.pid)), seconds=10)
    (child,) = children(runner.pid)
    threading.Thread(target=runner.wait).start()  # as the lab's first process would
    monkeypatch.setattr(driver, "END_SECONDS", 0.6)
    guest.stop()
    assert guest.runner == 0
    assert wait_until(lambda: not Path(f"/proc/{child}").exists(), seconds=5)


@pytest.mark.parametrize("looks", range(1, 6))
@pytest.mark.usefixtures("no_cgroups")
def test_a_guest_that_ends_by_itself_meanwhile_takes_nobody_along(
    looks: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = Guest(tmp_path / "11111111-2222-3333-4444-555555555555")
    guest.write_identity(Identity(guest.uuid, "instance-1", "web", 512, 1))
    runner = iter([1 << 30] * looks)  # no process has this number
    monkeypatch.setattr(Guest, "runner", property(lambda _: next(runner, 0)))
    monkeypatch.setattr(Guest, "_is_runner", lambda *_: next(runner, 0) > 0)
    killed: list[int] = []
    monkeypatch.setattr(os, "kill", lambda process, _: killed.append(process))
    guest.stop()
    assert 0 not in killed  # process 0 is the group of whoever stops the guest: all of nova-compute


def test_a_failed_command_says_which_and_why() -> None:
    with pytest.raises(GuestError, match=r"cat /nowhere: exit 1: .*No such file"):
        run("cat", "/nowhere")


def test_unpacked_images_go_when_nobody_uses_them(tmp_path: Path) -> None:
    bases, instances = tmp_path / "bases", tmp_path / "instances"
    for name in ("used", "idle", "fresh"):
        (bases / name / "etc").mkdir(parents=True)
        (bases / f"{name}.lock").touch()
    for name in ("used", "idle"):
        os.utime(bases / f"{name}.lock", (1, 1))
    (instances / "guest").mkdir(parents=True)
    (instances / "guest/base").symlink_to(bases / "used")
    assert rootfs.remove_unused(bases, [instances]) == ["idle"]
    assert sorted(path.name for path in bases.iterdir()) == ["fresh", "fresh.lock", "used", "used.lock"]
