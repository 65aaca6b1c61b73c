"""A server's life: made, resized, moved while it runs, kept as an image, lost, restored from it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, ClassVar

from openstack.exceptions import BadRequestException

from govcloud.core.language import mark
from govcloud.verify.function import ground, sweep
from govcloud.verify.function.guest import ACTIVE_SECONDS, Guest, Yard
from govcloud.verify.function.scenario import Part, Scenario
from govcloud.verify.function.steps import CouldNotLook, Finding, NotApplicable, Said, wait

_IMAGE_SECONDS = 300
_MOVE_SECONDS = 180


@dataclass
class ServerScenario(Scenario):
    """One server at a time, and its image."""

    name: ClassVar[str] = "server"
    needs: ClassVar[tuple[str, ...]] = ("compute", "network", "image")
    steps: ClassVar[tuple[str, ...]] = (
        "create",
        "first boot",
        "resize",
        "live-migrate",
        "snapshot",
        "restore",
        "delete",
    )

    _held: ExitStack = field(default_factory=ExitStack)
    _ground: ground.Ground | None = None
    _guest: Guest | None = None
    _image: str = ""
    _resized: bool = False

    def parts(self) -> Sequence[Part]:
        """Return what to do."""
        return (self._create, self._boot, self._resize, self._move, self._snapshot, self._restore, self._delete)

    def clean(self) -> None:
        """Take everything away and give the room back."""
        with self._held:
            sweep.sweep(self.cloud, self.context.marker, self.context.marker.prefix(self.name), sweep.OF_SERVERS)

    @property
    def _yard(self) -> Yard:
        return Yard(self.cloud, self.context.marker, self.offer, self.name)

    @property
    def guest(self) -> Guest:
        """The server as it is now."""
        if self._guest is None:
            raise CouldNotLook(mark("there is no server"))
        return self._guest

    def _create(self) -> None:
        # A resize may take a second share; where there is no room for it, only the resize is lost.
        units = self.offer.units
        self._held.enter_context(self.context.room.taken(units if self.context.room.has(units) else 1))
        self._ground = ground.make(self.cloud, self.context.marker, self.name)
        self._guest = self._yard.start("first", self._ground)
        self._guest.becomes("ACTIVE")

    def _boot(self) -> None:
        self.guest.tells(mark("the server tells of its first boot"), lambda state: state["boots"] == 1)

    def _resize(self) -> Said:
        larger = self.offer.larger
        if larger is None:
            raise NotApplicable(mark("no larger flavor"))
        if not self.context.room.has(self.offer.units):
            raise _NoRoom(mark("the quota has no room for the flavor {flavor}"), flavor=larger.name)
        self.cloud.compute.resize_server(self.guest.id, larger.id)
        wait(mark("the server has the state that was asked for"), self._is_resized, ACTIVE_SECONDS)
        if self.guest.look().status == "VERIFY_RESIZE":
            self.cloud.compute.confirm_server_resize(self.guest.id)
        self.guest.becomes("ACTIVE")
        self._resized = True
        has = self.guest.look().flavor
        if (has.ram, has.vcpus) != (larger.ram, larger.vcpus):
            raise Finding(mark("the server has the flavor {has}, not {wanted}"), has=has.name, wanted=larger.name)
        self.guest.goes_on(mark("the server tells that it runs after the resize"))
        return Said(mark("{small} to {large}"), {"small": self.offer.flavor.name, "large": larger.name})

    def _is_resized(self) -> bool:
        """Tell whether the resize is to be confirmed, or was by the cloud itself."""
        server, larger = self.guest.look(), self.offer.larger
        if server.status == "ERROR":
            raise Finding(mark("the server is in ERROR: {fault}"), fault=(server.fault or {}).get("message", ""))
        has_it = larger is not None and (server.flavor.ram, server.flavor.vcpus) == (larger.ram, larger.vcpus)
        waits = server.status == "VERIFY_RESIZE"
        return not server.task_state and (waits or (server.status == "ACTIVE" and has_it))

    def _move(self) -> Said:
        operator = self.context.operator
        if operator is None:
            raise NotApplicable(mark("no operator's access was named (--operator)"))
        boots = self.guest.goes_on(mark("the server tells that it runs"))["boots"]
        source = operator.compute.get_server(self.guest.id).compute_host
        try:
            operator.compute.live_migrate_server(self.guest.id)
        except BadRequestException as error:
            raise _Lost(mark("the cloud says: {error}"), error=" ".join(str(error).split())[:300]) from None
        wait(mark("the server is on another host"), lambda: self._host(operator) != source, _MOVE_SECONDS)
        self.guest.becomes("ACTIVE")
        state = self.guest.goes_on(mark("the server tells that it runs after its move"))
        if state["boots"] != boots:
            raise _Lost(mark("the server was started anew, not moved while it ran"))
        return Said(mark("{source} to {target}"), {"source": source, "target": self._host(operator)})

    def _host(self, operator: Any) -> str:
        server = operator.compute.get_server(self.guest.id)
        if server.status == "ERROR":
            raise Finding(mark("the server is in ERROR: {fault}"), fault=(server.fault or {}).get("message", ""))
        return str(server.compute_host)

    def _snapshot(self) -> None:
        server = self.guest.look()
        name, marks = self.context.marker.name(self.name, "image"), self.context.marker.metadata
        self._image = server.create_image(self.cloud.compute, name, metadata=marks)
        wait(mark("the image is active"), self._is_whole, _IMAGE_SECONDS)
        self.guest.becomes("ACTIVE")

    def _is_whole(self) -> bool:
        image = self.cloud.image.get_image(self._image)
        if image.status in {"killed", "deleted", "deactivated"}:
            raise Finding(mark("the image is {status}"), status=image.status)
        return bool(image.status == "active")

    def _restore(self) -> None:
        """Lose the server, make it again from its image, and find on its disk what only the first one had written."""
        lost = self.guest
        lost.remove()
        if self._ground is None:
            raise CouldNotLook(mark("there is no network"))
        flavor = self.offer.larger.id if self._resized and self.offer.larger else self.offer.flavor.id
        self._guest = self._yard.start("restored", self._ground, image=self._image, flavor=flavor)
        self._guest.becomes("ACTIVE")
        state = self._guest.tells(mark("the restored server tells of its boot"), lambda state: state["beats"] > 0)
        if state["mark"] != lost.nonce:
            raise Finding(mark("the restored server's disk is not the lost one's"))

    def _delete(self) -> None:
        self.guest.remove()


class _NoRoom(CouldNotLook):
    """The server goes on as it is."""

    blocks = False


class _Lost(Finding):
    """The server goes on where it is."""

    blocks = False
