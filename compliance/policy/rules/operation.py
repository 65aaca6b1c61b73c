"""The ways of operators and the ways through the edge: bastion, floating addresses, services that nobody may reach."""

from __future__ import annotations

from collections.abc import Iterator

from compliance.policy.city import City
from compliance.policy.ranges import described, opening
from compliance.policy.resource import NotApplicable, Resource
from compliance.policy.rule import rule
from compliance.policy.rules.exposure import RULE
from govcloud.core.language import mark, tr

_REMOTE = {"tcp": (22, 3389, 5900, 5901, 5985, 5986)}
_DANGEROUS = {
    "tcp": (20, 21, 23, 69, 111, 135, 137, 138, 139, 445, 512, 513, 514, 873, 2049, 2375, 6379, 9200, 11211, 27017),
    "udp": (69, 111, 137, 138, 161, 1900, 2049, 11211),
}


@rule(
    "exposure-dangerous-port",
    mark("No port of a service that must not be reached over a network"),
    "8.1.4.4 b",
    RULE,
    place="security.access",
    fix=mark("take another service, or another port"),
    alone=True,
)
def dangerous(one: Resource, _: City) -> Iterator[str]:
    """Refuse services without encryption or without a sign-in, wherever they come from."""
    found = opening(one)
    if not found.ingress or not found.ports:
        raise NotApplicable(tr("lets in no port"))
    bad = sorted({port for protocol, ports in _DANGEROUS.items() for port in ports if found.covers(protocol, port)})
    if bad:
        ports = ", ".join(map(str, bad))
        yield (
            tr("lets in {protocol} {ports}", protocol=found.protocol, ports=ports)
            if found.protocol
            else tr("lets in every protocol, {ports} among its ports", ports=ports)
        )


@rule(
    "management-path",
    mark("Operators come through the bastion only"),
    "8.1.4.4 c, 8.1.5.4 b",
    RULE,
    place="security.access",
    fix=mark("leave it to the bastion, which every zone lets in"),
)
def management_path(one: Resource, city: City) -> Iterator[str]:
    """Let remote administration in from the bastion's group, and to the bastion from where operators are."""
    found = opening(one)
    if not found.ingress:
        raise NotApplicable(tr("lets nothing in"))
    administration = any(found.covers(protocol, port) for protocol, ports in _REMOTE.items() for port in ports)
    operators = found.network is not None and not city.in_city(found.network) and city.of_operators(found.network)
    if not administration and not operators:
        raise NotApplicable(tr("is no way for operators"))
    if city.is_bastion(one):
        if found.network is None or not city.of_operators(found.network):
            yield tr("lets {what} to the bastion in from elsewhere than where operators are", what=described(found))
    elif found.network is not None:
        yield tr("lets {what} in from {network}, past the bastion", what=described(found), network=found.network)
    elif not all(city.is_bastion(group) for group in city.remote_groups(one)):
        yield tr("lets {what} in from a group that is not the bastion's", what=described(found))


@rule(
    "exposure-floating-address",
    mark("Floating addresses stand before public zones and bastions only"),
    "8.1.2.1 d",
    "networking.FloatingIp",
    place="network.load_balancers",
    fix=mark("let the tier be reached through the one that stands in front of it"),
    alone=True,
)
def floating_address(one: Resource, city: City) -> Iterator[str]:
    """Keep inner tiers off the edge."""
    name, zone = city.zone(one)
    if not zone.public and not city.is_bastion(one):
        yield tr("makes zone {name} reachable from outside", name=name)


@rule(
    "exposure-edge",
    mark("No other way through the edge than router, load balancer and floating address"),
    "8.1.3.1 a, 8.1.10.6 j",
    "networking.PortForwardingV2",
    "networking.FloatingIpAssociate",
    "networking.SegmentV2",
    "networking.BgpSpeakerV2",
    "vpnaas.Service",
    "vpnaas.SiteConnection",
    "bgpvpn.V2",
    place="network",
    fix=mark("take it out; a new way to the outside is a decision and needs a rule of its own"),
    alone=True,
)
def edge(one: Resource, _: City) -> Iterator[str]:
    """Refuse ways that the inventory has no word for."""
    yield tr("is a {kind}, a way through the edge that the inventory does not know", kind=one.kind)
