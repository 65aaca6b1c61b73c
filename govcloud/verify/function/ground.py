"""Where test servers stand: networks of their own without a way out, or the project's where it may make none.

Nothing of the test is reached from outside: no external network, no floating address, no key. What servers see they
tell by their console.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from openstack.exceptions import ConflictException, ForbiddenException

from govcloud.core.language import mark
from govcloud.verify.function.marker import Marker
from govcloud.verify.function.steps import NotApplicable

# Addresses for tests of networks (RFC 2544): nothing of a city has them, and nothing routes to these networks.
BEHIND, FRONT, BOTH = "198.18.254.0/24", "198.18.255.0/24", "198.18.254.0/23"
PORT = 8080


@dataclass(frozen=True)
class Ground:
    """A network to stand on; `given` is the project's own."""

    network: str
    subnet: str
    group: str
    given: bool = False


def make(cloud: Any, marker: Marker, scenario: str) -> Ground:
    """Make network and security group of a scenario."""
    group = cloud.network.create_security_group(name=marker.name(scenario, "group"), description=marker.text)
    given, reached_from = False, BOTH
    try:
        network, subnet = _network(cloud, marker, marker.name(scenario, "net"), BEHIND)
    except (ForbiddenException, ConflictException):
        network, subnet = _given(cloud)
        given, reached_from = True, subnet.cidr
    cloud.network.create_security_group_rule(
        security_group_id=group.id,
        direction="ingress",
        ethertype="IPv4",
        protocol="tcp",
        port_range_min=PORT,
        port_range_max=PORT,
        remote_ip_prefix=reached_from,
    )
    return Ground(network.id, subnet.id, group.id, given)


def in_front(cloud: Any, marker: Marker, scenario: str, behind: Ground) -> Ground:
    """Make a second network and a router between the two; where networks are given, the same one has to do.

    A balancer's address that OVN serves is reached through a router only: within its own network nobody answers for it.
    """
    if behind.given:
        return behind
    network, subnet = _network(cloud, marker, marker.name(scenario, "front"), FRONT)
    router = cloud.network.create_router(name=marker.name(scenario, "router"), description=marker.text)
    for one in (behind.subnet, subnet.id):
        cloud.network.add_interface_to_router(router, subnet_id=one)
    return Ground(network.id, subnet.id, behind.group)


def _network(cloud: Any, marker: Marker, name: str, cidr: str) -> tuple[Any, Any]:
    network = cloud.network.create_network(name=name, description=marker.text)
    subnet = cloud.network.create_subnet(
        network_id=network.id, name=name, description=marker.text, ip_version=4, cidr=cidr
    )
    return network, subnet


def _given(cloud: Any) -> tuple[Any, Any]:
    """Return a network of the project and its IPv4 subnet, where none may be made."""
    for network in cloud.network.networks(project_id=cloud.current_project_id):
        if not network.is_router_external:
            for subnet in cloud.network.subnets(network_id=network.id, ip_version=4):
                return network, subnet
    raise NotApplicable(mark("the project may make no network and has none"))
