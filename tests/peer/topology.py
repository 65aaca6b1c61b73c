"""Some 300 cheap resources, described once: what a large unit of a city has, without its servers.

A unit's mix: for each part of it a network of both families joined to a router, two security groups with their rules,
ports with fixed addresses in them; now and then a volume, a container, a secret. Labels stand on everything that takes
them. Both forms, Pulumi's program (`program.py`) and HCL (`hcl`), are made from this description alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

PARTS = 8
PORTS = 12
GROUPS = 2
RULES = 8
PROVIDER = "terraform-provider-openstack/openstack"


@dataclass(frozen=True)
class Ref:
    """The id of another resource, by its key."""

    key: str


@dataclass(frozen=True)
class Resource:
    """One resource: its key is its logical name in both forms, its kind the provider's own word."""

    key: str
    kind: str
    inputs: Mapping[str, Any]
    part: str
    """What it belongs to: in a program of ours a component."""


def topology(parts: int = PARTS) -> list[Resource]:
    """Return all resources, each after those it refers to."""
    whole = [_router("router-a"), _router("router-b")]
    for number in range(parts):
        whole += _part(number)
    return whole


def refs(value: object) -> list[str]:
    """Return the keys that inputs refer to."""
    if isinstance(value, Ref):
        return [value.key]
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [key for one in inner for key in refs(one)]


def resolved(value: Any, id_of: Callable[[str], Any]) -> Any:
    """Return inputs with each reference replaced."""
    if isinstance(value, Ref):
        return id_of(value.key)
    if isinstance(value, Mapping):
        return {name: resolved(one, id_of) for name, one in value.items()}
    return [resolved(one, id_of) for one in value] if isinstance(value, list) else value


def hcl(resources: list[Resource], cloud: str) -> dict[str, Any]:
    """Return the topology as OpenTofu's JSON, with the cloud's entry in clouds.yaml."""
    kinds = {one.key: one.kind for one in resources}
    body: dict[str, dict[str, Any]] = {}
    for one in resources:
        body.setdefault(one.kind, {})[one.key] = resolved(one.inputs, lambda key: f"${{{kinds[key]}.{key}.id}}")
    return {
        "terraform": {"required_providers": {"openstack": {"source": PROVIDER}}},
        "provider": {"openstack": {"cloud": cloud}},
        "resource": body,
    }


def _router(key: str) -> Resource:
    return Resource(key, "openstack_networking_router_v2", {"name": key, "tags": _tags("network")}, "peer")


def _part(number: int) -> list[Resource]:
    part = f"part-{number}"
    groups = [f"{part}-group-{group}" for group in range(GROUPS)]
    made = _network(part, number)
    for group in groups:
        made += _group(part, group)
    return [*made, *(_port(part, number, host, groups) for host in range(PORTS)), *_stores(part, number)]


def _network(part: str, number: int) -> list[Resource]:
    tags = _tags(part)
    four, six = (str(block) for block in _blocks(number))
    router = f"router-{'ab'[number % 2]}"
    base = {"network_id": Ref(part), "tags": tags}
    stateful = {"ipv6_address_mode": "dhcpv6-stateful", "ipv6_ra_mode": "dhcpv6-stateful"}
    return [
        Resource(part, "openstack_networking_network_v2", {"name": part, "tags": tags}, part),
        Resource(
            f"{part}-ipv4",
            "openstack_networking_subnet_v2",
            {"name": f"{part}-ipv4", "ip_version": 4, "cidr": four, **base},
            part,
        ),
        Resource(
            f"{part}-ipv6",
            "openstack_networking_subnet_v2",
            {"name": f"{part}-ipv6", "ip_version": 6, "cidr": six, **stateful, **base},
            part,
        ),
        *(
            Resource(
                f"{part}-{family}-joined",
                "openstack_networking_router_interface_v2",
                {"router_id": Ref(router), "subnet_id": Ref(f"{part}-{family}")},
                part,
            )
            for family in ("ipv4", "ipv6")
        ),
    ]


def _group(part: str, group: str) -> list[Resource]:
    made = {"name": group, "description": "Of the bench", "delete_default_rules": True, "tags": _tags(part)}
    rules = [
        Resource(
            f"{group}-rule-{rule}",
            "openstack_networking_secgroup_rule_v2",
            {
                "security_group_id": Ref(group),
                "direction": "egress" if rule % 2 else "ingress",
                "ethertype": "IPv6" if rule % 4 > 1 else "IPv4",
                "protocol": "tcp",
                "port_range_min": 8000 + rule,
                "port_range_max": 8000 + rule,
                "remote_group_id": Ref(group),
                "description": "Of the bench",
            },
            part,
        )
        for rule in range(RULES)
    ]
    return [Resource(group, "openstack_networking_secgroup_v2", made, part), *rules]


def _port(part: str, number: int, host: int, groups: list[str]) -> Resource:
    four, six = _blocks(number)
    addresses = (("ipv4", four[host + 16]), ("ipv6", six[host + 16]))
    inputs = {
        "name": f"{part}-port-{host}",
        "network_id": Ref(part),
        "fixed_ip": [{"subnet_id": Ref(f"{part}-{family}"), "ip_address": str(one)} for family, one in addresses],
        "security_group_ids": [Ref(group) for group in groups],
        "tags": _tags(part),
    }
    return Resource(f"{part}-port-{host}", "openstack_networking_port_v2", inputs, part)


def _stores(part: str, number: int) -> list[Resource]:
    """Return one thing of another service than the network's, or two: of each kind a unit has few."""
    labels = {"unit": "peer", "part": part}
    container = {"name": f"{part}-documents", "metadata": labels}
    group = {"name": f"{part}-apart", "policies": ["anti-affinity"]}
    volume = {"name": f"{part}-data", "size": 1, "metadata": labels}
    made = [Resource(f"{part}-documents", "openstack_objectstorage_container_v1", container, part)]
    if number % 2:
        made.append(Resource(f"{part}-apart", "openstack_compute_servergroup_v2", group, part))
    else:
        made.append(Resource(f"{part}-data", "openstack_blockstorage_volume_v3", volume, part))
    return made


def _blocks(number: int) -> tuple[Any, Any]:
    return ip_network(f"10.80.{number}.0/24"), ip_network(f"fd80:0:0:{number:x}::/64")


def _tags(part: str) -> list[str]:
    return sorted(["city=bench", "unit=peer", f"part={part}", "tier=shared", "level=3", "xinchuang=true"])
