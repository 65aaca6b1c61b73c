"""Nova's own libvirt driver, with what differs in the lab: frames with finished checksums, volumes that are files."""

from __future__ import annotations

from typing import Any

from lxml import etree
from nova.virt.libvirt import config, driver, vif
from nova.virt.libvirt.volume import volume

# What a guest's network card must not leave to others. A userspace switch passes frames on as they are.
_OF_THE_HOST = ("csum", "gso", "tso4", "tso6", "ecn", "ufo", "mrg_rxbuf")
_OF_THE_GUEST = ("csum", "tso4", "tso6", "ecn", "ufo")


class Machines(driver.LibvirtDriver):
    """The virtual machines of one node."""

    def __init__(self, virtapi: Any) -> None:
        super().__init__(virtapi)
        self.vif_driver = Links(self._host)
        self.volume_drivers["local"] = FileVolume(self._host)

    def _handle_conn_event(self, enabled: bool, reason: str) -> None:
        """Keep the host in service while libvirtd restarts: its containers go on without it."""


class Links(vif.LibvirtGenericVIFDriver):
    """Connects ports as nova does, each with a card that finishes its frames itself."""

    def get_base_config(self, *words: Any, **named: Any) -> Link:
        """Return what every kind of link begins with."""
        link = Link()
        vars(link).update(vars(super().get_base_config(*words, **named)))
        return link


class Link(config.LibvirtConfigGuestInterface):
    """A network card; nova has no setting for its offloads, libvirt has."""

    def format_dom(self) -> Any:
        """Return the card's XML."""
        card = super().format_dom()
        backend = card.find("driver")
        if backend is not None:
            backend.append(etree.Element("host", dict.fromkeys(_OF_THE_HOST, "off")))
            backend.append(etree.Element("guest", dict.fromkeys(_OF_THE_GUEST, "off")))
        return card


class FileVolume(volume.LibvirtBaseVolumeDriver):
    """A volume of the lab is a file; nova's own driver for local volumes takes it for a block device."""

    def __init__(self, host: Any) -> None:
        super().__init__(host, is_block_dev=False)

    def get_config(self, connection_info: Any, disk_info: Any) -> Any:
        """Return the disk's description."""
        disk = super().get_config(connection_info, disk_info)
        disk.source_type = "file"
        disk.source_path = connection_info["data"]["device_path"]
        return disk

    def extend_volume(self, connection_info: Any, instance: Any, requested_size: int) -> int:
        """Return the new size: the file has it already."""
        return requested_size
