"""What must agree between the files of an inventory. Each check yields faults at the value that has to change."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from govcloud.core.language import tr
from govcloud.core.located_yaml import Fault
from govcloud.core.model.access_checks import access_follows_the_zones
from govcloud.core.model.address_checks import addresses_are_free, networks_are_usable, plan_has_no_overlap
from govcloud.core.model.base import KEY, Tier
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.milestones import DEPARTMENTS
from govcloud.core.model.places import Here, each_department, each_group, each_system
from govcloud.core.model.quotas import total_quota
from govcloud.core.model.reading import Reading
from govcloud.core.model.reference_checks import milestones_are_answered_for, references_exist
from govcloud.core.model.tenancy_checks import tenancies_fit
from govcloud.core.model.uplink_checks import uplinks_fit

RESERVED = frozenset({"admin", "foundation", "uplink", DEPARTMENTS})
_REDUNDANT_FROM_LEVEL = 3


def names_are_free(inventory: Inventory, reading: Reading) -> Iterator[Fault]:
    """Refuse names that mean something else and names given twice."""
    for department, here in each_department(inventory, reading):
        if department.key in RESERVED:
            what, why = tr("cannot be called {name}", name=department.key), tr("the name means something else")
            yield here.fault(what, why=why, fix=tr("rename the file"))
    # Groups of the host list bear a system's name alone.
    seen: dict[str, str] = {}
    for department, _, here in each_system(inventory, reading):
        key = str(here.where[-1]) if here.where else Path(here.source.file).stem
        first = seen.setdefault(key, department.key)
        if first != department.key:
            what = tr("{department} has a system of this name", department=first)
            yield here.fault(what, fix=tr("take another name"), of_key=True)


def platforms_have_one_file(inventory: Inventory, reading: Reading) -> Iterator[Fault]:
    """Ask that a platform's file has a usable name, and that the owner's file does not describe it too."""
    owner = reading.sources.get("departments/" + inventory.city.owner)
    for key in inventory.platforms:
        if not re.fullmatch(KEY, key):
            what = tr("cannot be called {name}", name=key)
            fix = tr("small letters, digits and single hyphens")
            yield Here(reading.sources[f"platforms/{key}"]).fault(what, fix=fix)
        if owner and ("systems", key) in owner.keys:
            what, fix = tr("is a platform with a file of its own"), tr("keep one of the two")
            yield (Here(owner) / "systems" / key).fault(what, fix=fix, of_key=True)


def zones_agree(inventory: Inventory, reading: Reading) -> Iterator[Fault]:
    """Flows lead to zones that exist; every zone has addresses; no database may stand in a public zone."""
    zones = inventory.zones.zones
    here = Here(reading.sources["zones"]) / "zones"
    known = tr("one of: {known}", known=", ".join(zones))
    for key, zone in zones.items():
        for number, flow in enumerate(zone.flows):
            if flow.to not in zones or flow.to == key:
                place = here / key / "flows" / number / "to"
                yield place.fault(tr("{zone} is not another zone", zone=flow.to), clause="8.1.2.1 c", fix=known)
        if zone.public and Tier.DATABASE in zone.tiers:
            what, fix = tr("lets a database stand in a public zone"), tr("take `database` out")
            yield (here / key / "tiers").fault(what, clause="8.1.2.1 d", fix=fix)
        if zone.level > inventory.city.level:
            what = tr("level {level} is above the platform's {own}", level=zone.level, own=inventory.city.level)
            yield (here / key / "level").fault(what, clause="8.2.2.1 a", fix=tr("lower it"))
        if key not in inventory.plan.zones:
            what, fix = tr("has no addresses"), tr("add it to address_plan.yaml")
            yield (here / key).fault(what, clause="8.1.2.1 c", fix=fix)
    plan = Here(reading.sources["address_plan"]) / "zones"
    for key in inventory.plan.zones:
        if key not in zones:
            yield (plan / key).fault(tr("is not a zone"), clause="8.1.2.1 c", fix=known)


def placement(inventory: Inventory, reading: Reading) -> Iterator[Fault]:
    """Every tier stands in a zone that is fit for it and for the level of its system."""
    for department, system, tier, group, here in each_group(inventory, reading):
        zone = inventory.zones.zones.get(group.zone)
        place = here / "zone"
        if zone is None or group.zone not in department.networks:
            what = tr("the department has no network in {zone}", zone=group.zone)
            fix = tr("one of: {known}", known=", ".join(department.networks))
            yield place.fault(what, clause="8.1.2.1 c", fix=fix)
            continue
        if tier not in zone.tiers:
            fit = [key for key, one in inventory.zones.zones.items() if tier in one.tiers]
            what = tr("the {tier} tier may not stand in {zone}", tier=tier.value, zone=group.zone)
            yield place.fault(what, clause="8.1.2.1 d", fix=tr("one of: {known}", known=", ".join(fit)))
        if system.level > zone.level:
            values = {"level": system.level, "zone": group.zone, "fit": zone.level}
            what = tr("level {level} may not stand in {zone}, which is fit for level {fit}", **values)
            yield place.fault(what, clause="8.2.2.1 a", fix=tr("take a zone of that level"))


def redundancy(inventory: Inventory, reading: Reading) -> Iterator[Fault]:
    """From level 3 on, every tier has two servers on different machines."""
    for _, system, _, group, here in each_group(inventory, reading):
        if system.level < _REDUNDANT_FROM_LEVEL:
            continue
        if group.count < 2:  # noqa: PLR2004 - said in the message
            what = tr("level {level} needs at least 2", level=system.level)
            yield (here / "count").fault(what, clause="8.1.2.1 e", fix=tr("write 2"))
        elif not group.anti_affinity:
            what = tr("level {level} needs its servers on different machines", level=system.level)
            yield (here / "anti_affinity").fault(what, clause="8.1.2.1 e", fix=tr("write true"))


def majorities(inventory: Inventory, reading: Reading) -> Iterator[Fault]:
    """Servers that decide by majority are an odd number, and no machine holds two of them."""
    for _, _, _, group, here in each_group(inventory, reading):
        if not group.quorum:
            continue
        if group.count < 3 or group.count % 2 == 0:  # noqa: PLR2004 - said in the message
            # A fourth server adds nothing: of four, too, only one may fail.
            fix = tr("write {number}", number=max(3, group.count - 1))
            yield (here / "count").fault(tr("a majority needs an odd number, at least 3"), clause="8.1.2.1 e", fix=fix)
        if not group.anti_affinity:
            what = tr("a majority needs its servers on different machines")
            yield (here / "anti_affinity").fault(what, clause="8.1.2.1 e", fix=tr("write true"))


def data_is_backed_up(inventory: Inventory, reading: Reading) -> Iterator[Fault]:
    """From level 3 on, every volume has a backup."""
    for _, system, here in each_system(inventory, reading):
        for key, volume in system.storage.volumes.items():
            if system.level >= _REDUNDANT_FROM_LEVEL and volume.backup is None:
                what = tr("level {level} needs a backup", level=system.level)
                place = here / "storage" / "volumes" / key
                yield place.fault(what, clause="8.1.4.9 a", fix=tr("add `backup:` to the volume"), of_key=True)


def environments_fit(inventory: Inventory, reading: Reading) -> Iterator[Fault]:
    """Ask that an environment knows every image and volume type that is used, and has room for every quota."""
    wanted_images = {one.image for _, _, _, one, _ in each_group(inventory, reading)}
    wanted_images |= {one.bastion.image for one in inventory.departments.values() if one.bastion}
    wanted_images |= {one.uplink.image for one in inventory.departments.values() if one.uplink}
    wanted_types = {
        one.type for _, system, _ in each_system(inventory, reading) for one in system.storage.volumes.values()
    }
    for key, environment in inventory.environments.items():
        here = Here(reading.sources[f"environments/{key}"])
        for image in sorted(wanted_images - set(environment.images)):
            yield (here / "images").fault(tr("has no {name}", name=image), fix=tr("add it"))
        for kind in sorted(wanted_types - set(environment.volume_types)):
            yield (here / "volume_types").fault(tr("has no {name}", name=kind), fix=tr("add it"))
        for size in sorted(set(environment.sizes) - set(inventory.city.sizes)):
            fix = tr("one of: {known}", known=", ".join(inventory.city.sizes))
            yield (here / "sizes" / size).fault(tr("is not a size of the city"), fix=fix)
        for number, name in enumerate(environment.left_out):
            if inventory.system(name) is None and not reading.faults:
                yield (here / "left_out" / number).fault(tr("{name} is not a system", name=name), fix=tr("remove it"))
        if environment.compute_hosts is not None and not environment.disposable:
            what, fix = tr("is for a city that is only rehearsed"), tr("leave it out")
            yield (here / "compute_hosts").fault(what, clause="8.1.2.1 e", fix=fix)
        yield from _capacity(inventory, reading, key)


def _capacity(inventory: Inventory, reading: Reading, key: str) -> Iterator[Fault]:
    # Counting needs whole files and references; what breaks them has been told.
    if reading.faults:
        return
    checks = (zones_agree, networks_are_usable, placement, access_follows_the_zones, references_exist, uplinks_fit)
    for check in checks:
        if next(check(inventory, reading), None):
            return
    environment = inventory.environments[key]
    need = total_quota(inventory, environment)
    here = Here(reading.sources[f"environments/{key}"]) / "capacity"
    for name, needed in (
        ("vcpus", need.cores),
        ("memory_gib", -(-need.memory_mib // 1024)),
        ("volume_gib", need.volume_gib),
    ):
        has = getattr(environment.capacity, name)
        if needed > has:
            what = tr("the quotas of all departments need {needed}, there are {has}", needed=needed, has=has)
            yield (here / name).fault(what, clause="8.1.2.1 a", fix=tr("take smaller sizes, or add machines"))


CHECKS: tuple[Callable[[Inventory, Reading], Iterator[Fault]], ...] = (
    names_are_free,
    platforms_have_one_file,
    zones_agree,
    plan_has_no_overlap,
    networks_are_usable,
    placement,
    redundancy,
    majorities,
    data_is_backed_up,
    access_follows_the_zones,
    references_exist,
    addresses_are_free,
    milestones_are_answered_for,
    environments_fit,
    tenancies_fit,
    uplinks_fit,
)
