"""Data: backed up, encrypted, closed to the public, and not removed by accident."""

from __future__ import annotations

from collections.abc import Iterator

from compliance.policy.city import City
from compliance.policy.resource import NotApplicable, NotHere, Resource
from compliance.policy.rule import rule
from govcloud.core.language import mark, tr
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
    mark("Every volume has a backup policy"),
    "8.1.4.9 a, 8.1.10.11 b",
    VOLUME,
    place="storage.volumes",
    fix=mark("add `backup:` to the volume"),
    alone=True,
)
def backup(one: Resource, city: City) -> Iterator[str]:
    """Look up the volume's policy in the inventory."""
    planned = _planned(one, city)
    if planned is None:
        yield tr("is no volume of the inventory, so nobody backs it up")
    elif planned.backup is None:
        yield tr("has no backup policy")


@rule(
    "data-encrypted",
    mark("Volumes with data that is not public are encrypted"),
    "8.1.4.8 b, 8.2.4.4 c",
    VOLUME,
    place="storage.volumes",
    fix=mark("take a volume type that is marked [scs:encrypted]"),
    alone=True,
)
def encrypted(one: Resource, city: City) -> Iterator[str]:
    """Ask for a type that the environment declares encrypted (SCS-0114)."""
    classes = set(city.system(one).data_classes)
    if classes <= {"public"}:
        raise NotApplicable(tr("its system holds public data only"))
    name = one.text("volumeType")
    kind = city.environment.volume_type_called(name)
    if kind and (
        _ENCRYPTED in kind.title or any(_ENCRYPTED in f"{key} {text}" for key, text in kind.extra_specs.items())
    ):
        return
    if kind and city.environment.disposable:
        raise NotHere(tr("volumes are not encrypted in an environment that is only rehearsed"))
    if name:
        yield tr("is of the type {name}, which the environment does not declare encrypted", name=name)
    else:
        yield tr("is of whatever type the cloud chooses")


@rule(
    "data-private",
    mark("No container is open to the public"),
    "8.1.4.2 e, 8.2.4.5 b",
    CONTAINER,
    place="storage.containers",
    fix=mark("leave read and write lists out; the department reads it with its own access"),
    alone=True,
)
def private(one: Resource, _: City) -> Iterator[str]:
    """Refuse lists that let everybody, or every user of another project, read or write."""
    for name, doing in (("containerRead", "read"), ("containerWrite", "write")):
        for part in one.text(name).split(","):
            who = part.strip()
            if who.startswith((".r:", ".rlistings", "*:")) or who == "*" or who.endswith(":*"):
                yield tr("lets {who} read", who=who) if doing == "read" else tr("lets {who} write", who=who)
    if "containerSyncTo" in one.values:
        yield tr("is copied to another place")


@rule(
    "data-no-link",
    mark("No link passes an object by its container's list"),
    "8.1.4.2 e",
    "objectstorage.TempUrl",
    place="storage.containers",
    fix=mark("let the application hand it out"),
    alone=True,
)
def no_link(_: Resource, __: City) -> Iterator[str]:
    """Refuse temporary addresses: whoever has one is let in."""
    yield tr("lets everybody who knows the address read an object")


@rule(
    "data-versions",
    mark("A container keeps earlier versions"),
    "8.1.4.9 a",
    CONTAINER,
    place="storage.containers",
    fix=mark("write `versioned: true`"),
    alone=True,
)
def versions(one: Resource, _: City) -> Iterator[str]:
    """Ask for versioning, the backup that an object store has by itself."""
    if one.get("versioning") is not True:
        yield tr("keeps no earlier versions")


@rule(
    "data-protected",
    mark("Outside a disposable environment what holds data cannot be removed by accident"),
    "8.1.4.9 a",
    VOLUME,
    CONTAINER,
    place="storage",
    fix=mark("protect it; `govcloud deploy --destroy` lifts that by a recorded approval"),
    alone=True,
)
def protected(one: Resource, city: City) -> Iterator[str]:
    """Ask for protection, and that a container is not emptied to be removed."""
    if city.environment.disposable:
        raise NotApplicable(tr("everything here may be destroyed at will"))
    if not one.protect:
        yield tr("is not protected")
    if one.get("forceDestroy") is True:
        yield tr("may be removed with its contents")


@rule(
    "image-private",
    mark("Only the foundation's images are for everybody"),
    "8.2.4.4 c",
    "images.Image",
    "images.ImageAccess",
    place="",
    fix=mark("leave `visibility` out"),
    alone=True,
)
def image_private(one: Resource, city: City) -> Iterator[str]:
    """Refuse a department's image that others may start, with whatever it holds."""
    if city.unit.department is None:
        raise NotApplicable(tr("is an image of the platform"))
    if one.kind == "images.ImageAccess":
        yield tr("gives an image to another project")
        return
    visibility = one.text("visibility")
    if visibility in {"public", "shared", "community"}:
        yield tr("has the visibility {visibility}", visibility=visibility)


@rule(
    "image-checked",
    mark("An image is fetched over an encrypted way and its checksum compared"),
    "8.2.4.4 b",
    "images.Image",
    place="",
    fix=mark("use https and leave `verify_checksum` on"),
    alone=True,
)
def image_checked(one: Resource, _: City) -> Iterator[str]:
    """Refuse images that may be another's by the time they are there."""
    if one.text("imageSourceUrl").startswith("http:"):
        yield tr("is fetched in the clear")
    if one.get("verifyChecksum", True) is not True or one.get("webDownload") is True:
        yield tr("is taken without comparing its checksum")
