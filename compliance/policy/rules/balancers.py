"""Load balancers: they notice a dead server, have another one, and do not carry what anybody can read."""

from __future__ import annotations

from collections.abc import Iterator

from compliance.policy.city import City
from compliance.policy.resource import NotApplicable, NotHere, Resource
from compliance.policy.rule import rule
from govcloud.core.language import mark, tr

POOL = "loadbalancer.Pool"
_REDUNDANT_FROM_LEVEL = 3
_ENCRYPTED = frozenset({"HTTPS", "TERMINATED_HTTPS"})
_ENCRYPTED_PORTS = frozenset({443, 8443})


@rule(
    "balancer-monitor",
    mark("Every pool asks its servers for their health"),
    "8.1.4.9 c",
    POOL,
    place="network.load_balancers",
    fix=mark("give the pool a monitor"),
)
def monitor(one: Resource, city: City) -> Iterator[str]:
    """Refuse a pool that goes on sending to the dead."""
    if not city.referring(one, "poolId", "loadbalancer.Monitor"):
        yield tr("has no monitor")


@rule(
    "balancer-members",
    mark("From level 3 on every pool has two servers"),
    "8.1.2.1 e, 8.1.4.9 c",
    POOL,
    place="compute.{tier}.count",
    fix=mark("write 2"),
)
def members(one: Resource, city: City) -> Iterator[str]:
    """Count the members of a pool."""
    system = city.system(one)
    if system.level < _REDUNDANT_FROM_LEVEL:
        raise NotApplicable(tr("its system is of level {level}", level=system.level))
    found = len(city.referring(one, "poolId", "loadbalancer.Member"))
    found += sum(len(each.many("members")) for each in city.referring(one, "poolId", "loadbalancer.Members"))
    if found < 2:  # noqa: PLR2004 - said in the title
        yield tr("has a single member") if found else tr("has no member")


@rule(
    "balancer-encrypted",
    mark("What is offered to the public is encrypted"),
    "8.1.2.2 b, 8.1.4.8 a",
    "loadbalancer.Listener",
    place="network.load_balancers",
    fix=mark("listen on 443 with TLS at the servers, or terminate HTTPS at the balancer"),
    alone=True,
)
def encrypted(one: Resource, city: City) -> Iterator[str]:
    """Refuse plain HTTP towards citizens, where there is an authority that could sign a certificate."""
    name, zone = city.zone(one)
    if not zone.public:
        raise NotApplicable(tr("{name} is not reached from outside", name=name))
    if one.text("protocol") in _ENCRYPTED or one.get("protocolPort") in _ENCRYPTED_PORTS:
        return
    if city.environment.disposable:
        raise NotHere(tr("there is no certificate authority in an environment that is only rehearsed"))
    protocol, port = one.text("protocol"), one.get("protocolPort")
    yield tr("offers {protocol} {port} to the public, which anybody can read", protocol=protocol, port=port)
