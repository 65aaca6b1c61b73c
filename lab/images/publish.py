"""Uploads the guests' images to Glance: again only when their bytes changed.

A changed image gets a new UUID, as scs-0102 wants it: the one it replaces is hidden, not deleted, because servers and
rebuilds refer to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openstack.connection

from govcloud.deploy import clouds_file
from lab.images.build import built_on
from lab.images.catalogue import MACHINE, properties, traits


def publish(connection: openstack.connection.Connection, name: str, path: Path) -> str:
    """Make the file the public image of this name and return the image's id."""
    size = {"min_disk": traits(name).min_disk_gib, "min_ram": traits(name).min_ram_mib}
    return publish_file(connection, name, path, {"disk_format": "raw", **size}, properties(name, built_on(path)))


def publish_machine(connection: openstack.connection.Connection, parts: Path) -> str:
    """Publish a virtual machine's kernel and RAM disk, and the disk's image, which names them."""
    boot = {}
    for key, name, form in (("kernel_id", "kernel", "aki"), ("ramdisk_id", "ram-disk", "ari")):
        formats = {"disk_format": form, "container_format": form}
        boot[key] = publish_file(connection, f"{MACHINE}-{name}", parts / name, formats, {})
    disk, size = parts / "disk", {"min_disk": traits(MACHINE).min_disk_gib, "min_ram": traits(MACHINE).min_ram_mib}
    wanted = {**properties(MACHINE, built_on(disk)), **boot}
    return publish_file(connection, MACHINE, disk, {"disk_format": "raw", **size}, wanted)


def publish_file(
    connection: openstack.connection.Connection,
    name: str,
    path: Path,
    attributes: Mapping[str, str | int],
    wanted: Mapping[str, str],
) -> str:
    """Make a file the image of this name, with these attributes and properties, and return the image's id."""
    images: Any = connection.image  # declared as both API versions at once, which no call satisfies
    digest = sha512(path)
    current = None
    # Ours only: another project's image may bear the same name.
    for image in images.images(name=name, owner=connection.current_project_id):
        if image.status == "active" and image.hash_value == digest and current is None:
            current = image
        elif image.status == "active":
            images.update_image(image, is_hidden=True)
        else:
            images.delete_image(image)
    if current is None:
        return _upload(
            images,
            name,
            path,
            {"container_format": "bare", "visibility": _visibility(connection), **attributes, **wanted},
        )
    present = images.get_image(current.id)
    held = {key: str(value) for key, value in present.to_dict().items()} | present.properties
    changed = {key: value for key, value in wanted.items() if held.get(key) != value}
    if changed:
        images.update_image(current, **changed)
    return str(current.id)


def _visibility(connection: openstack.connection.Connection) -> str:
    """Return who may see it: everybody, where an administrator publishes it, else the project."""
    return "public" if "admin" in clouds_file.roles_of(connection) else "private"


def _upload(images: Any, name: str, path: Path, wanted: Mapping[str, str | int]) -> str:
    image = images.create_image(name, allow_duplicates=True, **wanted)
    with path.open("rb") as data:
        # One PUT with a length: the chunked upload does not pass every WSGI server.
        answer = images.put(
            f"/images/{image.id}/file",
            data=data,
            headers={"Content-Type": "application/octet-stream", "Accept": ""},
        )
    answer.raise_for_status()
    return str(image.id)


def sha512(path: Path) -> str:
    """Return a file's digest as the image service has it."""
    with path.open("rb") as data:
        return hashlib.file_digest(data, "sha512").hexdigest()
