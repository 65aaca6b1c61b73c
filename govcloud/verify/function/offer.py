"""What a cloud offers to stand on: which services, an image, a flavor that it fits into, and a larger one.

Chosen by what the cloud says of them (SCS-0102 for images), so that no cloud has to have our names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from govcloud.core.language import mark
from govcloud.verify.function.steps import CouldNotLook, NotApplicable

# A service's names in catalogues, the official one first.
_ALIASES = {
    "block-storage": ("block-storage", "volumev3", "block-store"),
    "object-store": ("object-store",),
    "key-manager": ("key-manager",),
    "load-balancer": ("load-balancer",),
}
_LEAST_MIB = 256
_GIB = 1 << 30


@dataclass(frozen=True)
class Offer:
    """What test servers are made of."""

    image: Any
    flavor: Any
    larger: Any | None

    @property
    def units(self) -> int:
        """How many servers of the small flavor a server of the larger one counts for."""
        if self.larger is None:
            return 1
        return int(max(-(-self.larger.ram // self.flavor.ram), -(-self.larger.vcpus // self.flavor.vcpus)))


def has(cloud: Any, service: str) -> bool:
    """Tell whether a service is in the catalogue, whether or not it answers."""
    known = cloud.session.auth.get_access(cloud.session).service_catalog.get_endpoints()
    return any(known.get(name) for name in _ALIASES.get(service, (service,)))


def choose(cloud: Any, image: str = "", flavor: str = "") -> Offer:
    """Choose, or take what the operator names; not applicable where nothing fits."""
    chosen = _image(cloud, image)
    fitting = sorted(
        (one for one in cloud.compute.flavors() if _fits(one, chosen)),
        key=lambda one: (one.ram, one.vcpus, one.disk, one.name),
    )
    named = [one for one in fitting if flavor in {one.name, one.id}]
    if flavor and not named:
        raise CouldNotLook(mark("no flavor {name} that the image {image} fits into"), name=flavor, image=chosen.name)
    if not fitting:
        raise NotApplicable(mark("no flavor with a disk that the image {image} fits into"), image=chosen.name)
    small = named[0] if flavor else fitting[0]
    return Offer(chosen, small, _larger(small, fitting))


def _image(cloud: Any, name: str) -> Any:
    active = [one for one in cloud.image.images() if one.status == "active"]
    if name:
        named = [one for one in active if name in {one.name, one.id}]
        if not named:
            raise CouldNotLook(mark("no active image {name}"), name=name)
        return named[0]
    offered = [one for one in active if one.visibility == "public" and _boots(one)]
    if not offered:
        raise NotApplicable(mark("no public image of a Linux that says so by os_distro or os_type"))
    return min(offered, key=_preference)


def _said(image: Any, name: str) -> str:
    """Return a property of an image; the SDK knows some of them by names of its own."""
    return str((image.properties or {}).get(name) or getattr(image, name, None) or "")


def _boots(image: Any) -> bool:
    """Tell whether an image is an operating system that takes first-boot data: no kernel, no RAM disk, no Windows."""
    no_system = image.disk_format in {"aki", "ari", "iso"} or _said(image, "image_type") == "snapshot"
    return not no_system and (_said(image, "os_type") == "linux" or _said(image, "os_distro") not in {"", "windows"})


def _preference(image: Any) -> tuple[bool, bool, int, str]:
    """Prefer a general image; then one that is bound to no hypervisor, a small one."""
    special = _said(image, "os_purpose") not in {"", "generic", "minimal"}
    return special, bool(_said(image, "hypervisor_type")), image.size or 0, str(image.name)


def _fits(flavor: Any, image: Any) -> bool:
    """Tell whether a server of this flavor can stand on the image; a disk of 0 is the administrators' to use."""
    disk = max(image.min_disk or 0, -(-(getattr(image, "virtual_size", None) or 0) // _GIB), 1)
    return bool(flavor.disk >= disk and flavor.ram >= max(image.min_ram or 0, _LEAST_MIB))


def _larger(small: Any, fitting: Sequence[Any]) -> Any | None:
    for one in fitting:
        no_less = one.ram >= small.ram and one.vcpus >= small.vcpus and one.disk >= small.disk
        if no_less and (one.ram, one.vcpus) != (small.ram, small.vcpus):
            return one
    return None
