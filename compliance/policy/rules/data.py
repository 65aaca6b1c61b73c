"""Data: backed up, encrypted, closed to the public, and not removed by accident."""

from __future__ import annotations

from collections.abc import Iterator

from compliance.policy.city import City
from compliance.policy.resource import NotApplicable, NotHere, Resource
from compliance.policy.rule import rule
from govcloud.core.model.department import DataVolume

VOLUME = "blockstorage.Volume"
CONTAINER = "objectstorage.Container"
_ENCRYPTED = "scs:encrypted"


def _planned(one: Resource, city: City) -> DataVolume | None:
    """Return the inventory's entry for a volume, which is called `<server>-<key>`."""
    tier = city.label(one, "tier")
    fitting = [
        (len(key), volume)
        for key, volume in city.system(one).storage.volumes.items()
        if volume.tier.value == tier and one.text("name").endswith(f"-{key}")
    ]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


@rule(
    "data-backup",
    "Every volume has a backup policy",
    "8.1.4.9 a, 8.1.10.11 b",
    VOLUME,
    place="storage.volumes",
    fix="add `backup:` to the volume",
    alone=True,
)
def backup(one: Resource, city: City) -> Iterator[str]:
    """Look up the volume's policy in the inventory."""
    planned = _planned(one, city)
    if planned is None:
        yield "is no volume of the inventory, so nobody backs it up"
    elif planned.backup is None:
        yield "has no backup policy"


@rule(
    "data-encrypted",
    "Volumes with data that is not public are encrypted",
    "8.1.4.8 b, 8.2.4.4 c",
    VOLUME,
    place="storage.volumes",
    fix="take a volume type that is marked [scs:encrypted]",
    alone=True,
)
def encrypted(one: Resource, city: City) -> Iterator[str]:
    """Ask for a type that the environment declares encrypted (SCS-0114)."""
    classes = set(city.system(one).data_classes)
    if classes <= {"public"}:
        raise NotApplicable("its system holds public data only")
    name = one.text("volumeType")
    kind = city.environment.volume_types.get(name)
    if kind and (
        _ENCRYPTED in kind.title or any(_ENCRYPTED in f"{key} {text}" for key, text in kind.extra_specs.items())
    ):
        return
    if kind and city.environment.disposable:
        raise NotHere("volumes are not encrypted in an environment that is only rehearsed")
    yield f"is of the type {name or 'that the cloud chooses'}, which the environment does not declare encrypted"


@rule(
    "data-private",
    "No container is open to the public",
    "8.1.4.2 e, 8.2.4.5 b",
    CONTAINER,
    place="storage.containers",
    fix="leave read and write lists out; the department reads it with its own access",
    alone=True,
)
def private(one: Resource, _: City) -> Iterator[str]:
    """Refuse lists that let everybody, or every user of another project, read or write."""
    for name, doing in (("containerRead", "read"), ("containerWrite", "write")):
        for part in one.text(name).split(","):
            who = part.strip()
            if who.startswith((".r:", ".rlistings", "*:")) or who == "*" or who.endswith(":*"):
                yield f"lets {who} {doing}"
    if "containerSyncTo" in one.values:
        yield "is copied to another place"


@rule(
    "data-no-link",
    "No link passes an object by its container's list",
    "8.1.4.2 e",
    "objectstorage.TempUrl",
    place="storage.containers",
    fix="let the application hand it out",
    alone=True,
)
def no_link(_: Resource, __: City) -> Iterator[str]:
    """Refuse temporary addresses: whoever has one is let in."""
    yield "lets everybody who knows the address read an object"


@rule(
    "data-versions",
    "A container keeps earlier versions",
    "8.1.4.9 a",
    CONTAINER,
    place="storage.containers",
    fix="write `versioned: true`",
    alone=True,
)
def versions(one: Resource, _: City) -> Iterator[str]:
    """Ask for versioning, the backup that an object store has by itself."""
    if one.get("versioning") is not True:
        yield "keeps no earlier versions"


@rule(
    "data-protected",
    "Outside a disposable environment what holds data cannot be removed by accident",
    "8.1.4.9 a",
    VOLUME,
    CONTAINER,
    place="storage",
    fix="protect it; `govcloud deploy --destroy` lifts that by a recorded approval",
    alone=True,
)
def protected(one: Resource, city: City) -> Iterator[str]:
    """Ask for protection, and that a container is not emptied to be removed."""
    if city.environment.disposable:
        raise NotApplicable("everything here may be destroyed at will")
    if not one.protect:
        yield "is not protected"
    if one.get("forceDestroy") is True:
        yield "may be removed with its contents"


@rule(
    "image-private",
    "Only the foundation's images are for everybody",
    "8.2.4.4 c",
    "images.Image",
    "images.ImageAccess",
    place="",
    fix="leave `visibility` out",
    alone=True,
)
def image_private(one: Resource, city: City) -> Iterator[str]:
    """Refuse a department's image that others may start, with whatever it holds."""
    if city.unit.department is None:
        raise NotApplicable("is an image of the platform")
    if one.kind == "images.ImageAccess":
        yield "gives an image to another project"
    elif one.text("visibility") in {"public", "shared", "community"}:
        yield f"is {one.text('visibility')}"


@rule(
    "image-checked",
    "An image is fetched over an encrypted way and its checksum compared",
    "8.2.4.4 b",
    "images.Image",
    place="",
    fix="use https and leave `verify_checksum` on",
    alone=True,
)
def image_checked(one: Resource, _: City) -> Iterator[str]:
    """Refuse images that may be another's by the time they are there."""
    if one.text("imageSourceUrl").startswith("http:"):
        yield "is fetched in the clear"
    if one.get("verifyChecksum", True) is not True or one.get("webDownload") is True:
        yield "is taken without comparing its checksum"
