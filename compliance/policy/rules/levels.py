"""Levels: nothing stands on a platform or in a zone that is fit for less."""

from __future__ import annotations

from collections.abc import Iterator

from compliance.policy.city import City
from compliance.policy.resource import NotApplicable, Resource
from compliance.policy.rule import EVERY_KIND, rule
from govcloud.core.language import mark, tr


def _level(one: Resource, city: City) -> int:
    text = city.label(one, "level")
    if not text.isdecimal():
        raise NotApplicable(tr("has the level {text}, which is no number and which another rule tells", text=text))
    return int(text)


@rule(
    "level-platform",
    mark("The platform carries nothing above its own level"),
    "8.2.2.1 a",
    EVERY_KIND,
    place="level",
    fix=mark("lower the system's level, or raise the platform's in city.yaml after its assessment"),
    alone=True,
)
def platform(one: Resource, city: City) -> Iterator[str]:
    """Compare with the city's level."""
    level = _level(one, city)
    if level > city.inventory.city.level:
        yield tr("is of level {level}, the platform of level {highest}", level=level, highest=city.inventory.city.level)


@rule(
    "level-zone",
    mark("A zone carries nothing above its own level"),
    "8.2.2.1 a, 8.2.3.1 b",
    "compute.Instance",
    "networking.Port",
    "blockstorage.Volume",
    "loadbalancer.LoadBalancer",
    place="compute.{tier}.zone",
    fix=mark("take a zone of that level"),
    alone=True,
)
def in_zone(one: Resource, city: City) -> Iterator[str]:
    """Compare with the zone's level."""
    name, zone = city.zone(one)
    level = _level(one, city)
    if level > zone.level:
        yield tr(
            "is of level {level} in {name}, which is fit for level {highest}",
            level=level,
            name=name,
            highest=zone.level,
        )


@rule(
    "level-true",
    mark("A resource bears the level of its system"),
    "8.2.2.1 a, 8.1.10.2 b",
    EVERY_KIND,
    place="level",
    fix=mark("take the labels from the inventory"),
    alone=True,
)
def true_level(one: Resource, city: City) -> Iterator[str]:
    """Refuse labels that make a system smaller than it is classified."""
    level = _level(one, city)
    system = city.system(one)
    if level != system.level:
        yield tr("bears level {level}, its system is of level {right}", level=level, right=system.level)
