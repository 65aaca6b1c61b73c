"""Who may come in from outside, and what may go out: the rules of security groups, floating addresses."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator

from compliance.policy.city import City, Network
from compliance.policy.ranges import Opening, described, holds_the_internet, opening, public_addresses
from compliance.policy.resource import CouldNotLook, NotApplicable, Resource
from compliance.policy.rule import rule
from govcloud.core.language import mark, tr
from govcloud.core.model.department import PUBLIC

RULE = "networking.SecGroupRule"
_WIDEST = 16


def _from_outside(one: Resource, city: City) -> tuple[Opening, Network]:
    found = opening(one)
    if not found.ingress:
        raise NotApplicable(tr("lets nothing in"))
    if found.network is None:
        raise NotApplicable(tr("names a group, not a range"))
    if city.in_city(found.network):
        raise NotApplicable(tr("{network} is the city's own", network=found.network))
    return found, found.network


@rule(
    "exposure-outside",
    mark("From outside the city only that is let in which the inventory opens to the public"),
    "8.1.3.1 a",
    RULE,
    place="security.access",
    fix=mark("list it with `from: public` for a tier in a public zone, or name the tier that stands in front"),
)
def outside(one: Resource, city: City) -> Iterator[str]:
    """Compare what comes from outside with the list of public access."""
    found, network = _from_outside(one, city)
    if city.of_operators(network):
        raise NotApplicable(tr("operators come from there, which another rule judges"))
    if city.of_province(network):
        raise NotApplicable(tr("the province comes from there, which the rule of flows judges"))
    if not _listed(one, city, found):
        yield tr(
            "lets {what} in from {network}, which the inventory does not open to the public",
            what=described(found),
            network=network,
        )


def _listed(one: Resource, city: City, found: Opening) -> bool:
    labels = city.labels(one)
    department = city.department(one)
    system = department.systems.get(labels.get("system", "")) if department else None
    zone = city.inventory.zones.zones.get(labels.get("zone", ""))
    if system is None or zone is None or not zone.public or not found.ports:
        return False
    opened = {
        (access.protocol.value, port)
        for access in system.security.access
        if access.source == PUBLIC and access.to.value == labels.get("tier")
        for port in access.ports
    }
    return all((found.protocol, port) in opened for port in found.ports)


@rule(
    "exposure-internet",
    mark("All ranges of a stack together do not hold the internet"),
    "8.1.3.2 a",
    RULE,
    place=":environments/{env}.operator_networks",
    fix=mark("name the ranges that operators and partners really have"),
)
def internet(one: Resource, city: City) -> Iterator[str]:
    """Refuse every range that has a part in opening the internet, however it is cut up and spread over groups."""
    found, network = _from_outside(one, city)
    if _listed(one, city, found):
        raise NotApplicable(tr("the inventory opens it to the public"))
    if public_addresses(network) and _internet_is_open(city):
        yield tr("{network} and the other ranges that this stack lets in hold the internet", network=network)


@functools.lru_cache(maxsize=2)
def _internet_is_open(city: City) -> bool:
    """Look at all ranges of a stack once: a port may bear several groups, and a group several rules."""
    found = []
    for other in city.every(RULE):
        try:
            opened, network = _from_outside(other, city)
        except (NotApplicable, CouldNotLook):
            continue
        if not _listed(other, city, opened):
            found.append(network)
    return holds_the_internet(found)


@rule(
    "exposure-egress",
    mark("Nothing goes out to anywhere"),
    "8.1.3.1 c",
    RULE,
    place="security.access",
    fix=mark("name the zone's range, or a shared service of the environment"),
)
def egress(one: Resource, city: City) -> Iterator[str]:
    """Let servers speak to the city and to the services that the environment names."""
    found = opening(one)
    if found.ingress or found.network is None:
        raise NotApplicable(tr("lets nothing out to a range"))
    if city.in_city(found.network) or city.of_province(found.network):
        return  # the rule of flows judges it
    where = (found.network, found.protocol, found.ports)
    if city.shared_service(*where) or city.is_tunnel(one, *where):
        return
    yield tr(
        "lets {what} out to {network}, which is neither the city's nor a shared service",
        what=described(found),
        network=found.network,
    )


@rule(
    "exposure-precise",
    mark("A rule says protocol, ports and other side"),
    "8.1.3.2 c",
    RULE,
    place="security.access",
    fix=mark("write protocol, port and a group or range"),
    alone=True,
)
def precise(one: Resource, _: City) -> Iterator[str]:
    """Refuse what stands for everything because it is left out."""
    found = opening(one)
    if not found.protocol:
        yield tr("names no protocol")
    elif found.protocol in {"tcp", "udp"} and len(found.ports) > _WIDEST:
        yield tr("opens {number} ports, more than {most}", number=len(found.ports), most=_WIDEST)
    if "remoteAddressGroupId" in one.values:
        yield tr("names an address group, whose ranges change without a plan")
    elif "remoteGroupId" not in one.values and "remoteIpPrefix" not in one.values:
        yield tr("names no other side, which is everywhere")


@rule(
    "exposure-reason",
    mark("A rule says what it is for"),
    "8.1.3.2 b",
    RULE,
    place="security.access",
    fix=mark("write `why:`"),
    alone=True,
)
def reason(one: Resource, _: City) -> Iterator[str]:
    """Ask for the reason, without which nobody dares to remove it later."""
    if not one.text("description").strip():
        yield tr("has no description")


@rule(
    "exposure-once",
    mark("No rule stands twice in a group"),
    "8.1.3.2 b",
    RULE,
    place="security.access",
    fix=mark("keep one of the two"),
)
def once(one: Resource, city: City) -> Iterator[str]:
    """Tell rules of one group that let the same through."""
    for group in city.referred(one, "securityGroupId", "networking.SecGroup"):
        first = _first_of_each(city, group).get(_same(one, city))
        if first is not None and first is not one:
            yield tr("lets through what {other} lets through", other=first.name)
        return
    raise CouldNotLook(tr("securityGroupId is a group of another stack"))


@functools.lru_cache(maxsize=4096)
def _first_of_each(city: City, group: Resource) -> dict[object, Resource]:
    first: dict[object, Resource] = {}
    for other in city.referring(group, "securityGroupId", RULE):
        with contextlib.suppress(CouldNotLook):
            first.setdefault(_same(other, city), other)
    return first


def _same(one: Resource, city: City) -> object:
    found = opening(one)
    if found.network is not None:
        return found
    groups = [group.urn for group in city.referred(one, "remoteGroupId", "networking.SecGroup")]
    return found, tuple(groups) or one.text("remoteGroupId")
