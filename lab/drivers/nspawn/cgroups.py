"""Limits of a guest: memory, CPU, processes and which devices it may open, with cgroup v1 or v2.

The limits stand on `<lab>/guests/<name>`; the guest's processes run one level below, in `inside`. A guest may mount its
own cgroup tree, whose top is then `inside`: what stands above it is out of its reach.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from lab.drivers.nspawn import device_filter
from lab.drivers.nspawn.commands import GuestError
from lab.drivers.nspawn.device_filter import Device

TOP = Path("/sys/fs/cgroup")
MAX_PROCESSES = 4096
INSIDE = "inside"
HARMLESS = (
    Device("c", 1, 3),  # null
    Device("c", 1, 5),  # zero
    Device("c", 1, 7),  # full
    Device("c", 1, 8),  # random
    Device("c", 1, 9),  # urandom
    Device("c", 5, 0),  # tty
    Device("c", 5, 2),  # ptmx
    Device("c", 136, None),  # pts
    Device("c", 10, 200),  # net/tun
)
LOOP_MAJOR = 7


class Cgroups:
    """The cgroups of one guest in every hierarchy of the machine."""

    def __init__(self, name: str, top: Path = TOP, lab: str | None = None) -> None:
        lab = lab or os.environ.get("GOVCLOUD_LAB_ID")
        if not lab:
            raise GuestError("GOVCLOUD_LAB_ID is not set: the guests' cgroups would not be told from others")
        self._below = Path(lab) / "guests" / name
        self._unified = (top / "cgroup.controllers").exists()
        self._top = top

    def create(self, memory_mib: int, cpus: int, loops: Iterable[int]) -> list[Path]:
        """Make the cgroups with their limits; return the files that take the runner's process id."""
        for hierarchy in self._hierarchies():
            (hierarchy / self._below).mkdir(parents=True, exist_ok=True)
        self.allow_devices(loops)
        for hierarchy in self._hierarchies():
            (hierarchy / self._below / INSIDE).mkdir(exist_ok=True)
        if self._unified:
            self._delegate_controllers()
            self._write("memory.max", memory_mib << 20)
            if self._file("memory.swap.max").exists():
                self._write("memory.swap.max", 0)
            self._write("cpu.max", f"{cpus * 100000} 100000")
            self._write("pids.max", MAX_PROCESSES)
        else:
            self._inherit_cpuset()
            self._limit_memory_v1(memory_mib << 20)
            self._write("cpu/cpu.cfs_quota_us", cpus * 100000)
            self._write("pids/pids.max", MAX_PROCESSES)
        return [hierarchy / self._below / INSIDE / "cgroup.procs" for hierarchy in self._hierarchies()]

    def allow_devices(self, loops: Iterable[int]) -> None:
        """Let the guest open the harmless devices and these loop devices, nothing else."""
        allowed = [*HARMLESS, *(Device("b", LOOP_MAJOR, number) for number in loops)]
        if self._unified:
            device_filter.replace(self._top / self._below, allowed)
            return
        self._allow_devices_v1({f"{device} rw" for device in allowed})

    def freeze(self, *, frozen: bool) -> None:
        """Stop or continue all processes of the guest."""
        if self._unified:
            self._write("cgroup.freeze", int(frozen))
        else:
            self._write("freezer/freezer.state", "FROZEN" if frozen else "THAWED")

    @property
    def frozen(self) -> bool:
        """Whether the guest is stopped that way."""
        name = "cgroup.freeze" if self._unified else "freezer/freezer.state"
        try:
            return self._file(name).read_text().strip() not in ("THAWED", "0")
        except FileNotFoundError:
            return False

    def remove(self, seconds: float = 2) -> None:
        """Remove the guest's cgroups; the last of its processes may need a moment to leave them."""
        end = time.monotonic() + seconds
        tops = [hierarchy / self._below for hierarchy in self._hierarchies()]
        while True:
            for top in tops:
                for directory, _, _ in os.walk(top, topdown=False):
                    with suppress(OSError):
                        Path(directory).rmdir()
            if not any(top.exists() for top in tops) or time.monotonic() > end:
                return
            time.sleep(0.03)

    def _hierarchies(self) -> Sequence[Path]:
        if self._unified:
            return [self._top]
        return sorted(path for path in self._top.iterdir() if path.is_dir() and not path.is_symlink())

    def _limit_memory_v1(self, size: int) -> None:
        """Limit memory with swap to the same size: a server has no more than its flavor says.

        The kernel keeps the second limit at or above the first, whichever way the size changed.
        """
        both = "memory/memory.memsw.limit_in_bytes"
        counted = self._file(both).exists()
        if counted:
            self._write(both, -1)
        self._write("memory/memory.limit_in_bytes", size)
        if counted:
            self._write(both, size)

    def _allow_devices_v1(self, wanted: set[str]) -> None:
        """Change the list entry by entry: the kernel takes "deny all" only while there is no group below.

        Taking away reaches the group below by itself; giving must be said to both.
        """
        inside = self._file("devices/devices.list").parent / INSIDE / "devices.allow"
        before = set(self._file("devices/devices.list").read_text().splitlines())
        if any(entry.startswith("a ") for entry in before):
            self._write("devices/devices.deny", "a")
            before = set()
        for entry in sorted(before - wanted):
            self._write("devices/devices.deny", entry)
        for entry in sorted(wanted - before):
            self._write("devices/devices.allow", entry)
            if inside.exists():
                inside.write_text(f"{entry}\n")

    def _file(self, name: str) -> Path:
        hierarchy, _, file = name.rpartition("/")
        return self._top / hierarchy / self._below / file

    def _write(self, name: str, value: object) -> None:
        file = self._file(name)
        try:
            file.write_text(f"{value}\n")
        except OSError as error:
            raise GuestError(f"{file}: {value!r}: {error.strerror}") from error

    def _delegate_controllers(self) -> None:
        directory = self._top
        for part in self._below.parts:
            (directory / "cgroup.subtree_control").write_text("+cpu +memory +pids\n")
            directory /= part

    def _inherit_cpuset(self) -> None:
        """Fill the new cpusets: an empty one takes no process."""
        directory = self._top / "cpuset"
        if not directory.is_dir():
            return
        for part in (*self._below.parts, INSIDE):
            parent, directory = directory, directory / part
            for name in ("cpuset.cpus", "cpuset.mems"):
                if not (directory / name).read_text().strip():
                    (directory / name).write_text((parent / name).read_text())
