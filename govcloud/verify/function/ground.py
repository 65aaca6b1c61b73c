"""Where test servers stand: a network of their own without a way out, or the project's where it may make none.

Nothing of the test is reached from outside: no router, no floating address, no key. What servers see they tell by
their console.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from openstack.exceptions import ConflictException, ForbiddenException

from govcloud.core.language import mark
from govcloud.verify.function.marker import Marker
from govcloud.verify.function.steps import NotApplicable

# Addresses for tests of networks (RFC 2544): nothing of a city has them, and nothing routes to this network.
CIDR = "198.18.254.0/24"
PORT = 8080


@dataclass(frozen=True)
class Ground:
    """A network to stand on."""

    network: str
    subnet: str
    cidr: str
    group: str


def make(cloud: Any, marker: Marker, scenario: str) -> Ground:  # noqa: ANN401
    """Make network and security group of a scenario."""
    name = marker.name(scenario, "net")
    group = cloud.network.create_security_group(name=marker.name(scenario, "group"), description=marker.text)
    try:
        network = cloud.network.create_network(name=name, description=marker.text)
        subnet = cloud.network.create_subnet(
            network_id=network.id, name=name, description=marker.text, ip_version=4, cidr=CIDR, gateway_ip=None
        )
    except (ForbiddenException, ConflictException):
        network, subnet = _given(cloud)
    cloud.network.create_security_group_rule(
        security_group_id=group.id,
        direction="ingress",
        ethertype="IPv4",
        protocol="tcp",
        port_range_min=PORT,
        port_range_max=PORT,
        remote_ip_prefix=subnet.cidr,
    )
    return Ground(network.id, subnet.id, subnet.cidr, group.id)


def _given(cloud: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """Return a network of the project and its IPv4 subnet, where none may be made."""
    project = cloud.current_project_id
    for network in cloud.network.networks(project_id=project):
        if not network.is_router_external:
            for subnet in cloud.network.subnets(network_id=network.id, ip_version=4):
                return network, subnet
    raise NotApplicable(mark("the project may make no network and has none"))
