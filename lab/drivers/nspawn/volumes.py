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
class Volume:
    """A volume: the file behind it, the guest's name for it, and its loop device."""

    path: str
    device: str
    number: int
    holder: int

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

    def prepare(self, wanted: list[tuple[str, str]]) -> None:
        """Make the noted volumes these, as (file, device name); each has a loop device of its own afterwards."""
        before = {volume.path: volume for volume in self.noted()}
        self._note([self._bound(path, guest_device(name), before.pop(path, None)) for path, name in wanted])
        for volume in before.values():
            loop.release(volume.loop)

    def attach(self, path: str, name: str) -> None:
        """Add a volume; a running guest sees it at once."""
        if any(volume.path == path for volume in self.noted()):
            return
        volume = self._bound(path, guest_device(name), None)
        self._note([*self.noted(), volume])
        if self._guest.leader:
            self._guest.cgroups.allow_devices(self.numbers())
            run(sys.executable, str(PLUG_NODE), "attach", str(self._guest.leader), volume.loop.node, volume.device)

    def detach(self, path: str) -> None:
        """Take a volume away, as pulling a disk would; what is not attached is detached already."""
        for volume in self.noted():
            if volume.path != path:
                continue
            leader = self._guest.leader
            if leader:
                run(sys.executable, str(PLUG_NODE), "detach", str(leader), volume.device)
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

    def binds(self) -> list[str]:
        """Return the volumes as systemd-nspawn's binds."""
        return [f"{volume.loop.node}:{volume.device}" for volume in self.noted()]

    def _bound(self, path: str, device: str, before: Volume | None) -> Volume:
        if before and loop.holds(before.loop, Path(path)):
            return Volume(path, device, before.number, before.holder)
        new = loop.bind(Path(path))
        return Volume(path, device, new.number, new.holder)

    def _note(self, volumes: list[Volume]) -> None:
        write(self._file, json.dumps([asdict(volume) for volume in volumes]))
        if (self._guest.directory / "guest.json").exists():
            self._guest.write_arguments([f"{volume.loop.node}:{volume.device}" for volume in volumes])
