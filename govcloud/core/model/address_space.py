"""What is taken of the address plan, and what is free: ranges of a zone, numbers of a department's network.

The one place that knows which servers and balancers take a number;
the checks ask it, and so does what writes a new file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from netaddr import IPNetwork, IPSet

from govcloud.core.model.city import Block
from govcloud.core.model.department import Department
from govcloud.core.model.inventory import Inventory

Network = IPv4Network | IPv6Network
FIRST_NUMBER = 10
USUAL_PREFIX = {4: 24, 6: 64}


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Numbers that something takes in a department's network of a zone, from `first` up to before `end`."""

    zone: str
    first: int
    end: int
    system: str = ""
    where: tuple[str, ...]
    """Where its first number stands, from the system's place on, or from the department's."""


def claims(department: Department) -> Iterator[Claim]:
    """Yield what takes numbers: the bastion, the border router, every tier, every balancer."""
    if department.bastion:
        first = department.bastion.first_host
        place = ("bastion", "first_host")
        yield Claim(zone=department.bastion.zone, first=first, end=first + 1, where=place)
    if department.uplink:
        first = department.uplink.first_host
        for zone in (department.uplink.zone, department.uplink.inside):
            yield Claim(zone=zone, first=first, end=first + 1, where=("uplink", "first_host"))
    for key, system in department.systems.items():
        for tier, group in system.compute.items():
            first, end = group.first_host, group.first_host + group.count
            yield Claim(zone=group.zone, first=first, end=end, system=key, where=("compute", tier.value, "first_host"))
        for name, balancer in system.network.load_balancers.items():
            if balancer.tier in system.compute:
                zone, first = system.compute[balancer.tier].zone, balancer.first_host
                stands = ("network", "load_balancers", name, "first_host")
                yield Claim(zone=zone, first=first, end=first + 1, system=key, where=stands)


def free_number(
    department: Department, zone: str, count: int = 1, *, step: int = 1, besides: Iterable[Claim] = ()
) -> int | None:
    """Return the first of `count` free numbers in a row, a multiple of `step`; None when the network is full."""
    network = department.networks[zone]
    taken = sorted((one.first, one.end) for one in (*claims(department), *besides) if one.zone == zone)
    candidate = FIRST_NUMBER
    for first, end in taken:
        if candidate + count <= first:
            break
        candidate = max(candidate, -(-end // step) * step)
    return candidate if candidate + count <= network.first_dynamic else None


def networks_of(inventory: Inventory, zone: str) -> list[tuple[str, Block]]:
    """Return what the departments have of a zone, in the order of addresses."""
    found = [(one.key, one.networks[zone]) for one in inventory.departments.values() if zone in one.networks]
    return sorted(found, key=lambda one: one[1].ipv4)


def shared_networks(inventory: Inventory, around: Network) -> list[Network]:
    """Return what the services that all servers may reach have of a range, in any environment."""
    return sorted(
        {
            network
            for environment in inventory.environments.values()
            for service in environment.shared_services.values()
            for network in service.networks
            if network.version == around.version and network.overlaps(around)
        }
    )


def taken_of(inventory: Inventory, zone: str, version: int) -> list[Network]:
    """Return what nobody else may have of a zone: the departments' networks, and those of shared services."""
    block = inventory.plan.zones[zone]
    shared = shared_networks(inventory, block.of(version))
    networks = [one for _, one in networks_of(inventory, zone)]
    return [*shared, *(one.of(version) for one in networks)]


def free_ranges(around: Network, taken: Iterable[Network]) -> list[Network]:
    """Return what is left of a range, in as few ranges as can be."""
    left = IPSet([str(around)]) - IPSet(map(str, taken))
    return [ip_network(str(one)) for one in left.iter_cidrs()]


def first_free(around: Network, taken: Iterable[Network], prefix: int | None = None) -> Network | None:
    """Return the first free network of a size, the usual one if none is given; None when the range is exhausted."""
    wanted = prefix or USUAL_PREFIX[around.version]
    for one in free_ranges(around, taken):
        if one.prefixlen <= wanted:
            # The first network of a range is left alone: its number zero is easily taken for "none".
            candidates = IPNetwork(str(one)).subnet(wanted)
            first = next(candidates)
            found = next(candidates, None) if first.first == int(around.network_address) else first
            if found is not None:
                return ip_network(str(found))
    return None
