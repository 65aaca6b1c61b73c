"""A volume as a disk of a server: written and read back in it, grown, taken off again."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, ClassVar

from openstack.exceptions import BadRequestException

from govcloud.core.language import mark
from govcloud.verify.function import ground, sweep
from govcloud.verify.function.guest import GIB, Guest, Yard
from govcloud.verify.function.scenario import Part, Scenario
from govcloud.verify.function.steps import CouldNotLook, Finding, Said, wait

_SMALL, _LARGE = 1, 2
_SECONDS = 120


@dataclass
class VolumeScenario(Scenario):
    """One server with one volume."""

    name: ClassVar[str] = "volume"
    needs: ClassVar[tuple[str, ...]] = ("compute", "network", "image", "block-storage")
    steps: ClassVar[tuple[str, ...]] = ("create", "server", "attach", "write and read", "extend", "detach", "delete")

    _held: ExitStack = field(default_factory=ExitStack)
    _volume: str = ""
    _guest: Guest | None = None

    def parts(self) -> Sequence[Part]:
        """Return what to do."""
        return (self._create, self._server, self._attach, self._use, self._extend, self._detach, self._delete)

    def clean(self) -> None:
        """Take everything away and give the room back."""
        with self._held:
            sweep.sweep(
                self.cloud, self.context.marker, self.context.marker.prefix(self.name), (*sweep.OF_SERVERS, "volume")
            )

    @property
    def guest(self) -> Guest:
        """The server that has the volume."""
        if self._guest is None:
            raise CouldNotLook(mark("there is no server"))
        return self._guest

    def _create(self) -> None:
        marker = self.context.marker
        made = self.cloud.block_storage.create_volume(
            name=marker.name(self.name, "disk"), size=_SMALL, metadata=marker.metadata, description=marker.text
        )
        self._volume = made.id
        self._becomes("available")

    def _server(self) -> None:
        self._held.enter_context(self.context.room.taken(1))
        place = ground.make(self.cloud, self.context.marker, self.name)
        yard = Yard(self.cloud, self.context.marker, self.offer, self.name)
        self._guest = yard.start("server", place, disk_bytes=[_SMALL * GIB, _LARGE * GIB])
        self._guest.becomes("ACTIVE")
        # What is there before the volume is never written to: the program has to have looked first.
        self._guest.tells(mark("the server tells of its first boot"), lambda state: state["beats"] > 0)

    def _attach(self) -> None:
        self.cloud.compute.create_volume_attachment(self.guest.id, volume=self._volume)
        self._becomes("in-use")

    def _use(self) -> Said:
        seen = self._disk(_SMALL)
        if not seen.get("kept"):
            raise Finding(mark("the server does not read from the volume what it wrote"))
        return Said(mark("1 MiB written and read back in the server"))

    def _extend(self) -> Said | None:
        said = None
        try:
            self.cloud.block_storage.extend_volume(self._volume, _LARGE)
        except BadRequestException:
            # Not every driver extends what is attached; what then works is the long way.
            self._unplug()
            self.cloud.block_storage.extend_volume(self._volume, _LARGE)
            self._becomes("available")
            self.cloud.compute.create_volume_attachment(self.guest.id, volume=self._volume)
            said = Said(mark("taken off for it: this cloud does not extend an attached volume"))
        wait(mark("the volume has its new size"), lambda: self._look().size == _LARGE, _SECONDS)
        self._becomes("in-use")
        seen = self._disk(_LARGE)
        if not seen.get("kept"):
            raise Finding(mark("what was written before is not read after the extension"))
        if not seen.get("end"):
            raise Finding(mark("the server does not read from the volume's new end what it wrote"))
        return said

    def _disk(self, size_gib: int) -> dict[str, Any]:
        """Wait until the server has used a disk of this size, and return what it saw of it."""

        def has(state: dict[str, Any]) -> bool:
            return any(one.get("bytes") == size_gib * GIB or one.get("error") for one in state["disks"].values())

        state = self.guest.tells(mark("the server sees the volume in its size"), has, _SECONDS)
        for one in state["disks"].values():
            if one.get("error"):
                raise Finding(mark("the server cannot use the volume: {error}"), error=one["error"])
        seen: dict[str, Any] = next(one for one in state["disks"].values() if one.get("bytes") == size_gib * GIB)
        return seen

    def _detach(self) -> None:
        self._unplug()

    def _unplug(self) -> None:
        self.cloud.compute.delete_volume_attachment(self.guest.id, self._volume)
        self._becomes("available")

    def _delete(self) -> None:
        self.cloud.block_storage.delete_volume(self._volume)
        wait(mark("the volume is gone"), lambda: self.cloud.block_storage.find_volume(self._volume) is None, _SECONDS)

    def _look(self) -> Any:
        return self.cloud.block_storage.get_volume(self._volume)

    def _becomes(self, status: str) -> None:
        def reached() -> bool:
            volume = self._look()
            if str(volume.status).startswith("error"):
                raise Finding(mark("the volume is {status}"), status=volume.status)
            return bool(volume.status == status)

        wait(mark("the volume has the state that was asked for"), reached, _SECONDS)
