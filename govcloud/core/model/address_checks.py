"""The address plan holds: zones inside the city, networks inside their zone, servers inside their network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from govcloud.core.language import tr
from govcloud.core.located_yaml import Fault
from govcloud.core.model.address_space import Claim, Network, claims, first_free, free_number, shared_networks
from govcloud.core.model.city import Block
from govcloud.core.model.department import Department
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.places import Here, each_department, system_place
from govcloud.core.model.reading import Reading

_CLAUSE = "8.1.2.1 c"


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
        shared = [one for family in (block.ipv4, block.ipv6) for one in shared_networks(inventory, family)]
        yield from _apart(networks, shared)


def _apart(blocks: Sequence[tuple[str, Block, Here]], shared: Sequence[Network]) -> Iterator[Fault]:
    for _, block, here in blocks:
        for one in shared:
            family = f"ipv{one.version}"
            inner: Network = getattr(block, family)
            if inner.version == one.version and inner.overlaps(one):
                what = tr("{inner} overlaps {other} of a shared service", inner=inner, other=one)
                yield (here / family).fault(what, clause=_CLAUSE, fix=tr("take another range"))


def _inside(around: Block, blocks: Sequence[tuple[str, Block, Here]]) -> Iterator[Fault]:
    for family in ("ipv4", "ipv6"):
        outer = getattr(around, family)
        taken = [getattr(block, family) for _, block, _ in blocks]
        for _, block, here in blocks:
            inner = getattr(block, family)
            if not inner.subnet_of(outer):
                what = tr("{inner} is not inside {outer}", inner=inner, outer=outer)
                yield (here / family).fault(what, clause=_CLAUSE, fix=_free(around, inner, taken))
        ordered = sorted(blocks, key=lambda one: getattr(one[1], family))
        for (name, first, _), (_, second, here) in pairwise(ordered):
            if getattr(first, family).overlaps(getattr(second, family)):
                values = {"second": getattr(second, family), "first": getattr(first, family), "name": name}
                what = tr("{second} overlaps {first} of {name}", **values)
                yield (here / family).fault(what, clause=_CLAUSE, fix=_free(around, getattr(second, family), taken))


def _free(around: Block, wanted: Network, taken: Sequence[Network]) -> str:
    outer = around.of(wanted.version)
    found = first_free(outer, taken, wanted.prefixlen)
    if found is None:
        return tr("{outer} is exhausted; give it a larger range", outer=outer)
    return tr("{found} is free", found=found)


def networks_are_usable(inventory: Inventory, reading: Reading) -> Iterator[Fault]:
    """Ask that a department's network belongs to a zone and has room for fixed and for dynamic addresses."""
    for department, here in each_department(inventory, reading):
        for zone, network in department.networks.items():
            place = here / "networks" / zone
            if zone not in inventory.zones.zones:
                fix = tr("one of: {known}", known=", ".join(inventory.zones.zones))
                yield place.fault(tr("is not a zone"), clause=_CLAUSE, fix=fix)
            if not 20 <= network.ipv4.prefixlen <= 26:  # noqa: PLR2004 - said in the message
                fix = tr("a /24 fits most departments")
                yield (place / "ipv4").fault(tr("is not between /20 and /26"), fix=fix)
            if network.ipv6.prefixlen != 64:  # noqa: PLR2004 - said in the message
                yield (place / "ipv6").fault(tr("is not a /64"), why=tr("hosts expect one"), fix=tr("write /64"))
        if department.systems and not department.bastion:
            what, fix = tr("has systems but no bastion"), tr("add `bastion:`")
            yield here.fault(what, clause="8.1.5.4 b", fix=fix)
        if department.bastion and department.bastion.zone not in department.networks:
            what = tr("the department has no network in {zone}", zone=department.bastion.zone)
            yield (here / "bastion" / "zone").fault(what, fix=tr("add it to `networks:`"))


def addresses_are_free(inventory: Inventory, reading: Reading) -> Iterator[Fault]:
    """No two servers of a department's network share a number, and none reaches into the dynamic part."""
    for department, here in each_department(inventory, reading):
        by_zone: dict[str, list[Claim]] = {}
        for one in claims(department):
            by_zone.setdefault(one.zone, []).append(one)
        for zone, of_zone in by_zone.items():
            placed = [(one, _place(inventory, reading, department, here, one)) for one in of_zone]
            yield from _numbers(department, zone, sorted(placed, key=lambda pair: pair[0].first))


def _place(inventory: Inventory, reading: Reading, department: Department, here: Here, one: Claim) -> Here:
    found = system_place(inventory, reading, department, one.system) if one.system else here
    for part in one.where:
        found /= part
    return found


def _numbers(department: Department, zone: str, of_zone: list[tuple[Claim, Here]]) -> Iterator[Fault]:
    """Judge the claims on one network, which come in the order of their numbers."""

    def fix(one: Claim) -> str:
        number = free_number(department, zone, one.end - one.first) if zone in department.networks else None
        if number is None:
            return tr("the network is full; give the department a larger one")
        return tr("from {number} on it is free", number=number)

    network = department.networks.get(zone)
    reached: Claim | None = None
    for one, place in of_zone:
        if network and one.end > network.first_dynamic:
            values = {"last": one.end - 1, "dynamic": network.first_dynamic}
            what = tr("{last} is in the part that the cloud uses, from {dynamic} on", **values)
            yield place.fault(what, clause=_CLAUSE, fix=fix(one))
        if reached and one.first < reached.end:
            values = {"first": one.first, "last": one.end - 1, "other": reached.first, "end": reached.end - 1}
            what = tr("{first} to {last} overlaps {other} to {end}", **values)
            yield place.fault(what, clause=_CLAUSE, fix=fix(one))
        if reached is None or one.end > reached.end:
            reached = one
