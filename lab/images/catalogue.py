"""What the city's images are called and say about themselves.

The properties are those of the Sovereign Cloud Stack's standard scs-0102 (image metadata), so that the same stacks find
their image by property on any conforming cloud, and for containers one of our own: `govcloud_boot` tells the compute
driver that the image is the root file system of a container. A virtual machine's image says so by `hypervisor_type`,
which is the standard's and nova's: the scheduler finds a host that has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

NAMES = ("debian-12", "debian-12-hardened")
# A virtual machine's image, and the kernel and RAM disk that it is started with.
MACHINE = "debian-12-vm"
LOGIN_USER = "debian"


@dataclass(frozen=True)
class Traits:
    """What differs between the images."""

    description: str
    min_disk_gib: int = 2
    min_ram_mib: int = 128


_TRAITS = {
    "debian-12": Traits("Debian 12, plain: systemd, OpenSSH, cloud-init, Python"),
    "debian-12-hardened": Traits(
        "Debian 12 with hardened login, passwords, SSH, sudo and logs",
    ),
    MACHINE: Traits("Debian 12, plain, with a kernel of its own", min_disk_gib=1, min_ram_mib=256),
}

_COMMON = {
    "architecture": "x86_64",
    "os_type": "linux",
    "os_distro": "debian",
    "os_version": "12",
    "os_purpose": "generic",
    "os_admin_user": LOGIN_USER,
    "hw_disk_bus": "virtio",
    "hw_rng_model": "virtio",
    "image_original_user": LOGIN_USER,
    "image_source": "private",
    "replace_frequency": "monthly",
    "hotfix_hours": "0",
    "uuid_validity": "last-1",
    # Debian's long-term support of release 12 ends here.
    "provided_until": "2028-06-30",
}
_CONTAINER = {"govcloud_boot": "nspawn"}
_MACHINE = {
    "hypervisor_type": "qemu",
    "img_config_drive": "mandatory",
    # Mitigations protect from neighbours that an emulated processor does not have, and cost it seconds.
    "os_command_line": "root=/dev/vda console=ttyS0 net.ifnames=0 mitigations=off quiet systemd.show_status=1",
}


def traits(name: str) -> Traits:
    """Return what is particular to one image."""
    return _TRAITS[name]


def properties(name: str, built: date) -> dict[str, str]:
    """Return the properties of an image as Glance holds them: strings throughout.

    `min_disk` and `min_ram` are attributes of the image itself, not properties: see `Traits`.
    """
    return {
        **_COMMON,
        **(_MACHINE if name == MACHINE else _CONTAINER),
        "image_description": traits(name).description,
        "image_build_date": built.isoformat(),
    }
