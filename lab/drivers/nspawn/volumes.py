"""The volumes of a guest: which file is which of its disks, kept over restarts, and what changes while it runs."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.drivers.nspawn import loop
from lab.drivers.nspawn.commands import run
from lab.drivers.nspawn.guest import Guest, write

PLUG_NODE = Path(__file__).with_name("plug_node.py")


@dataclass(frozen=True)
class Disk:
    """A volume as nova names it: the file behind it, the device's name, the volume's id."""

    path: str
    name: str
    serial: str


@dataclass(frozen=True)
class Volume:
    """A volume as the guest has it: the file behind it, its names, and its loop device."""

    path: str
    device: str
    number: int
    holder: int
    serial: str = ""

    @property
    def link(self) -> str:
        """The name by which the guest finds the volume whatever its order: what virtio makes of its serial number."""
        return f"/dev/disk/by-id/virtio-{self.serial[:20]}"

    @property
    def loop(self) -> loop.Loop:
        """The loop device as noted; after a power cut it may be another's."""
        return loop.Loop(self.number, self.holder)


def guest_device(name: str) -> str:
    """Return a disk's name in the guest: virtio's, whatever the API called it."""
    return "/dev/vd" + re.sub(r"^(/dev/)?(xvd|vd|sd|hd)", "", name)


class Volumes:
    """The list of a guest's volumes, in the order of their attachment."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest
        self._file = guest.directory / "volumes.json"

    def noted(self) -> list[Volume]:
        """Return the volumes that the guest has, as written down."""
        if not self._file.exists():
            return []
        return [Volume(**row) for row in json.loads(self._file.read_text())]

    def prepare(self, wanted: list[Disk]) -> None:
        """Make the noted volumes these; each has a loop device of its own afterwards."""
        before = {volume.path: volume for volume in self.noted()}
        self._note([self._bound(disk, before.pop(disk.path, None)) for disk in wanted])
        for volume in before.values():
            loop.release(volume.loop)

    def attach(self, disk: Disk) -> None:
        """Add a volume; a running guest sees it at once."""
        if any(volume.path == disk.path for volume in self.noted()):
            return
        volume = self._bound(disk, None)
        self._note([*self.noted(), volume])
        leader = self._guest.leader
        if leader:
            self._guest.cgroups.allow_devices(self.numbers())
            names = (volume.loop.node, volume.device, volume.link)
            run(sys.executable, str(PLUG_NODE), "attach", str(leader), *names)

    def detach(self, path: str) -> None:
        """Take a volume away, as pulling a disk would; what is not attached is detached already."""
        for volume in self.noted():
            if volume.path != path:
                continue
            leader = self._guest.leader
            if leader:
                run(sys.executable, str(PLUG_NODE), "detach", str(leader), volume.device, volume.link)
            self._note([other for other in self.noted() if other.path != path])
            if leader:
                self._guest.cgroups.allow_devices(self.numbers())
            loop.release(volume.loop)

    def resize(self, path: str) -> None:
        """Show the guest a volume's new size."""
        for volume in self.noted():
            if volume.path == path:
                loop.resize(volume.loop)

    def release(self) -> None:
        """Let all loop devices go."""
        for volume in self.noted():
            loop.release(volume.loop)
        self._note([])

    def numbers(self) -> list[int]:
        """Return the loop devices that the guest may open."""
        return [volume.number for volume in self.noted()]

    @staticmethod
    def _bound(disk: Disk, before: Volume | None) -> Volume:
        path = Path(disk.path)
        bound = before.loop if before and loop.holds(before.loop, path) else loop.bind(path)
        return Volume(disk.path, guest_device(disk.name), bound.number, bound.holder, disk.serial)

    def _note(self, volumes: list[Volume]) -> None:
        write(self._file, json.dumps([asdict(volume) for volume in volumes]))
        if (self._guest.directory / "guest.json").exists():
            self._guest.write_arguments([f"{volume.loop.node}:{volume.device}" for volume in volumes])
        if self._guest.root.is_mount():
            # Without udev nobody else would make the links at boot.
            rows = [f"L+ {volume.link} - - - - {volume.device}" for volume in volumes]
            write(self._guest.root / "etc/tmpfiles.d/govcloud-volumes.conf", "\n".join([*rows, ""]))
