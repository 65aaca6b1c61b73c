"""The rules of every security group, derived from the zones' flows and the systems' access lists.

One place computes them, as plain values: the stacks make them, the quotas count them, and a check can compare them with
what the cloud has. A group has no rule but these: what is not listed is denied, in and out.

A department has one group per zone (operation through the bastion, logs, time, packages) and one for its bastion; the
border router has one for each leg, and a system one per tier. Servers of another system are named by their addresses,
which the plan has fixed: so no unit has to wait for another one's groups.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from govcloud.core.model.base import Tier
from govcloud.core.model.city import Block, ZoneFlow
from govcloud.core.model.department import PUBLIC, Access, ComputeGroup, Department, Uplink
from govcloud.core.model.environment import Environment
from govcloud.core.model.inventory import Inventory

BASTION = "bastion"
BORDER, BORDER_TUNNEL, BORDER_INSIDE = "border", "tunnel", "inside"
_MANAGEMENT = "management"
_SSH = 22
_PING = "whether a server is there"
_ANYWHERE = Block(ipv4=IPv4Network("0.0.0.0/0"), ipv6=IPv6Network("::/0"))


class Direction(StrEnum):
    """Seen from the server."""

    INGRESS = "ingress"
    EGRESS = "egress"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One permission. The other side is a group or a range; `port` is None where the protocol has none."""

    direction: Direction
    family: int
    protocol: str
    port: int | None
    remote_group: str | None = None
    remote_range: str | None = None
    why: str

    @property
    def key(self) -> str:
        """Return a name that stays when other rules come and go."""
        side = "from" if self.direction is Direction.INGRESS else "to"
        other = self.remote_group or str(self.remote_range).replace("/", "_").replace(":", ".")
        ports = "" if self.port is None else f"-{self.port}"
        return f"{self.protocol}{ports}-{side}-{other}-ipv{self.family}"


def department_groups(
    inventory: Inventory, environment: Environment, department: Department
) -> dict[str, tuple[Rule, ...]]:
    """Return the groups that a department's servers share: one per zone, and the bastion's."""
    groups = {
        zone: (
            *_zone_rules(inventory, environment, zone, has_bastion=department.bastion is not None),
            *_province_rules(inventory, environment, department, zone),
        )
        for zone in department.networks
    }
    if department.bastion:
        groups[BASTION] = (*_bastion_rules(inventory, environment, department),)
    return groups


def border_groups(
    inventory: Inventory, environment: Environment, department: Department
) -> dict[str, tuple[Rule, ...]]:
    """Return the groups of the border router's two legs; none where there is no uplink."""
    uplink, access = department.uplink, environment.uplink
    if uplink is None or access is None:
        return {}
    why = "the tunnel to the province"
    tunnel = _to_range(Direction.EGRESS, "udp", access.port, ip_network(access.address), why)
    inside = department.networks[uplink.inside]
    # What the servers send leaves by the tunnel: at the inner leg the directions are the other way round.
    passing = _shared_with_province(inventory, uplink, Direction.INGRESS, Direction.EGRESS, inside)
    return {BORDER_TUNNEL: (tunnel,), BORDER_INSIDE: (*passing,)}


def system_groups(inventory: Inventory, department: Department, key: str) -> dict[Tier, tuple[Rule, ...]]:
    """Return the groups of a system's tiers: its own access list, and what lists it elsewhere."""
    system = department.systems[key]
    groups = {
        tier: [rule for access in system.security.access for rule in _access_rules(inventory, access, tier)]
        for tier in system.compute
    }
    for other_department, other, access in inventory.access_of(key):
        group = other.compute[access.to]
        there = _addresses(other_department, group)
        rules = _to_addresses(Direction.EGRESS, access, there)
        groups[Tier(access.source_tier)] += rules
    return {tier: (*rules,) for tier, rules in groups.items()}


def _zone_rules(inventory: Inventory, environment: Environment, zone: str, *, has_bastion: bool) -> Iterator[Rule]:
    if has_bastion and zone in _operated_zones(inventory):
        yield from _to_group(Direction.INGRESS, "tcp", _SSH, BASTION, "operation through the bastion")
        yield from _pings(Direction.INGRESS, remote_group=BASTION)
    flows = [flow for flow in inventory.zones.zones[zone].flows if flow.to == _MANAGEMENT]
    for flow in flows:
        for port in flow.ports:
            yield from _to_block(Direction.EGRESS, flow.protocol, port, inventory.plan.zones[flow.to], flow.why)
    for service in environment.shared_services.values():
        for port in service.ports:
            for network in service.networks:
                if any(_leads_to(inventory, flow, service.protocol, port, network) for flow in flows):
                    continue
                yield _to_range(Direction.EGRESS, service.protocol, port, network, service.why)


