"""Labels: everybody who meets a resource in the cloud can tell whose it is."""

from __future__ import annotations

from collections.abc import Iterator

from compliance.policy.city import SHARED, City
from compliance.policy.resource import NotApplicable, Resource
from compliance.policy.rule import rule
from govcloud.core.language import mark, tr

LABELS = ("city", "unit", "system", "tier", "zone", "level", "owner", "xinchuang")
LABELLED = (
    "blockstorage.Volume",
    "compute.Instance",
    "identity.Project",
    "images.Image",
    "keymanager.ContainerV1",
    "keymanager.SecretV1",
    "loadbalancer.Listener",
    "loadbalancer.LoadBalancer",
    "loadbalancer.Member",
    "loadbalancer.Pool",
    "networking.FloatingIp",
    "networking.Network",
    "networking.Port",
    "networking.Router",
    "networking.SecGroup",
    "networking.Subnet",
    "networking.SubnetPool",
    "networking.Trunk",
    "objectstorage.Container",
)
"""Kinds that OpenStack gives a place for labels. The others belong to one of these, or to everybody."""


@rule(
    "labels-complete",
    mark("Every resource says whose it is and where it belongs"),
    "8.1.10.2 a",
    *LABELLED,
    place="",
    fix=mark("give it the labels of its component"),
    alone=True,
)
def complete(one: Resource, city: City) -> Iterator[str]:
    """Ask for every label."""
    found = city.labels(one)
    missing = [name for name in LABELS if not found.get(name)]
    if missing:
        yield tr("has no label {names}", names=", ".join(missing))


@rule(
    "labels-true",
    mark("Labels name what the inventory has"),
    "8.1.10.2 b",
    *LABELLED,
    place="",
    fix=mark("take the labels from the inventory"),
    alone=True,
)
def true(one: Resource, city: City) -> Iterator[str]:
    """Refuse labels that lead nowhere, or to somebody else."""
    labels = city.labels(one)
    if not labels:
        raise NotApplicable(tr("has no labels, which another rule tells"))
    inventory = city.inventory
    if labels.get("city", inventory.city.key) != inventory.city.key:
        yield tr("is labelled for the city {city}", city=labels["city"])
    if labels.get("unit", city.unit.name) != city.unit.name:
        yield tr("is labelled for the unit {unit}, made by {made_by}", unit=labels["unit"], made_by=city.unit.name)
    owner = city.department(one)
    owned_by, system = labels.get("owner", "-"), labels.get("system", SHARED)
    if owner is None:
        yield tr("is labelled for the owner {owned_by}, whom the inventory does not have", owned_by=owned_by)
    elif system not in {SHARED, *owner.systems}:
        yield tr("is labelled for the system {system}, which {owner} does not have", system=system, owner=owner.key)
    if not labels.get("level", "0").isdecimal():
        yield tr("is labelled with the level {level}", level=labels["level"])


@rule(
    "labels-agree",
    mark("What belongs together bears the same tier and zone"),
    "8.1.10.2 b, 8.2.3.1 a",
    "compute.Instance",
    "networking.FloatingIp",
    "networking.Port",
    place="compute.{tier}.zone",
    fix=mark("take the labels, port and groups of one tier"),
)
def agree(one: Resource, city: City) -> Iterator[str]:
    """Refuse labels that put a server, its port, its groups and its floating address into different places.

    A port's addresses are compared with its zone, so none of the others can be labelled for another.
    """
    place = _place(one, city)
    joined = [
        other
        for name in ("networks", "portId")
        for kind in ("networking.Port", "loadbalancer.LoadBalancer")
        for other in city.referred(one, name, kind)
    ]
    for other in joined:
        if city.is_border(one) and city.is_border(other):
            continue  # it has a leg in another zone, which is what it is for
        if _place(other, city) != place:
            yield tr("is labelled otherwise than its {kind} {name}", kind=other.kind, name=other.name)
    for group in city.referred(one, "securityGroupIds", "networking.SecGroup"):
        tier, zone = _place(group, city)
        if zone != place[1] or tier not in {place[0], "security"}:
            yield tr("is in the group {group} of another tier or zone", group=group.name)


def _place(one: Resource, city: City) -> tuple[str | None, str | None]:
    labels = city.labels(one)
    if not labels:
        raise NotApplicable(tr("has no labels, which another rule tells"))
    return labels.get("tier"), labels.get("zone")
