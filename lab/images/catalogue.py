"""What the city's images are called and say about themselves.

The properties are those of the Sovereign Cloud Stack's standard scs-0102 (image metadata), so that the same stacks find
their image by property on any conforming cloud, and one of our own: `govcloud_boot` tells the compute driver that the
image is the root file system of a container.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

NAMES = ("debian-12", "debian-12-hardened")
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
    "govcloud_boot": "nspawn",
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
        "image_description": traits(name).description,
        "image_build_date": built.isoformat(),
    }
