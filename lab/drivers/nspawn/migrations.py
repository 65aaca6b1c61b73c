"""Moving guests between the two nodes, running or not, and changing their flavor.

The nodes are processes of one lab. A live migration leaves the container where it is, moves the outer end of each of
its links into the other node's switch and gives its directory to the other node: true for the API, the network and the
gap in the traffic; the time to copy memory is the one thing it cannot show.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nova import exception
from nova.objects import migrate_data as migration_objects
from oslo_log import log

from lab.drivers.nspawn import network, rootfs, settings
from lab.drivers.nspawn.attachments import Attachments
from lab.drivers.nspawn.guest import Guest
from lab.drivers.nspawn.lifecycle import identity_of, told
from lab.drivers.nspawn.nodes import Node

CONF = settings.CONF
LOG = log.getLogger(__name__)


class Migrations(Attachments):
    """Cold and live migration, resize."""

    # ------------------------------------------------------------------ cold: the directory changes owner

    def migrate_disk_and_power_off(
        self,
        context: Any,
        instance: Any,
        dest: str,
        flavor: Any,
        network_info: Any,
        block_device_info: Any = None,
        timeout: int = 0,
        retry_interval: int = 0,
    ) -> str:
        """Stop the guest; when it goes to the other node, let go of it."""
        guest = self.known(instance)
        guest.stop(grace=timeout)
        if dest != CONF.my_ip:
            self._let_go(guest, instance, network_info)
        return ""

    @told
    def finish_migration(
        self,
        context: Any,
        migration: Any,
        instance: Any,
        disk_info: Any,
        network_info: Any,
        image_meta: Any,
        resize_instance: bool,
        allocations: Any,
        block_device_info: Any = None,
        power_on: bool = True,
        share_info: Any = None,
    ) -> None:
        """Take the guest over and start it with its new flavor."""
        self._take(instance, network_info, block_device_info, power_on=power_on)

    def confirm_migration(self, context: Any, migration: Any, instance: Any, network_info: Any) -> None:
        """Nothing is left at the source: the directory went with the guest."""

    @told
    def finish_revert_migration(
        self,
        context: Any,
        instance: Any,
        network_info: Any,
        migration: Any,
        block_device_info: Any = None,
        power_on: bool = True,
        share_info: Any = None,
    ) -> None:
        """Take the guest back and start it with its old flavor."""
        self._take(instance, network_info, block_device_info, power_on=power_on)

    def check_instance_shared_storage_local(self, context: Any, instance: Any) -> None:
        """Return nothing to compare, which nova takes as shared: a revert keeps what the source takes back."""

    # ------------------------------------------------------------------ live: the links move

    def check_can_live_migrate_destination(
        self,
        context: Any,
        instance: Any,
        src_compute_info: Any,
        dst_compute_info: Any,
        block_migration: bool = False,
        disk_over_commit: bool = False,
    ) -> Any:
        """Agree: both nodes see the same files."""
        data = migration_objects.LibvirtLiveMigrateData()
        data.block_migration = False
        data.disk_over_commit = False
        data.is_shared_block_storage = True
        data.is_shared_instance_path = True
        return data

    def check_can_live_migrate_source(
        self, context: Any, instance: Any, dest_check_data: Any, block_device_info: Any = None
    ) -> Any:
        """Agree."""
        return dest_check_data

    def cleanup_live_migration_destination_check(self, context: Any, dest_check_data: Any) -> None:
        """Do nothing: the check leaves nothing."""

    def pre_live_migration(
        self,
        context: Any,
        instance: Any,
        block_device_info: Any,
        network_info: Any,
        disk_info: Any,
        migrate_data: Any,
    ) -> Any:
        """Nothing to prepare: the link brings its place along."""
        return migrate_data

    def live_migration(
        self,
        context: Any,
        instance: Any,
        dest: str,
        post_method: Callable[..., None],
        recover_method: Callable[..., None],
        block_migration: bool = False,
        migrate_data: Any = None,
    ) -> None:
        """Move the running guest; on any fault it is moved back."""
        guest, vifs = self.known(instance), network.ours(instance.get_network_info())
        target = settings.all_nodes()[dest]
        namespace = guest.identity.name
        try:
            self._move_links(self.node, target, vifs, instance.uuid)
            guest.directory.rename(target.instances / instance.uuid)
        except Exception:
            LOG.exception("live migration to %s failed; moving back", dest, instance=instance)
            self._move_links(target, self.node, vifs, instance.uuid)
            recover_method(context, instance, dest, migrate_data)
            return
        threading.Thread(target=network.announce, args=(namespace, vifs), daemon=True).start()
        post_method(context, instance, dest, block_migration, migrate_data)

    def post_live_migration_at_source(self, context: Any, instance: Any, network_info: Any) -> None:
        """Do nothing: the links are gone already."""

    def post_live_migration_at_destination(
        self,
        context: Any,
        instance: Any,
        network_info: Any,
        block_migration: bool = False,
        block_device_info: Any = None,
    ) -> None:
        """Make sure that every port is in this node's switch."""
        self.plug_vifs(instance, network_info)

    def rollback_live_migration_at_destination(
        self,
        context: Any,
        instance: Any,
        network_info: Any,
        block_device_info: Any,
        destroy_disks: bool = True,
        migrate_data: Any = None,
    ) -> None:
        """Do nothing: the source has moved everything back."""

    # ------------------------------------------------------------------ both

    def _let_go(self, guest: Guest, instance: Any, network_info: Any) -> None:
        self.unplug_vifs(instance, network_info)
        rootfs.unmount(guest)

    def _take(self, instance: Any, network_info: Any, block_device_info: Any, *, power_on: bool) -> None:
        guest = self.guest(instance.uuid)
        if not guest.exists:
            _found_elsewhere(self.node, instance.uuid).rename(guest.directory)
        guest.write_identity(identity_of(instance))
        rootfs.mount(guest)
        if power_on:
            self.power_on(None, instance, network_info, block_device_info)

    @staticmethod
    def _move_links(source: Node, target: Node, vifs: Sequence[Mapping[str, Any]], uuid: str) -> None:
        for vif in vifs:
            network.move(source, target, vif, uuid)


def _found_elsewhere(here: Node, uuid: str) -> Path:
    """Return a guest's directory on the other node."""
    for node in settings.all_nodes().values():
        if node != here and (node.instances / uuid).is_dir():
            return node.instances / uuid
    raise exception.InstanceNotFound(instance_id=uuid)
