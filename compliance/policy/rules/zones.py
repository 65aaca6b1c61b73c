"""Zones: what stands where, with which addresses, and what passes from one to another."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from compliance.policy.city import BASTION, BORDER, City, Network
from compliance.policy.ranges import described, opening, read_range
from compliance.policy.resource import CouldNotLook, NotApplicable, Resource
from compliance.policy.rule import rule
from compliance.policy.rules.exposure import RULE
from govcloud.core.language import mark, tr

_FAMILIES = (4, 6)


@rule(
    "zone-flow",
    mark("What passes between zones is listed as a flow"),
    "8.1.3.2 a, 8.2.3.1 b",
    RULE,
    place="security.access",
    fix=mark("use a port that zones.yaml lists for these zones, or have it changed"),
)
def flow(one: Resource, city: City) -> Iterator[str]:
    """Compare the zones at both ends of a rule with the dictionary of zones."""
    found = opening(one)
    here, _ = city.zone(one)
    if found.network is not None and city.shared_service(found.network, found.protocol, found.ports):
        return
    for there in _other_zones(one, city, found.network):
        start, end = (there, here) if found.ingress else (here, there)
        flows = [each for each in city.inventory.zones.zones[start].flows if each.to == end]
        listed = {(each.protocol.value, port) for each in flows for port in each.ports}
        # A ping tells no more than whether a server is there, which whoever may use it knows.
        pings = found.protocol in {"icmp", "ipv6-icmp"} and flows
        if start == end or pings or (found.ports and {(found.protocol, port) for port in found.ports} <= listed):
            continue
        yield tr(
            "lets {what} pass from {start} to {end}, which is not listed", what=described(found), start=start, end=end
        )


def _other_zones(one: Resource, city: City, network: Network | None) -> list[str]:
    if network is None:
        return [city.zone(group)[0] for group in city.remote_groups(one)]
    if not city.in_city(network) and not city.of_province(network):
        raise NotApplicable(tr("{network} is not the city's own", network=network))
    zones = [*city.zones_of(network)]
    if not zones:
        touched = [
            name for name, block in city.inventory.plan.zones.items() if _overlaps(network, block.ipv4, block.ipv6)
        ]
        raise (
            NotApplicable(tr("{network} lies in no zone", network=network))
            if not touched
            else CouldNotLook(tr("{network} is several zones", network=network))
        )
    return zones


def _overlaps(network: Network, *blocks: Network) -> bool:
    return any(network.version == one.version and network.overlaps(one) for one in blocks)


@rule(
    "zone-range",
    mark("A range of a rule lies in one zone"),
    "8.1.3.2 c, 8.2.3.1 b",
    RULE,
    place="security.access",
    fix=mark("name the range of one zone"),
)
def one_zone(one: Resource, city: City) -> Iterator[str]:
    """Refuse ranges that are wider than a zone: no flow can be compared with them."""
    network = opening(one).network
    if network is None or not _overlaps(network, city.inventory.plan.city.ipv4, city.inventory.plan.city.ipv6):
        raise NotApplicable(tr("names no range of the city"))
    if city.in_city(network) and not [*city.zones_of(network)]:
        yield tr("{network} is not inside one zone", network=network)


@rule(
    "zone-known",
    mark("Networks, servers, ports, volumes and balancers stand in a zone of the dictionary"),
    "8.1.2.1 c",
    "networking.Network",
    "networking.Subnet",
    "networking.Port",
    "networking.FloatingIp",
    "compute.Instance",
    "blockstorage.Volume",
    "loadbalancer.LoadBalancer",
    place="compute.{tier}.zone",
    fix=mark("name a zone of zones.yaml"),
    alone=True,
)
def known(one: Resource, city: City) -> Iterator[str]:
    """Leave nothing outside the zones."""
    name = city.label(one, "zone")
    if name not in city.inventory.zones.zones:
        yield tr("stands in {name}, which is no zone", name=name)


@rule(
    "zone-tier",
    mark("A tier stands in a zone that is fit for it"),
    "8.1.2.1 d",
    "compute.Instance",
    "networking.Port",
    "loadbalancer.LoadBalancer",
    place="compute.{tier}.zone",
    fix=mark("take a zone that lists the tier"),
    alone=True,
)
def tier(one: Resource, city: City) -> Iterator[str]:
    """Compare tier and zone."""
    name, zone = city.zone(one)
    which = city.label(one, "tier")
    if which == BASTION:
        department = city.department(one)
        planned = department.bastion.zone if department and department.bastion else None
        if planned != name or not city.is_bastion(one):
            yield tr("is a bastion in {name}, where the inventory has none", name=name)
    elif which == BORDER:
        planned_zones = {city.uplink.zone, city.uplink.inside} if city.uplink else set()
        if name not in planned_zones or not city.is_border(one):
            yield tr("is a border router in {name}, where the inventory has none", name=name)
    elif which not in {each.value for each in zone.tiers}:
        yield tr("the {tier} tier may not stand in {zone}", tier=which, zone=name)


@rule(
    "zone-subnet",
    mark("A subnet's range is its department's in its zone"),
    "8.1.2.1 c",
    "networking.Subnet",
    place="networks.{zone}",
    fix=mark("take the range of the address plan"),
    alone=True,
)
def subnet(one: Resource, city: City) -> Iterator[str]:
    """Keep to the address plan."""
    name, _ = city.zone(one)
    department = city.department(one)
    network = department.networks.get(name) if department else None
    cidr = one.text("cidr")
    planned = {str(network.ipv4), str(network.ipv6)} if network else set()
    if not cidr:
        yield tr("names no range")
    elif str(read_range(cidr)) not in planned:
        yield tr("{cidr} is not what the inventory gives to the department in {name}", cidr=cidr, name=name)


@rule(
    "zone-address",
    mark("Addresses of ports and balancers are their zone's"),
    "8.1.2.1 c",
    "networking.Port",
    "loadbalancer.LoadBalancer",
    place="compute.{tier}.first_host",
    fix=mark("take a free number of the department's network in that zone"),
    alone=True,
)
def address(one: Resource, city: City) -> Iterator[str]:
    """Keep to the address plan, address by address."""
    name, _ = city.zone(one)
    fixed = one.many("fixedIps") if one.kind == "networking.Port" else [{"ipAddress": one.get("vipAddress")}]
    if not fixed:
        yield tr("has no address of the plan")
    for each in fixed:
        text = each.get("ipAddress")
        if text is None:
            yield tr("takes whatever address the cloud gives")
        elif name not in city.zones_of(ip_network(ip_address(text))):
            yield tr("{text} is not an address of zone {name}", text=text, name=name)


@rule(
    "ipv6-network",
    mark("Every network has both families"),
    "8.1.2.1 c",
    "networking.Network",
    place="networks.{zone}",
    fix=mark("give it an IPv4 and an IPv6 range"),
)
def both_families(one: Resource, city: City) -> Iterator[str]:
    """Refuse networks on which only one family is planned."""
    families = {int(each.get("ipVersion", 4)) for each in city.referring(one, "networkId", "networking.Subnet")}
    for family in _FAMILIES:
        if family not in families:
            yield tr("has no IPv{family} subnet", family=family)


@rule(
    "ipv6-port",
    mark("Every port has an address of both families"),
    "8.1.2.1 c",
    "networking.Port",
    place="compute.{tier}.first_host",
    fix=mark("give it one of each"),
    alone=True,
)
def both_addresses(one: Resource, _: City) -> Iterator[str]:
    """Refuse servers that only one half of the users reach."""
    given = [str(each["ipAddress"]) for each in one.many("fixedIps") if "ipAddress" in each]
    families = {ip_address(text).version for text in given}
    for family in _FAMILIES:
        if family not in families:
            yield tr("has no IPv{family} address", family=family)


@rule(
    "ipv6-rules",
    mark("Both families are let through alike"),
    "8.1.2.1 c, 8.1.3.2 a",
    "networking.SecGroup",
    place="security.access",
    fix=mark("write the same rule for both families"),
)
def alike(one: Resource, city: City) -> Iterator[str]:
    """Refuse a group that is closed in one family and open in the other."""
    through: dict[int, set[tuple[bool, str, range, str]]] = {4: set(), 6: set()}
    for each in city.referring(one, "securityGroupId", RULE):
        found = opening(each)
        if found.network is not None and city.shared_service(found.network, found.protocol, found.ports):
            continue  # a service has the addresses that it has
        if found.network is not None and city.is_tunnel(each, found.network, found.protocol, found.ports):
            continue  # so has the province's end of the tunnel
        other = tr("a range") if found.network is not None else city.remote_groups(each)[0].name
        protocol = found.protocol.removeprefix("ipv6-")
        through[found.family].add((found.ingress, protocol, found.ports, other))
    for family, missing in ((4, through[6] - through[4]), (6, through[4] - through[6])):
        for ingress, protocol, ports, other in sorted(missing, key=str):
            what = (protocol or tr("everything")) + (f" {ports[0]}" if ports else "")
            if ingress:
                yield tr(
                    "lets {what} in from {other} in the other family and not in IPv{family}",
                    what=what,
                    other=other,
                    family=family,
                )
            else:
                yield tr(
                    "lets {what} out to {other} in the other family and not in IPv{family}",
                    what=what,
                    other=other,
                    family=family,
                )
