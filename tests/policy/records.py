"""Records of resources as the sample city would ask for them, and ways to spoil one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Any

from compliance.policy.city import City
from compliance.policy.resource import NOT_YET, Resource, Values, plain
from govcloud.core.model.base import Tier
from govcloud.core.model.results import Verdict
from tests.sample import SAMPLE

SYSTEM = "lab-approval-elicence"
DEPARTMENT = "lab-approval"
FOUNDATION = "lab-foundation"
LABELS = {
    "city": "shijiazhuang",
    "unit": "approval-elicence",
    "system": "elicence",
    "tier": "web",
    "zone": "internet",
    "level": "3",
    "owner": "approval",
    "xinchuang": "false",
}
UNSEEN = NOT_YET


def labels(**changes: str) -> dict[str, str]:
    return {**LABELS, **changes}


def tags(**changes: str) -> list[str]:
    return [f"{key}={value}" for key, value in labels(**changes).items()]


def shared(**changes: str) -> list[str]:
    """Return the tags of what a department's systems share."""
    return tags(unit="approval", system="shared", **changes)


def made(
    kind: str,
    name: str,
    refers: Mapping[str, Sequence[Resource]] | None = None,
    /,
    **values: Any,
) -> Resource:
    """Make one record; `refers` are the resources that its values come from."""
    module, _, last = kind.partition(".")
    token = f"openstack:{module}/{last[:1].lower()}{last[1:]}:{last}"
    if ":" in kind:
        token = kind
    elif module == "providers":
        token = f"pulumi:providers:{last}"
    references = {key: tuple(one.urn for one in others) for key, others in (refers or {}).items()}
    ids = dict.fromkeys(references, UNSEEN)
    wrapped = {key: plain(value) for key, value in {**ids, **values}.items()}
    protect = bool(wrapped.pop("protect_", False))
    return Resource(f"urn:pulumi:{SYSTEM}::govcloud::{token}::{name}", token, Values(wrapped), references, protect)


def but(one: Resource, **values: Any) -> Resource:
    """Return the same record with other values; None takes one away."""
    kept = {**one.values._values, **{key: plain(value) for key, value in values.items()}}
    return replace(one, values=Values({key: value for key, value in kept.items() if value is not None}))


@dataclass(frozen=True)
class Case:
    """One record, judged by one rule among others."""

    rule: str
    verdict: Verdict
    one: Resource
    others: tuple[Resource, ...] = ()
    stack: str = SYSTEM
    level: int = 3
    disposable: bool = True
    encrypted: bool = False
    operators: str = ""
    quorum: bool = False
    says: str = ""

    def city(self) -> City:
        """Return the sample city, with what the case changes in it."""
        approval = SAMPLE.departments["approval"]
        system = approval.systems["elicence"].model_copy(update={"level": self.level})
        if self.quorum:
            web = system.compute[Tier.WEB].model_copy(update={"quorum": True})
            system = system.model_copy(update={"compute": {**system.compute, Tier.WEB: web}})
        changed = approval.model_copy(update={"systems": {**approval.systems, "elicence": system}})
        lab = SAMPLE.environments["lab"]
        types = {
            key: one.model_copy(update={"title": "加密 [scs:encrypted]"} if self.encrypted else {})
            for key, one in lab.volume_types.items()
        }
        lab = lab.model_copy(update={"disposable": self.disposable, "volume_types": types})
        if self.operators:
            lab = lab.model_copy(update={"operator_networks": (ip_network(self.operators),)})
        inventory = replace(SAMPLE, departments={**SAMPLE.departments, "approval": changed}, environments={"lab": lab})
        return City.of(inventory, self.stack, [self.one, *self.others])


def conform(rule: str, one: Resource, *others: Resource, **city: Any) -> Case:
    return Case(rule, Verdict.CONFORM, one, others, **city)


def nonconform(rule: str, one: Resource, *others: Resource, **city: Any) -> Case:
    return Case(rule, Verdict.NONCONFORM, one, others, **city)


def not_applicable(rule: str, one: Resource, *others: Resource, **city: Any) -> Case:
    return Case(rule, Verdict.NOT_APPLICABLE, one, others, **city)


def not_tested(rule: str, one: Resource, *others: Resource, **city: Any) -> Case:
    return Case(rule, Verdict.NOT_TESTED, one, others, **city)


