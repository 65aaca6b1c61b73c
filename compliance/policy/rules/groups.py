"""Groups, ports and networks deny by default, and belong to one department."""

from __future__ import annotations

from collections.abc import Iterator

from compliance.policy.city import SHARED, City, Network
from compliance.policy.ranges import opening, read_range
from compliance.policy.resource import CouldNotLook, NotApplicable, Resource
from compliance.policy.rule import rule
from compliance.policy.rules.exposure import RULE
from govcloud.core.language import mark, tr

_LOGS = "8.1.5.4 d"
_TIME = "8.1.4.3 b"


@rule(
    "group-empty",
    mark("A group begins without rules"),
    "8.1.3.2 a, 8.2.3.1 a",
    "networking.SecGroup",
    place="security",
    fix=mark("set delete_default_rules"),
    alone=True,
)
def empty(one: Resource, _: City) -> Iterator[str]:
    """Refuse the cloud's own rules, which let everything out."""
    if one.get("deleteDefaultRules") is not True:
        yield tr("keeps the cloud's default rules, which let everything out")


@rule(
    "group-stateful",
    mark("A group follows the state of a connection"),
    "8.1.3.2 d",
    "networking.SecGroup",
    place="security",
    fix=mark("leave `stateful` out"),
    alone=True,
)
def stateful(one: Resource, _: City) -> Iterator[str]:
    """Refuse groups that let answers in without a question."""
    if one.get("stateful", True) is not True:
        yield tr("is stateless")


@rule(
    "group-default",
    mark("Nobody uses the default group"),
    "8.1.3.2 a, 8.2.3.1 a",
    "compute.Instance",
    "networking.SecGroup",
    place="security",
    fix=mark("use the groups of zone and tier"),
    alone=True,
)
def default_group(one: Resource, _: City) -> Iterator[str]:
    """Refuse the group that every department has without asking."""
    if one.kind == "networking.SecGroup":
        if one.text("name") == "default":
            yield tr("is the default group")
    elif "default" in [*one.many("securityGroups")]:
        yield tr("is in the default group")


@rule(
    "group-on-port",
    mark("Every port is in a group"),
    "8.2.3.1 a",
    "networking.Port",
    place="security",
    fix=mark("give it the groups of zone and tier"),
    alone=True,
)
def on_port(one: Resource, _: City) -> Iterator[str]:
    """Refuse ports without a group, and those that get the default one."""
    if one.get("noSecurityGroups") is True:
        yield tr("is in no group: everything is let through")
    elif not len(one.many("securityGroupIds")):
        yield tr("names no group and gets the default one")


@rule(
    "port-security",
    mark("A port sends from its own address only"),
    "8.1.3.1 b, 8.2.3.1 a",
    "networking.Port",
    "networking.Network",
    place="networks.{zone}",
    fix=mark("leave `port_security_enabled` out"),
    alone=True,
)
def port_security(one: Resource, _: City) -> Iterator[str]:
    """Refuse ports whose groups the cloud would ignore."""
    if one.get("portSecurityEnabled", True) is not True:
        yield tr("has port security switched off, and no group holds")


@rule(
    "port-address-pairs",
    mark("A port may bear single other addresses of its own zone, no ranges but the border router's"),
    "8.1.3.1 b",
    "networking.Port",
    place="compute.{tier}",
    fix=mark("name the single address that moves between servers"),
    alone=True,
)
def address_pairs(one: Resource, city: City) -> Iterator[str]:
    """Refuse ports that may take anybody's address."""
    pairs = one.many("allowedAddressPairs")
    if not pairs:
        raise NotApplicable(tr("bears its own addresses only"))
    name, _ = city.zone(one)
    theirs = city.uplink.province if city.uplink and city.is_border(one) and name == city.uplink.inside else None
    for pair in pairs:
        network: Network = read_range(str(pair["ipAddress"]))
        if theirs and network == theirs.of(network.version):
            continue  # what comes from the province goes on under the province's addresses
        if network.prefixlen != network.max_prefixlen:
            yield tr("may send from all of {network}", network=network)
        elif name not in city.zones_of(network):
            yield tr("may send from {network}, which is not an address of zone {name}", network=network, name=name)


@rule(
    "network-private",
    mark("A network is its department's alone"),
    "8.2.2.1 b",
    "networking.Network",
    "networking.RbacPolicyV2",
    place="networks.{zone}",
    fix=mark("let other departments come through the exchange"),
    alone=True,
)
def private(one: Resource, _: City) -> Iterator[str]:
    """Refuse networks that others may join, and external ones of a department's own."""
    if one.kind == "networking.RbacPolicyV2":
        kind, to = one.text("objectType"), one.text("targetTenant") or "*"
        if kind in {"network", "security_group"}:
            yield tr("gives a {kind} to the project {to}", kind=kind, to=to)
        return
    if one.get("shared") is True:
        yield tr("is shared with everybody")
    if one.get("external") is True:
        yield tr("is an external network")
    if len(one.many("segments")):
        yield tr("is bound to a network of the provider")


def _reaches(one: Resource, city: City, clause: str, what: str) -> Iterator[str]:
    """Look in a zone's group for the way out that the dictionary of zones lists under a clause."""
    labels = city.labels(one)
    if labels.get("tier") != "security" or labels.get("system") != SHARED:
        raise NotApplicable(tr("is not the group of a zone"))
    name, zone = city.zone(one)
    flows = [each for each in zone.flows if each.clause == clause]
    if not flows and not zone.tiers:
        raise NotApplicable(tr("no server of a system stands in {name}", name=name))
    if not flows:
        yield tr("zone {name} has no flow for {what} ({clause})", name=name, what=what, clause=clause)
    ways = []
    unseen = None
    for each in city.referring(one, "securityGroupId", RULE):
        try:
            ways.append(opening(each))
        except CouldNotLook as reason:
            unseen = reason
    for flow in flows:
        block = city.inventory.plan.zones[flow.to]
        for port in flow.ports:
            if not any(
                not way.ingress and way.covers(flow.protocol.value, port) and way.network in (block.ipv4, block.ipv6)
                for way in ways
            ):
                if unseen:
                    raise CouldNotLook(str(unseen))
                yield tr(
                    "lets no {what} out to {to} ({protocol} {port})",
                    what=what,
                    to=flow.to,
                    protocol=flow.protocol.value,
                    port=port,
                )


@rule(
    "log-destination",
    mark("Every zone reaches the collector of logs"),
    "8.1.5.4 d",
    "networking.SecGroup",
    place=":zones.zones.{zone}.flows",
    fix=mark("list the flow to the collector, clause 8.1.5.4 d"),
)
def logs(one: Resource, city: City) -> Iterator[str]:
    """Refuse servers whose logs stay with them."""
    yield from _reaches(one, city, _LOGS, tr("logs"))


@rule(
    "time-source",
    mark("Every zone reaches the time"),
    "8.1.4.3 b",
    "networking.SecGroup",
    place=":zones.zones.{zone}.flows",
    fix=mark("list the flow to the time service, clause 8.1.4.3 b"),
)
def time(one: Resource, city: City) -> Iterator[str]:
    """Refuse servers whose records bear a time of their own."""
    yield from _reaches(one, city, _TIME, tr("time"))
