"""What a compute node tells nova about itself and its guests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from nova import exception
from nova.compute import power_state
from nova.objects import fields
from nova.virt import driver, hardware, node
from oslo_utils import versionutils

from lab.drivers.nspawn import rootfs, settings
from lab.drivers.nspawn.commands import run
from lab.drivers.nspawn.guest import Guest, Identity

CONF = settings.CONF


class Host(driver.ComputeDriver):
    """The node: its capacity as declared in nova.conf, and the guests that its directory holds."""

    capabilities = {  # noqa: RUF012 (nova's own interface)
        **driver.ComputeDriver.capabilities,
        "has_imagecache": True,
        "supports_attach_interface": True,
        "supports_extend_volume": True,
        "supports_image_type_raw": True,
    }

    def init_host(self, host: str) -> None:
        """Take the node over; guests that run go on running."""
        self.node = settings.this_node()
        self.node.instances.mkdir(parents=True, exist_ok=True)

    def guest(self, uuid: str) -> Guest:
        """Return a guest of this node, whether or not it exists yet."""
        return Guest(self.node.instances / uuid)

    def guests(self) -> Iterator[Guest]:
        """Return every guest of this node."""
        for directory in sorted(self.node.instances.iterdir()):
            guest = Guest(directory)
            if guest.exists:
                yield guest

    def identities(self) -> Iterator[Identity]:
        """Return who the node's guests are; one that is being removed meanwhile is left out."""
        for guest in self.guests():
            with suppress(FileNotFoundError):
                yield guest.identity

    def known(self, instance: Any) -> Guest:
        """Return the guest of an instance that must be here."""
        guest = self.guest(instance.uuid)
        if not guest.exists:
            raise exception.InstanceNotFound(instance_id=instance.uuid)
        return guest

    def list_instances(self) -> list[str]:
        """Return the names of the node's guests."""
        return [who.name for who in self.identities()]

    def list_instance_uuids(self) -> list[str]:
        """Return the UUIDs of the node's guests."""
        return [guest.uuid for guest in self.guests()]

    def get_info(self, instance: Any, use_cache: bool = True) -> hardware.InstanceInfo:
        """Ask the kernel in which state a guest is."""
        guest = self.known(instance)
        if not guest.runner:
            return hardware.InstanceInfo(state=power_state.SHUTDOWN)
        frozen = guest.cgroups.frozen
        return hardware.InstanceInfo(state=power_state.PAUSED if frozen else power_state.RUNNING)

    def instance_on_disk(self, instance: Any) -> bool:
        """Tell whether the guest's directory is on this node."""
        return self.guest(instance.uuid).exists

    def get_available_nodes(self, refresh: bool = False) -> list[str]:
        """Return the one node of this nova-compute."""
        return [CONF.host]

    def get_nodenames_by_uuid(self, refresh: bool = False) -> dict[str, str]:
        """Return the node by the UUID in its state directory."""
        return {node.get_local_node_uuid(): CONF.host}

    def get_available_resource(self, nodename: str) -> dict[str, Any]:
        """Return the declared capacity; nova subtracts what it placed here."""
        placed = list(self.identities())
        return {
            "uuid": node.get_local_node_uuid(),
            "vcpus": CONF.nspawn.vcpus,
            "memory_mb": CONF.nspawn.memory_mib,
            "local_gb": CONF.nspawn.disk_gib,
            "vcpus_used": sum(who.cpus for who in placed),
            "memory_mb_used": sum(who.memory_mib for who in placed),
            "local_gb_used": 0,
            "disk_available_least": CONF.nspawn.disk_gib,
            "hypervisor_type": "nspawn",
            "hypervisor_version": versionutils.convert_version_to_int("1.0"),
            "hypervisor_hostname": nodename,
            "cpu_info": json.dumps({"arch": "x86_64", "topology": {"sockets": 1, "cores": 1, "threads": 1}}),
            "supported_instances": [(fields.Architecture.X86_64, fields.HVType.LXC, fields.VMMode.EXE)],
            "numa_topology": None,
        }

    def update_provider_tree(self, provider_tree: Any, nodename: str, allocations: Any = None) -> None:
        """Report the declared capacity to placement."""
        ratios = self._get_allocation_ratios(provider_tree.data(nodename).inventory)
        totals = {
            "VCPU": CONF.nspawn.vcpus,
            "MEMORY_MB": CONF.nspawn.memory_mib,
            "DISK_GB": CONF.nspawn.disk_gib,
        }
        inventory = {
            name: {
                "total": total,
                "min_unit": 1,
                "max_unit": total,
                "step_size": 1,
                "allocation_ratio": ratios[name],
                "reserved": 0,
            }
            for name, total in totals.items()
        }
        provider_tree.update_inventory(nodename, inventory)

    def get_host_ip_addr(self) -> str:
        """Return what tells the nodes apart in a migration."""
        return str(CONF.my_ip)

    def get_host_uptime(self) -> str:
        """Return the machine's uptime."""
        return run("uptime")

    def get_volume_connector(self, instance: Any) -> dict[str, str]:
        """Return what cinder wants to know of who attaches."""
        return {"ip": CONF.my_block_storage_ip, "host": CONF.host, "initiator": CONF.host}

    def manage_image_cache(self, context: Any, all_instances: Any) -> None:
        """Remove unpacked images that no guest of any node stands on and none asked for lately."""
        rootfs.remove_unused(settings.base_path(), [one.instances for one in settings.all_nodes().values()])

    def get_console_output(self, context: Any, instance: Any) -> bytes:
        """Return the end of the guest's boot log."""
        return self.known(instance).console

    def default_root_device_name(self, instance: Any, image_meta: Any, root_bdm: Any) -> str:
        """Name disks as virtio does, so that the API says what the guest sees."""
        return "/dev/vda"

    @staticmethod
    def is_supported_fs_format(fs_type: str) -> bool:
        """Ephemeral disks are not made."""
        return fs_type == "ext4"


def unpacked(image: str) -> Path:
    """Return where an image is unpacked."""
    return settings.base_path() / image
