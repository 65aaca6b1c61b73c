"""The address plan holds: zones inside the city, networks inside their zone, servers inside their network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

from govcloud.core.located_yaml import Fault
from govcloud.core.model.city import Block
from govcloud.core.model.department import Department
from govcloud.core.model.inventory import Inventory, Reading
from govcloud.core.model.places import Here, each_department


def plan_has_no_overlap(inventory: Inventory, reading: Reading) -> Iterator[Fault]:
    """Zones lie inside the city's ranges, departments' networks inside their zone's, and none in another."""
    plan = Here(reading.sources["address_plan"]) / "zones"
    yield from _inside(inventory.plan.city, [(key, block, plan / key) for key, block in inventory.plan.zones.items()])
    for zone, block in inventory.plan.zones.items():
        networks = [
            (f"{department.key}.{zone}", department.networks[zone], here / "networks" / zone)
            for department, here in each_department(inventory, reading)
            if zone in department.networks
        ]
        yield from _inside(block, networks)


def _inside(around: Block, blocks: Sequence[tuple[str, Block, Here]]) -> Iterator[Fault]:
    for family in ("ipv4", "ipv6"):
        outer = getattr(around, family)
        for _, block, here in blocks:
            inner = getattr(block, family)
            if not inner.subnet_of(outer):
                yield (here / family).fault(
                    f"{inner} is not inside {outer}", clause="8.1.2.1 c", fix="see address_plan.yaml"
                )
        ordered = sorted(blocks, key=lambda one: getattr(one[1], family))
        for (name, first, _), (_, second, here) in pairwise(ordered):
            if getattr(first, family).overlaps(getattr(second, family)):
                what = f"{getattr(second, family)} overlaps {getattr(first, family)} of {name}"
                yield (here / family).fault(what, clause="8.1.2.1 c", fix="take a free range")


def networks_are_usable(inventory: Inventory, reading: Reading) -> Iterator[Fault]:
    """Ask that a department's network belongs to a zone and has room for fixed and for dynamic addresses."""
    for department, here in each_department(inventory, reading):
        for zone, network in department.networks.items():
            place = here / "networks" / zone
            if zone not in inventory.zones.zones:
                yield place.fault(
                    "is not a zone", clause="8.1.2.1 c", fix=f"one of: {', '.join(inventory.zones.zones)}"
                )
            if not 20 <= network.ipv4.prefixlen <= 26:  # noqa: PLR2004 - said in the message
                yield (place / "ipv4").fault("is not between /20 and /26", fix="a /24 fits most departments")
            if network.ipv6.prefixlen != 64:  # noqa: PLR2004 - said in the message
                yield (place / "ipv6").fault("is not a /64", why="hosts expect one", fix="write /64")
        if department.systems and not department.bastion:
            yield here.fault("has systems but no bastion", clause="8.1.5.4 b", fix="add `bastion:`")
        if department.bastion and department.bastion.zone not in department.networks:
            place = here / "bastion" / "zone"
            yield place.fault(
                f"the department has no network in {department.bastion.zone}", fix="add it to `networks:`"
            )


def addresses_are_free(inventory: Inventory, reading: Reading) -> Iterator[Fault]:
    """No two servers of a department's network share a number, and none reaches into the dynamic part."""
    for department, here in each_department(inventory, reading):
        taken: dict[str, list[tuple[int, int, Here]]] = {}
        for zone, first, count, place in _claims(department, here):
            taken.setdefault(zone, []).append((first, first + count, place))
            network = department.networks.get(zone)
            if network and first + count > network.first_dynamic:
                what = f"{first + count - 1} is in the part that the cloud uses, from {network.first_dynamic} on"
                yield place.fault(what, clause="8.1.2.1 c", fix="take a lower number")
        for claims in taken.values():
            for (start, end, _), (other_start, other_end, place) in combinations(claims, 2):
                if start < other_end and other_start < end:
                    what = f"{other_start} to {other_end - 1} overlaps {start} to {end - 1}"
                    yield place.fault(what, clause="8.1.2.1 c", fix=f"from {max(end, other_end)} on it is free")


def _claims(department: Department, here: Here) -> Iterator[tuple[str, int, int, Here]]:
    if department.bastion:
        yield department.bastion.zone, department.bastion.first_host, 1, here / "bastion" / "first_host"
    for key, system in department.systems.items():
        place = here / "systems" / key
        for tier, group in system.compute.items():
            yield group.zone, group.first_host, group.count, place / "compute" / tier.value / "first_host"
        for name, balancer in system.network.load_balancers.items():
            if balancer.tier in system.compute:
                zone = system.compute[balancer.tier].zone
                yield zone, balancer.first_host, 1, place / "network" / "load_balancers" / name / "first_host"
