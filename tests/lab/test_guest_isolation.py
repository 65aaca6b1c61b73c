"""Root in a guest cannot reach the machine: clock, kernel modules, disks, kernel log, kernel settings, files."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.guest_site import Server, Site

pytestmark = pytest.mark.lab

# 175 is init_module on x86_64.
LOAD_MODULE = (
    "import ctypes,os; c=ctypes.CDLL(None,use_errno=True); r=c.syscall(175,b'x',1,b''); "
    "print(r, os.strerror(ctypes.get_errno()))"
)


@pytest.fixture(scope="module")
def server(site: Site) -> Iterator[Server]:
    made = site.start("prison")
    yield made
    site.remove_server(made.id)


def test_the_clock_cannot_be_set(server: Server) -> None:
    before = time.time() - time.monotonic()
    answer = server.attempt("sudo date -s 2030-01-01")
    assert "Operation not permitted" in answer.stderr
    assert abs(time.time() - time.monotonic() - before) < 1
    assert server.run("cat /proc/self/status | grep CapBnd") != ""


def test_no_module_can_be_loaded(server: Server) -> None:
    assert server.run(f'sudo python3 -c "{LOAD_MODULE}"') == "-1 Operation not permitted"


def test_dangerous_capabilities_are_gone_for_good(server: Server) -> None:
    held = int(server.run("sudo grep CapBnd /proc/self/status").split()[1], 16)
    numbers = {"SYS_MODULE": 16, "SYS_RAWIO": 17, "SYS_TIME": 25, "MKNOD": 27, "SYSLOG": 34}
    assert [name for name, number in numbers.items() if held >> number & 1] == []


def test_the_machines_disks_cannot_be_opened(server: Server) -> None:
    """Even where a file system brings a node for them along."""
    server.run("sudo mkdir -p /mnt/devices && sudo mount -t devtmpfs none /mnt/devices")
    nodes = server.run("cd /mnt/devices && find . -maxdepth 1 -type b -printf '%f '").split()
    assert nodes, "the machine shows no disk: nothing was proved"
    for node in [*nodes, "kmsg"]:
        answer = server.attempt(f"sudo dd if=/mnt/devices/{node} of=/dev/null count=1")
        assert answer.returncode == 1, node
        assert "Operation not permitted" in answer.stderr
    server.run("sudo umount /mnt/devices")


def test_no_node_can_be_made(server: Server) -> None:
    assert "Operation not permitted" in server.attempt("sudo mknod /root/disk b 254 0").stderr


def test_the_device_filter_cannot_be_widened(server: Server) -> None:
    """The guest reaches its own control group at most; the filter stands above it."""
    command = "sudo mkdir -p /mnt/groups; sudo mount -t cgroup -o devices none /mnt/groups"
    if server.attempt(command).returncode:
        # cgroup v2: the filter is a program on a group above, which no file shows.
        assert server.run("cat /sys/fs/cgroup/cgroup.controllers") is not None
        return
    server.attempt("echo a | sudo tee /mnt/groups/devices.allow")
    assert "a *:* rwm" not in server.run("cat /mnt/groups/devices.list")
    server.run("sudo umount /mnt/groups")


def test_the_kernel_log_cannot_be_read(server: Server) -> None:
    assert server.attempt("sudo dmesg").returncode == 1
    assert server.attempt("test -e /dev/kmsg").returncode == 1


def test_settings_of_the_kernel_cannot_be_written_but_the_networks_can(server: Server) -> None:
    for name in ("/proc/sys/kernel/printk", "/proc/sys/vm/swappiness", "/proc/sys/fs/file-max"):
        assert server.attempt(f"sudo tee {name} </dev/null").returncode == 1, name
    assert server.attempt("echo h | sudo tee /proc/sysrq-trigger").returncode == 1
    assert server.run("sudo sysctl -w net.ipv4.ip_forward=1") == "net.ipv4.ip_forward = 1"


def test_no_file_of_the_machine_or_the_lab_shows(server: Server) -> None:
    checkout = str(Path(__file__).resolve().parents[2])
    for path in (checkout, "/state", "/code", "/opt/openstack"):
        assert server.attempt(f"sudo test -e {path}").returncode == 1, path
    mounts = server.run("cat /proc/mounts")
    assert checkout not in mounts
    processes = server.run("ps -e -o comm=").split()
    assert "supervisord" not in processes
    assert "ovs-vswitchd" not in processes
