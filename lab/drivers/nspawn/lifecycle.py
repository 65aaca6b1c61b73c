"""Creating, starting, stopping and removing guests."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable
from typing import Any, TypeVar

from nova import exception
from nova.api.metadata import base as metadata
from nova.image import glance

from lab.drivers.nspawn import injection, network, rootfs, settings, snapshots
from lab.drivers.nspawn.commands import GuestError
from lab.drivers.nspawn.guest import Guest, Identity
from lab.drivers.nspawn.host import Host, unpacked
from lab.drivers.nspawn.volumes import Disk, Volumes

CONF = settings.CONF
BOOT_PROPERTY = "image_govcloud_boot"
Result = TypeVar("Result")


def told(act: Callable[..., Result]) -> Callable[..., Result]:
    """Turn a guest's fault into nova's, whose text the user of the API gets to read."""

    @functools.wraps(act)
    def telling(*words: Any, **named: Any) -> Result:
        try:
            return act(*words, **named)
        except GuestError as error:
            raise exception.InstanceDeployFailure(reason=str(error)) from error

    return telling


class Lifecycle(Host):
    """A server's life on one node."""

    @told
    def spawn(
        self,
        context: Any,
        instance: Any,
        image_meta: Any,
        injected_files: Any,
        admin_password: Any,  # nobody logs in by password
        allocations: Any,
        network_info: Any = None,
        block_device_info: Any = None,
        power_on: bool = True,
        accel_info: Any = None,
    ) -> None:
        """Make the guest and start it; it counts as started when OVN has bound its ports."""
        self._refuse_what_cannot_be(instance)
        guest = self.guest(instance.uuid)
        base = rootfs.unpack_base(
            unpacked(instance.image_ref),
            lambda path: glance.API().download(context, instance.image_ref, dest_path=str(path)),
        )
        guest.write_identity(identity_of(instance))
        if not (guest.directory / "base").is_symlink():
            (guest.directory / "base").symlink_to(base)
        awaited = [("network-vif-plugged", vif["id"]) for vif in network_info or () if vif.get("active") is False]
        try:
            with self.virtapi.wait_for_instance_event(instance, awaited, timeout=CONF.vif_plugging_timeout):
                self.plug_vifs(instance, network_info)
                rootfs.mount(guest)
                injection.inject(guest, network_info or (), self._first_boot(instance, injected_files, network_info))
                if power_on:
                    self._start(instance, network_info, block_device_info)
        except exception.InstanceEventTimeout as error:
            if CONF.vif_plugging_is_fatal:
                reason = "its ports were not bound in time; see the OVN controller's log"
                raise GuestError(reason) from error

    def destroy(
        self,
        context: Any,
        instance: Any,
        network_info: Any,
        block_device_info: Any = None,
        destroy_disks: bool = True,
        destroy_secrets: bool = True,
    ) -> None:
        """Remove the guest; without its disks only its processes and links go, and another node may take it."""
        guest = self.guest(instance.uuid)
        if guest.exists:
            guest.stop()
            rootfs.unmount(guest)
        self.unplug_vifs(instance, network_info)
        if destroy_disks and guest.directory.is_dir():
            self._remove(guest)

    def cleanup(
        self,
        context: Any,
        instance: Any,
        network_info: Any,
        block_device_info: Any = None,
        destroy_disks: bool = True,
        migrate_data: Any = None,
        destroy_vifs: bool = True,
        destroy_secrets: bool = True,
    ) -> None:
        """Remove what a failed start left."""
        self.destroy(context, instance, network_info, block_device_info, destroy_disks)

    def power_off(self, instance: Any, timeout: int = 0, retry_interval: int = 0) -> None:
        """Shut the guest down; it has `timeout` seconds to do so itself."""
        self.known(instance).stop(grace=timeout)

    @told
    def power_on(
        self,
        context: Any,
        instance: Any,
        network_info: Any,
        block_device_info: Any = None,
        accel_info: Any = None,
        share_info: Any = None,
    ) -> None:
        """Start the guest with what it has now: flavor, ports, volumes."""
        guest = self.known(instance)
        guest.write_identity(identity_of(instance))
        rootfs.mount(guest)
        injection.configure_network(guest, network_info or ())
        self._start(instance, network_info, block_device_info)

    def reboot(
        self,
        context: Any,
        instance: Any,
        network_info: Any,
        reboot_type: str,
        block_device_info: Any = None,
        bad_volumes_callback: Any = None,
        accel_info: Any = None,
        share_info: Any = None,
    ) -> None:
        """Stop and start; a soft reboot lets the guest shut down first."""
        self.known(instance).stop(grace=CONF.shutdown_timeout if reboot_type == "SOFT" else 0)
        self.power_on(context, instance, network_info, block_device_info)

    def resume_state_on_host_boot(
        self,
        context: Any,
        instance: Any,
        network_info: Any,
        share_info: Any,
        block_device_info: Any = None,
    ) -> None:
        """Bring a guest back after the lab was stopped or lost its power."""
        self.power_on(context, instance, network_info, block_device_info)

    def pause(self, instance: Any) -> None:
        """Freeze the guest's processes; its kernel, being the machine's, still answers ping."""
        self.known(instance).cgroups.freeze(frozen=True)

    def unpause(self, instance: Any) -> None:
        """Let the guest's processes go on."""
        self.known(instance).cgroups.freeze(frozen=False)

    def suspend(self, context: Any, instance: Any) -> None:
        """Freeze: the memory of a container cannot be put on disk here."""
        self.pause(instance)

    def resume(self, context: Any, instance: Any, *words: Any, **named: Any) -> None:
        """Continue a suspended guest."""
        self.unpause(instance)

    @told
    def snapshot(self, context: Any, instance: Any, image_id: str, update_task_state: Any) -> None:
        """Make an image of the guest's root file system."""
        guest = self.known(instance)
        rootfs.mount(guest)
        snapshots.take(guest, context, image_id, update_task_state)

    def plug_vifs(self, instance: Any, network_info: Any) -> None:
        """Connect the ports of a guest."""
        network.prepare(instance.name)
        for vif in network.ours(network_info):
            network.plug(self.node, instance.name, vif, instance.uuid)

    def unplug_vifs(self, instance: Any, network_info: Any) -> None:
        """Disconnect the ports of a guest."""
        for vif in network.ours(network_info):
            network.unplug(self.node, vif)

    def _start(self, instance: Any, network_info: Any, block_device_info: Any) -> None:
        guest = self.guest(instance.uuid)
        if guest.runner:
            return
        self.plug_vifs(instance, network_info)
        volumes = Volumes(guest)
        volumes.prepare(mapped_volumes(block_device_info))
        guest.start(volumes.numbers())

    @staticmethod
    def _remove(guest: Guest) -> None:
        Volumes(guest).release()
        if guest.exists:
            network.remove_namespace(guest.identity.name)
            guest.cgroups.remove()
        shutil.rmtree(guest.directory)

    @staticmethod
    def _refuse_what_cannot_be(instance: Any) -> None:
        if not instance.image_ref:
            reason = "servers that boot from a volume cannot run in this lab; boot from an image and attach the volume"
            raise exception.ImageUnacceptable(image_id="(volume)", reason=reason)
        if instance.system_metadata.get(BOOT_PROPERTY) != "nspawn":
            reason = "it is not the root file system of a container (property govcloud_boot=nspawn)"
            raise exception.ImageUnacceptable(image_id=instance.image_ref, reason=reason)

    @staticmethod
    def _first_boot(instance: Any, injected_files: Any, network_info: Any) -> injection.FirstBoot:
        data = metadata.InstanceMetadata(instance, content=injected_files, network_info=network_info)
        return injection.FirstBoot(
            user=instance.system_metadata.get("image_os_admin_user") or "debian",
            public_key=instance.key_data,
            with_user_data=bool(instance.user_data),
            mirror_address=CONF.nspawn.mirror_address,
            seed=data.metadata_for_config_drive(),
        )


def identity_of(instance: Any) -> Identity:
    """Return what makes a container this instance."""
    return Identity(
        uuid=instance.uuid,
        name=instance.name,
        hostname=instance.hostname or instance.name,
        memory_mib=instance.flavor.memory_mb,
        cpus=instance.flavor.vcpus,
    )


def disk_of(connection_info: Any, name: str) -> Disk:
    """Return a volume from what cinder's driver says of it."""
    return Disk(connection_info["data"]["device_path"], name, connection_info["serial"])


def mapped_volumes(block_device_info: Any) -> list[Disk]:
    """Return an instance's volumes."""
    mapping = (block_device_info or {}).get("block_device_mapping") or ()
    return [disk_of(bdm["connection_info"], bdm["mount_device"]) for bdm in mapping]