# A piece of the sample city, each part as its component makes it.
WEB = made("networking.SecGroup", "approval-elicence-web", name="web", deleteDefaultRules=True, tags=tags())
APPLICATION = made(
    "networking.SecGroup",
    "approval-elicence-application",
    name="application",
    deleteDefaultRules=True,
    tags=tags(tier="application", zone="extranet"),
)
DATABASE = made(
    "networking.SecGroup",
    "approval-elicence-database",
    name="database",
    deleteDefaultRules=True,
    tags=tags(tier="database", zone="data"),
)
BASTION = made(
    "networking.SecGroup",
    "approval-bastion",
    name="approval-bastion",
    deleteDefaultRules=True,
    tags=shared(tier="bastion", zone="management"),
)
DATA_ZONE = made(
    "networking.SecGroup",
    "approval-data",
    name="approval-data",
    deleteDefaultRules=True,
    tags=shared(tier="security", zone="data"),
)
NETWORK = made("networking.Network", "approval-data", name="approval-data", tags=shared(tier="network", zone="data"))
SUBNETS = tuple(
    made(
        "networking.Subnet",
        f"approval-data-ipv{family}",
        {"networkId": [NETWORK]},
        ipVersion=family,
        cidr=cidr,
        tags=shared(tier="network", zone="data"),
    )
    for family, cidr in ((4, "10.19.1.0/24"), (6, "fd00:1301:4:1::/64"))
)
PORT = made(
    "networking.Port",
    "approval-elicence-web-1",
    {"securityGroupIds": [WEB]},
    name="approval-elicence-web-1",
    networkId=UNSEEN,
    fixedIps=[
        {"subnetId": UNSEEN, "ipAddress": "10.16.1.20"},
        {"subnetId": UNSEEN, "ipAddress": "fd00:1301:1:1::14"},
    ],
    securityGroupIds=[UNSEEN, UNSEEN],
    tags=tags(),
)
APART = made("compute.ServerGroup", "approval-elicence-web", name="approval-elicence-web", policies="anti-affinity")


def server(number: int = 1, **values: Any) -> Resource:
    """Return a web server."""
    name = f"approval-elicence-web-{number}"
    good = {
        "name": name,
        "flavorName": "SCS-1V-0.5-2",
        "imageName": "debian-12-hardened",
        "keyPair": UNSEEN,
        "networks": [{"port": UNSEEN}],
        "metadata": labels(),
    }
    return made("compute.Instance", name, {"schedulerHints": [APART]}, **{**good, **values})


def way(group: Resource, to: Resource | None = None, **values: Any) -> Resource:
    """Return a rule of a group; by default web servers let the public in on port 80."""
    refers = {"securityGroupId": [group], **({"remoteGroupId": [to]} if to else {})}
    good = {
        "direction": "ingress",
        "ethertype": "IPv4",
        "protocol": "tcp",
        "portRangeMin": 80,
        "portRangeMax": 80,
        "description": "citizens look up licences",
        **({} if to else {"remoteIpPrefix": "0.0.0.0/0"}),
    }
    chosen = {key: value for key, value in {**good, **values}.items() if value is not None}
    name = f"{group.name}-{chosen.get('direction')}-{chosen.get('portRangeMin')}-{chosen.get('remoteIpPrefix')}"
    return made("networking.SecGroupRule", f"{name}-{chosen.get('ethertype')}", refers, **chosen)


def port_of(number: int) -> dict[str, int]:
    return {"portRangeMin": number, "portRangeMax": number}


VOLUME = made(
    "blockstorage.Volume",
    "approval-elicence-database-1-database",
    name="approval-elicence-database-1-database",
    size=1,
    volumeType="standard",
    metadata=labels(tier="database", zone="data"),
)
CONTAINER = made(
    "objectstorage.Container",
    "approval-elicence-licences",
    name="approval-elicence-licences",
    versioning=True,
    forceDestroy=True,
    metadata=labels(tier="storage", zone="shared"),
)
BALANCER = made(
    "loadbalancer.LoadBalancer", "approval-elicence-front", name="front", vipAddress="10.16.1.10", tags=tags()
)
FLOATING = made("networking.FloatingIp", "front", {"portId": [BALANCER]}, pool="internet", tags=tags())
LISTENER = made(
    "loadbalancer.Listener", "front-https", name="front-https", protocol="TCP", protocolPort=443, tags=tags()
)
POOL = made("loadbalancer.Pool", "front-https", {"listenerId": [LISTENER]}, name="front-https", tags=tags())
MONITOR = made("loadbalancer.Monitor", "front-https", {"poolId": [POOL]}, name="front-https", type="TCP")
MEMBERS = tuple(
    made("loadbalancer.Member", f"front-web-{n}", {"poolId": [POOL]}, address=f"10.16.1.{19 + n}", tags=tags())
    for n in (1, 2)
)
PROJECT = made("identity.Project", "approval", name="approval", tags=shared(tier="shared", zone="shared"))
QUOTAS = tuple(
    made(kind, f"approval-{kind}", {"projectId": [PROJECT]}, **numbers)
    for kind, numbers in (
        ("compute.QuotaSetV2", {"instances": 9, "cores": 20}),
        ("blockstorage.QuoteSetV3", {"volumes": 9, "gigabytes": 20}),
        ("networking.QuotaV2", {"network": 5, "port": 60}),
    )
)
