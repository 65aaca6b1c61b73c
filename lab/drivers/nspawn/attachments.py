"""Volumes and ports that come and go while a guest lives."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from lab.drivers.nspawn import injection
from lab.drivers.nspawn.commands import GuestError
from lab.drivers.nspawn.lifecycle import Lifecycle, disk_of, told
from lab.drivers.nspawn.volumes import Volumes


class Attachments(Lifecycle):
    """Hot-plug: what is attached to a guest that is off is there at its next start."""

    @told
    def attach_volume(
        self,
        context: Any,
        connection_info: Any,
        instance: Any,
        mountpoint: str,
        disk_bus: Any = None,
        device_type: Any = None,
        encryption: Any = None,
    ) -> None:
        """Give the guest a disk."""
        Volumes(self.known(instance)).attach(disk_of(connection_info, mountpoint))

    @told
    def detach_volume(
        self, context: Any, connection_info: Any, instance: Any, mountpoint: str, encryption: Any = None
    ) -> None:
        """Take a disk away."""
        guest = self.guest(instance.uuid)
        if guest.exists:
            Volumes(guest).detach(_file(connection_info))

    def extend_volume(self, context: Any, connection_info: Any, instance: Any, requested_size: int) -> None:
        """Show the guest a disk's new size; the file has it already."""
        Volumes(self.known(instance)).resize(_file(connection_info))

    @told
    def attach_interface(self, context: Any, instance: Any, image_meta: Any, vif: Any) -> None:
        """Give the guest a port, with its addresses but no default route."""
        guest = self.known(instance)
        injection.add_port(guest, vif, first=False)
        self.plug_vifs(instance, [vif])
        if guest.leader:
            # A guest that is still booting reads the file anyway and has nobody to be told.
            with suppress(GuestError):
                guest.inside("networkctl", "reload")

    @told
    def detach_interface(self, context: Any, instance: Any, vif: Any) -> None:
        """Take a port away."""
        self.unplug_vifs(instance, [vif])
        guest = self.guest(instance.uuid)
        if guest.exists:
            injection.remove_port(guest, vif)


def _file(connection_info: Any) -> str:
    return str(connection_info["data"]["device_path"])
