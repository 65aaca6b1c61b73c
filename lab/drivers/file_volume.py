"""Cinder volumes as sparse files: real bytes, without a storage target in the kernel.

The compute driver of the lab puts a loop device over the file, so attaching needs nothing here.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from cinder import interface
from cinder.image import image_utils
from cinder.volume import configuration, driver, volume_utils
from oslo_config import cfg

OPTIONS = [
    cfg.StrOpt("file_volume_directory", default="/state/cinder/volumes", help="Where the volumes' files stand"),
    cfg.IntOpt("file_volume_capacity_gib", default=20480, help="Declared capacity: the files are sparse"),
]
cfg.CONF.register_opts(OPTIONS, group=configuration.SHARED_CONF_GROUP)


@interface.volumedriver
class FileVolumeDriver(driver.VolumeDriver):
    """One file per volume and per snapshot."""

    VERSION = "1.0"
    CI_WIKI_NAME = "none"

    def __init__(self, *words: Any, **named: Any) -> None:
        super().__init__(*words, **named)
        self.configuration.append_config_values(OPTIONS)

    def do_setup(self, context: Any) -> None:
        """Make the directory, closed to all but root."""
        self._directory = Path(self.configuration.file_volume_directory)
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def check_for_setup_error(self) -> None:
        """Find nothing wrong: the directory was made."""

    def local_path(self, volume: Any) -> str:
        """Return the file of a volume or a snapshot."""
        return str(self._directory / volume["name"])

    def create_volume(self, volume: Any) -> None:
        """Make an empty volume; it takes no space until written."""
        self._resize(volume, volume["size"])

    def delete_volume(self, volume: Any) -> None:
        """Remove a volume's file."""
        Path(self.local_path(volume)).unlink(missing_ok=True)

    def create_snapshot(self, snapshot: Any) -> None:
        """Copy the volume; where the file system can, the copy shares its blocks."""
        self._copy(snapshot["volume"], snapshot)

    def delete_snapshot(self, snapshot: Any) -> None:
        """Remove a snapshot's file."""
        self.delete_volume(snapshot)

    def revert_to_snapshot(self, context: Any, volume: Any, snapshot: Any) -> None:
        """Put the snapshot's bytes back."""
        self.create_volume_from_snapshot(volume, snapshot)

    def create_volume_from_snapshot(self, volume: Any, snapshot: Any) -> None:
        """Make a volume with a snapshot's bytes."""
        self._copy(snapshot, volume)
        self._resize(volume, volume["size"])

    def create_cloned_volume(self, volume: Any, src_vref: Any) -> None:
        """Make a volume with another's bytes."""
        self._copy(src_vref, volume)
        self._resize(volume, volume["size"])

    def extend_volume(self, volume: Any, new_size: int) -> None:
        """Grow a volume; the compute driver shows it to the guest."""
        self._resize(volume, new_size)

    def copy_image_to_volume(
        self, context: Any, volume: Any, image_service: Any, image_id: str, disable_sparse: bool = False
    ) -> None:
        """Fill a volume with an image's bytes."""
        block = self.configuration.volume_dd_blocksize
        path, size = self.local_path(volume), volume["size"]
        image_utils.fetch_to_raw(context, image_service, image_id, path, block, size=size, run_as_root=False)
        self._resize(volume, size)

    def copy_volume_to_image(self, context: Any, volume: Any, image_service: Any, image_meta: Any) -> None:
        """Make an image of a volume's bytes."""
        path = self.local_path(volume)
        volume_utils.upload_volume(context, image_service, image_meta, path, volume, run_as_root=False)

    def initialize_connection(self, volume: Any, connector: Any) -> dict[str, Any]:
        """Tell the compute driver which file it is."""
        return {"driver_volume_type": "local", "data": {"device_path": self.local_path(volume), "access_mode": "rw"}}

    def terminate_connection(self, volume: Any, connector: Any, **named: Any) -> None:
        """Do nothing: the compute driver has let go of the file itself."""

    def ensure_export(self, context: Any, volume: Any) -> None:
        """Do nothing: a file needs no export."""

    def create_export(self, context: Any, volume: Any, connector: Any) -> None:
        """Do nothing: a file needs no export."""

    def remove_export(self, context: Any, volume: Any) -> None:
        """Do nothing: a file needs no export."""

    def _resize(self, volume: Any, gibibytes: int) -> None:
        with Path(self.local_path(volume)).open("ab") as file:
            file.truncate(gibibytes << 30)

    def _copy(self, source: Any, target: Any) -> None:
        files = (self.local_path(source), self.local_path(target))
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", *files], check=True, capture_output=True)

    def _update_volume_stats(self) -> None:
        capacity = self.configuration.file_volume_capacity_gib
        pool = {
            "pool_name": "files",
            "total_capacity_gb": capacity,
            "free_capacity_gb": capacity,
            "provisioned_capacity_gb": 0,
            "max_over_subscription_ratio": 1.0,
            "reserved_percentage": 0,
            "thin_provisioning_support": True,
            "multiattach": False,
            "QoS_support": False,
        }
        self._stats = {
            "volume_backend_name": self.configuration.volume_backend_name,
            "vendor_name": "govcloud",
            "driver_version": self.VERSION,
            "storage_protocol": "local",
            "pools": [pool],
        }