def _province_rules(
    inventory: Inventory, environment: Environment, department: Department, zone: str
) -> Iterator[Rule]:
    uplink = department.uplink
    if uplink and environment.uplink and zone == uplink.inside:
        yield from _shared_with_province(inventory, uplink, Direction.EGRESS, Direction.INGRESS, uplink.province)


def _shared_with_province(
    inventory: Inventory, uplink: Uplink, out: Direction, back: Direction, other: Block
) -> Iterator[Rule]:
    """Open what the zones' flows list between the uplink and the zone that it joins, as it is seen at one port."""
    for direction, start, end in ((out, uplink.inside, uplink.zone), (back, uplink.zone, uplink.inside)):
        for flow in inventory.zones.zones[start].flows:
            for port in flow.ports if flow.to == end else ():
                yield from _to_block(direction, flow.protocol, port, other, flow.why)


def _leads_to(
    inventory: Inventory, flow: ZoneFlow, protocol: str, port: int, network: IPv4Network | IPv6Network
) -> bool:
    inside = inventory.plan.zones[flow.to].holds(network)
    return flow.protocol == protocol and port in flow.ports and inside


def _bastion_rules(inventory: Inventory, environment: Environment, department: Department) -> Iterator[Rule]:
    why = "operators come in here and nowhere else"
    for network in environment.operator_networks:
        for protocol, port in (("tcp", _SSH), (_ping(network.version), None)):
            yield _to_range(Direction.INGRESS, protocol, port, network, why)
    for zone in _operated_zones(inventory):
        if zone in department.networks:
            block = department.networks[zone]
            yield from _to_block(Direction.EGRESS, "tcp", _SSH, block, "operation through the bastion")
            for network in (block.ipv4, block.ipv6):
                yield _to_range(Direction.EGRESS, _ping(network.version), None, network, _PING)


def _operated_zones(inventory: Inventory) -> list[str]:
    management = inventory.zones.zones.get(_MANAGEMENT)
    return [flow.to for flow in management.flows if _SSH in flow.ports] if management else []


def _access_rules(inventory: Inventory, access: Access, tier: Tier) -> Iterator[Rule]:
    if access.source_system:
        found = inventory.system(access.source_system)
        if found and access.to is tier:
            there = _addresses(found[0], found[1].compute[Tier(access.source_tier)])
            yield from _to_addresses(Direction.INGRESS, access, there)
        return
    for port in access.ports:
        if access.to is tier and access.source == PUBLIC:
            yield from _to_block(Direction.INGRESS, access.protocol, port, _ANYWHERE, access.why)
        elif access.to is tier:
            yield from _to_group(Direction.INGRESS, access.protocol, port, access.source, access.why)
        if access.source == tier:
            yield from _to_group(Direction.EGRESS, access.protocol, port, access.to, access.why)


def _addresses(department: Department, group: ComputeGroup) -> list[IPv4Network | IPv6Network]:
    """Return the addresses of a tier, in the fewest ranges that hold them and no other.

    Those of production too: another system's rules do not follow its size.
    """
    network = department.networks[group.zone]
    numbers = range(group.first_host, group.first_host + group.count)
    ipv4 = collapse_addresses(IPv4Network(network.ipv4_of(one)) for one in numbers)
    ipv6 = collapse_addresses(IPv6Network(network.ipv6_of(one)) for one in numbers)
    return [*ipv4, *ipv6]


def _to_addresses(direction: Direction, access: Access, there: list[IPv4Network | IPv6Network]) -> list[Rule]:
    return [
        _to_range(direction, access.protocol, port, network, access.why) for port in access.ports for network in there
    ]


def _to_group(direction: Direction, protocol: str, port: int, group: str, why: str) -> Iterator[Rule]:
    for family in (4, 6):
        yield Rule(direction=direction, family=family, protocol=protocol, port=port, remote_group=group, why=why)


def _to_block(direction: Direction, protocol: str, port: int, block: Block, why: str) -> Iterator[Rule]:
    for network in (block.ipv4, block.ipv6):
        yield _to_range(direction, protocol, port, network, why)


def _to_range(
    direction: Direction, protocol: str, port: int | None, network: IPv4Network | IPv6Network, why: str
) -> Rule:
    there = str(network)
    return Rule(direction=direction, family=network.version, protocol=protocol, port=port, remote_range=there, why=why)


def _pings(direction: Direction, *, remote_group: str) -> Iterator[Rule]:
    for family in (4, 6):
        kind = _ping(family)
        yield Rule(direction=direction, family=family, protocol=kind, port=None, remote_group=remote_group, why=_PING)


def _ping(family: int) -> str:
    return "icmp" if family == 4 else "ipv6-icmp"  # noqa: PLR2004 - the family's own number
