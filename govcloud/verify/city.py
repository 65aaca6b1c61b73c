"""Who is there to ask and to be asked: every server, bastion and balancer that the inventory gives an environment.

Names and addresses are worked out here from the inventory alone. What the stacks made is not looked at, because it is
what is being tested: a server that stands somewhere else than the plan says must be missed, not followed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from govcloud.core.model.department import Department, System
from govcloud.core.model.environment import Environment
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.units import UPLINK, department_of, system_of, system_unit, units
from govcloud.core.model.units import Kind as UnitKind
from govcloud.verify.lines import Place, system_place

BASTION, BORDER = "bastion", "border"
FAMILIES = (4, 6)


class Kind(StrEnum):
    """What stands at an end of a path."""

    SERVER = "server"
    BASTION = "bastion"
    BORDER = "border"
    BALANCER = "balancer"
    OUTSIDE = "outside"
    PROVINCE = "province"
    METADATA = "metadata"
    API = "api"


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One end of a path."""

    name: str
    kind: Kind
    addresses: Mapping[int, str] = field(hash=False)
    """By version of IP, as others of the city know it."""
    place: Place
    """Where the inventory speaks of it."""
    zone: str = ""
    department: str = ""
    system: str = ""
    tier: str = ""
    ports: tuple[int, ...] = ()
    """The only ports where anything may listen; empty where listeners are opened for the test."""

    others: tuple[str, ...] = ()
    """Addresses that are its own besides, and known to nobody."""
    passes: tuple[str, ...] = ()
    """Ranges that it sends from although they are not its own."""
    has_door: bool = False
    """Whether it is given a floating address, by which the outside comes in."""

    @property
    def is_guest(self) -> bool:
        """Whether probes run on it."""
        return self.kind in {Kind.SERVER, Kind.BASTION, Kind.BORDER}

    @property
    def unit(self) -> str:
        """The unit that makes it; empty where none does."""
        if self.kind is Kind.BORDER:
            return UPLINK
        return system_unit(self.department, self.system) if self.system else self.department

    @property
    def group(self) -> str:
        """What it is one of many of: a system's tier, a department's bastion."""
        if self.kind is Kind.BASTION:
            return f"{self.department} {BASTION}"
        return f"{self.system} {self.tier}" if self.kind is Kind.SERVER else self.name


def endpoints(inventory: Inventory, environment: Environment) -> Iterator[Endpoint]:
    """Yield all guests and balancers of an environment, in the order of its units."""
    for unit in units(inventory, environment).values():
        if unit.kind is UnitKind.FOUNDATION:
            continue
        department = department_of(inventory, unit)
        if unit.kind is UnitKind.DEPARTMENT:
            yield from _bastion(department)
        elif unit.kind is UnitKind.UPLINK:
            yield from _border(department)
        elif unit.system:
            system = system_of(inventory, unit)
            place = system_place(inventory, department.key, unit.system)
            yield from _servers(environment, department, unit.system, system, place)
            yield from _balancers(department, unit.system, system, place)


def _bastion(department: Department) -> Iterator[Endpoint]:
    if department.bastion:
        zone = department.bastion.zone
        yield Endpoint(
            name=f"{department.key}-{BASTION}",
            kind=Kind.BASTION,
            addresses=_addresses(department, zone, department.bastion.first_host),
            place=Place(f"departments/{department.key}", (BASTION,)),
            zone=zone,
            department=department.key,
            tier=BASTION,
            has_door=True,
        )


def _border(department: Department) -> Iterator[Endpoint]:
    if department.uplink:
        uplink = department.uplink
        inside, tunnel = _addresses(department, uplink.inside, uplink.first_host), uplink.tunnel
        yield Endpoint(
            name=f"{UPLINK}-{BORDER}",
            kind=Kind.BORDER,
            addresses=_addresses(department, uplink.zone, uplink.first_host),
            place=Place(f"departments/{department.key}", (UPLINK,)),
            zone=uplink.zone,
            department=department.key,
            tier=BORDER,
            others=(*inside.values(), str(tunnel.ipv4[1]), str(tunnel.ipv6[1])),
            passes=(str(uplink.province.ipv4), str(uplink.province.ipv6)),
        )


def province(inventory: Inventory, environment: Environment) -> Endpoint | None:
    """Return the province's end where the city has an uplink and its environment names a witness there."""
    owner = inventory.departments[inventory.city.owner]
    witness = environment.uplink.witness if environment.uplink else None
    if owner.uplink is None or witness is None or UPLINK not in units(inventory, environment):
        return None
    return Endpoint(
        name=Kind.PROVINCE.value,
        kind=Kind.PROVINCE,
        addresses={4: str(witness.ipv4), 6: str(witness.ipv6)},
        place=Place(f"departments/{owner.key}", (UPLINK, "province")),
        zone=owner.uplink.zone,
        department=owner.key,
        ports=(witness.port,),
    )


def _servers(
    environment: Environment, department: Department, key: str, system: System, place: Place
) -> Iterator[Endpoint]:
    for tier, group in system.compute.items():
        for number in range(environment.servers(group)):
            yield Endpoint(
                name=f"{department.key}-{key}-{tier.value}-{number + 1}",
                kind=Kind.SERVER,
                addresses=_addresses(department, group.zone, group.first_host + number),
                place=place / "compute" / tier.value,
                zone=group.zone,
                department=department.key,
                system=key,
                tier=tier.value,
            )


def _balancers(department: Department, key: str, system: System, place: Place) -> Iterator[Endpoint]:
    for name, balancer in system.network.load_balancers.items():
        zone = system.compute[balancer.tier].zone
        yield Endpoint(
            name=f"{department.key}-{key}-{name}",
            kind=Kind.BALANCER,
            # It takes an IPv4 address only: its subnet is the network's IPv4 one.
            addresses={4: str(department.networks[zone].ipv4_of(balancer.first_host))},
            place=place / "network" / "load_balancers" / name,
            zone=zone,
            department=department.key,
            system=key,
            tier=balancer.tier.value,
            ports=tuple(sorted(balancer.listeners.values())),
            has_door=balancer.floating_address,
        )


def _addresses(department: Department, zone: str, host: int) -> dict[int, str]:
    network = department.networks[zone]
    return {4: str(network.ipv4_of(host)), 6: str(network.ipv6_of(host))}
