"""What must agree between the files of an inventory. Each check yields faults at the value that has to change."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from govcloud.core.located_yaml import Fault
from govcloud.core.model.address_checks import addresses_are_free, networks_are_usable, plan_has_no_overlap
from govcloud.core.model.base import Tier
from govcloud.core.model.department import PUBLIC, Access, System
from govcloud.core.model.inventory import RESERVED, Inventory, Reading
from govcloud.core.model.places import Here, each_department, each_group, each_system
from govcloud.core.model.quotas import total_quota

_REDUNDANT_FROM_LEVEL = 3


def names_are_free(inventory: Inventory, reading: Reading) -> Iterator[Fault]:
    """Refuse names that mean something else, and a platform without its owner."""
    for department, here in each_department(inventory, reading):
        if department.key in RESERVED:
            yield here.fault(f"cannot be called {department.key}", why="a unit has that name", fix="rename the file")
    owner_file = "departments/" + inventory.city.owner
    if owner_file not in reading.sources:
        place = Here(reading.sources["city"], ("owner",))
        yield place.fault(f"department {inventory.city.owner} has no file", fix=f"add inventory/{owner_file}.yaml")


def zones_agree(inventory: Inventory, reading: Reading) -> Iterator[Fault]:
    """Flows lead to zones that exist; every zone has addresses; no database may stand in a public zone."""
    zones = inventory.zones.zones
    here = Here(reading.sources["zones"]) / "zones"
    known = ", ".join(zones)
    for key, zone in zones.items():
        for number, flow in enumerate(zone.flows):
            if flow.to not in zones or flow.to == key:
                place = here / key / "flows" / number / "to"
                yield place.fault(f"{flow.to} is not another zone", clause="8.1.2.1 c", fix=f"one of: {known}")
        if zone.public and Tier.DATABASE in zone.tiers:
            fix = "take `database` out"
            yield (here / key / "tiers").fault("lets a database stand in a public zone", clause="8.1.2.1 d", fix=fix)
        if zone.level > inventory.city.level:
            what = f"level {zone.level} is above the platform's {inventory.city.level}"
            yield (here / key / "level").fault(what, clause="8.2.2.1 a", fix="lower it")
        if key not in inventory.plan.zones:
            yield (here / key).fault("has no addresses", clause="8.1.2.1 c", fix="add it to address_plan.yaml")
    plan = Here(reading.sources["address_plan"]) / "zones"
    for key in inventory.plan.zones:
        if key not in zones:
            yield (plan / key).fault("is not a zone", clause="8.1.2.1 c", fix=f"one of: {known}")


def placement(inventory: Inventory, reading: Reading) -> Iterator[Fault]:
    """Every tier stands in a zone that is fit for it and for the level of its system."""
    for department, system, tier, group, here in each_group(inventory, reading):
        zone = inventory.zones.zones.get(group.zone)
        place = here / "zone"
        if zone is None or group.zone not in department.networks:
            fix = f"one of: {', '.join(department.networks)}"
            yield place.fault(f"the department has no network in {group.zone}", clause="8.1.2.1 c", fix=fix)
            continue
        if tier not in zone.tiers:
            fit = [key for key, one in inventory.zones.zones.items() if tier in one.tiers]
            what = f"the {tier} tier may not stand in {group.zone}"
            yield place.fault(what, clause="8.1.2.1 d", fix=f"one of: {', '.join(fit)}")
        if system.level > zone.level:
            what = f"level {system.level} may not stand in {group.zone}, which is fit for level {zone.level}"
            yield place.fault(what, clause="8.2.2.1 a", fix="take a zone of that level")


def redundancy(inventory: Inventory, reading: Reading) -> Iterator[Fault]:
    """From level 3 on, every tier has two servers on different machines."""
    for _, system, _, group, here in each_group(inventory, reading):
        if system.level < _REDUNDANT_FROM_LEVEL:
            continue
        if group.count < 2:  # noqa: PLR2004 - said in the message
            yield (here / "count").fault(f"level {system.level} needs at least 2", clause="8.1.2.1 e", fix="write 2")
        elif not group.anti_affinity:
            what = f"level {system.level} needs its servers on different machines"
            yield (here / "anti_affinity").fault(what, clause="8.1.2.1 e", fix="write true")


def access_follows_the_zones(inventory: Inventory, reading: Reading) -> Iterator[Fault]:
    """Let access pass only between zones whose flow is listed; from outside only into a public zone."""
    for _, system, here in each_system(inventory, reading):
        for number, access in enumerate(system.security.access):
            yield from _access(inventory, system, access, here / "security" / "access" / number)


def _access(inventory: Inventory, system: System, access: Access, here: Here) -> Iterator[Fault]:
    target = system.compute.get(access.to)
    if target is None:
        yield (here / "to").fault(f"the system has no {access.to} tier", fix="one of its tiers")
        return
    zone = inventory.zones.zones.get(target.zone)
    if access.source == PUBLIC:
        if zone and not zone.public:
            what = f"{target.zone} is not reached from outside"
            yield (here / "from").fault(what, clause="8.1.3.1 a", fix="name the tier that stands in front")
        return
    source = next((group for tier, group in system.compute.items() if tier == access.source), None)
    if source is None:
        yield (here / "from").fault(f"the system has no {access.source} tier", fix=f"one of its tiers, or {PUBLIC}")
        return
    start = inventory.zones.zones.get(source.zone)
    if start is None or source.zone == target.zone:
        return
    allowed = {
        port
        for flow in start.flows
        if (flow.to, flow.protocol) == (target.zone, access.protocol)
        for port in flow.ports
    }
    denied = sorted(set(access.ports) - allowed)
    if denied:
        what = f"{access.protocol} {', '.join(map(str, denied))} from {source.zone} to {target.zone} is not listed"
        yield (here / "ports").fault(what, clause="8.1.3.2 a", fix="use a listed port, or have zones.yaml changed")


def references_exist(inventory: Inventory, reading: Reading) -> Iterator[Fault]:
    """Sizes, volumes, secrets and tiers that are named exist."""
    sizes = inventory.city.sizes
    for department, here in each_department(inventory, reading):
        if department.bastion and department.bastion.size not in sizes:
            yield (here / "bastion" / "size").fault("is not a size", fix=f"one of: {', '.join(sizes)}")
    for _, _, _, group, here in each_group(inventory, reading):
        if group.size not in sizes:
            yield (here / "size").fault("is not a size", fix=f"one of: {', '.join(sizes)}")
    for _, system, here in each_system(inventory, reading):
        for key, volume in system.storage.volumes.items():
            if volume.tier not in system.compute:
                yield (here / "storage" / "volumes" / key / "tier").fault("the system has no such tier")
        for key, balancer in system.network.load_balancers.items():
            if balancer.tier not in system.compute:
                yield (here / "network" / "load_balancers" / key / "tier").fault("the system has no such tier")
        yield from _database(system, here / "database")


def _database(system: System, here: Here) -> Iterator[Fault]:
    database = system.database
    if database is None:
        return
    volume = system.storage.volumes.get(database.volume)
    if database.tier not in system.compute:
        yield (here / "tier").fault("the system has no such tier")
    if volume is None or volume.tier is not database.tier:
        yield (here / "volume").fault(f"the {database.tier} tier has no such volume", fix="add it to storage.volumes")
    elif volume.backup is None:
        yield (here / "volume").fault("its volume has no backup", clause="8.1.4.9 a", fix="add `backup:` to the volume")
    if database.secret not in system.security.secrets:
        yield (here / "secret").fault("is not a secret of the system", fix="add it to security.secrets")


def environments_fit(inventory: Inventory, reading: Reading) -> Iterator[Fault]:
    """Ask that an environment knows every image and volume type that is used, and has room for every quota."""
    wanted_images = {one.image for _, _, _, one, _ in each_group(inventory, reading)}
    wanted_images |= {one.bastion.image for one in inventory.departments.values() if one.bastion}
    wanted_types = {
        one.type for _, system, _ in each_system(inventory, reading) for one in system.storage.volumes.values()
    }
    for key, environment in inventory.environments.items():
        here = Here(reading.sources[f"environments/{key}"])
        for image in sorted(wanted_images - set(environment.images)):
            yield (here / "images").fault(f"has no {image}", fix="add it")
        for kind in sorted(wanted_types - set(environment.volume_types)):
            yield (here / "volume_types").fault(f"has no {kind}", fix="add it")
        for size in sorted(set(environment.sizes) - set(inventory.city.sizes)):
            yield (here / "sizes" / size).fault(
                "is not a size of the city", fix=f"one of: {', '.join(inventory.city.sizes)}"
            )
        yield from _capacity(inventory, reading, key)


def _capacity(inventory: Inventory, reading: Reading, key: str) -> Iterator[Fault]:
    # Counting needs whole references; what breaks them has been told.
    for check in (zones_agree, networks_are_usable, placement, references_exist):
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
            yield (here / name).fault(
                f"the quotas of all departments need {needed}, there are {has}", clause="8.1.2.1 a"
            )


CHECKS: tuple[Callable[[Inventory, Reading], Iterator[Fault]], ...] = (
    names_are_free,
    zones_agree,
    plan_has_no_overlap,
    networks_are_usable,
    placement,
    redundancy,
    access_follows_the_zones,
    references_exist,
    addresses_are_free,
    environments_fit,
)
