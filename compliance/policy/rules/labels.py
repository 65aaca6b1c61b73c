"""Labels: everybody who meets a resource in the cloud can tell whose it is."""

from __future__ import annotations

from collections.abc import Iterator

from compliance.policy.city import SHARED, City
from compliance.policy.resource import NotApplicable, Resource
from compliance.policy.rule import rule

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
    "Every resource says whose it is and where it belongs",
    "8.1.10.2 a",
    *LABELLED,
    place="",
    fix="give it the labels of its component",
    alone=True,
)
def complete(one: Resource, city: City) -> Iterator[str]:
    """Ask for every label."""
    found = city.labels(one)
    missing = [name for name in LABELS if not found.get(name)]
    if missing:
        yield f"has no label {', '.join(missing)}"


@rule(
    "labels-true",
    "Labels name what the inventory has",
    "8.1.10.2 b",
    *LABELLED,
    place="",
    fix="take the labels from the inventory",
    alone=True,
)
def true(one: Resource, city: City) -> Iterator[str]:
    """Refuse labels that lead nowhere, or to somebody else."""
    labels = city.labels(one)
    if not labels:
        raise NotApplicable("has no labels, which another rule tells")
    inventory = city.inventory
    if labels.get("city", inventory.city.key) != inventory.city.key:
        yield f"is labelled for the city {labels['city']}"
    if labels.get("unit", city.unit.name) != city.unit.name:
        yield f"is labelled for the unit {labels['unit']}, made by {city.unit.name}"
    owner = city.department(one)
    if owner is None:
        yield f"is labelled for the owner {labels.get('owner', 'nobody')}, whom the inventory does not have"
    elif labels.get("system", SHARED) not in {SHARED, *owner.systems}:
        yield f"is labelled for the system {labels['system']}, which {owner.key} does not have"
    if not labels.get("level", "0").isdecimal():
        yield f"is labelled with the level {labels['level']}"


@rule(
    "labels-agree",
    "What belongs together bears the same tier and zone",
    "8.1.10.2 b, 8.2.3.1 a",
    "compute.Instance",
    "networking.FloatingIp",
    "networking.Port",
    place="compute.{tier}.zone",
    fix="take the labels, port and groups of one tier",
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
        if _place(other, city) != place:
            yield f"is labelled otherwise than its {other.kind} {other.name}"
    for group in city.referred(one, "securityGroupIds", "networking.SecGroup"):
        tier, zone = _place(group, city)
        if zone != place[1] or tier not in {place[0], "security"}:
            yield f"is in the group {group.name} of another tier or zone"


def _place(one: Resource, city: City) -> tuple[str | None, str | None]:
    labels = city.labels(one)
    if not labels:
        raise NotApplicable("has no labels, which another rule tells")
    return labels.get("tier"), labels.get("zone")
