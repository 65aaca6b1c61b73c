"""A small city in a project of somebody else, on networks that the provider made there, with their router."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openstack.connection
import pytest
import yaml

from govcloud.core.model.inventory import load
from tests.deploy.own_cloud import FLAVOR, MEMBER, Own, member, own, things

pytestmark = pytest.mark.lab

__all__ = ["member", "own"]


@pytest.fixture
def lent(own: Own, member: str, cloud: openstack.connection.Connection) -> Iterator[list[str]]:
    """Make networks and their router in the project, as its provider; give what stands there, take them back."""
    cloud.compute.create_flavor(name=FLAVOR, ram=512, vcpus=1, disk=4)
    network: Any = cloud.network
    outside_network = network.find_network("internet", ignore_missing=False)
    router = network.create_router(
        name="lent", project_id=member, external_gateway_info={"network_id": outside_network.id}
    )
    networks = load(own.root / "inventory").departments["harbour"].networks
    for zone, blocks in networks.items():
        made = network.create_network(name=f"lent-{zone}", project_id=member)
        for version, block in ((4, blocks.ipv4), (6, blocks.ipv6)):
            how = {} if version == 4 else {"ipv6_address_mode": "dhcpv6-stateful", "ipv6_ra_mode": "dhcpv6-stateful"}
            subnet = network.create_subnet(
                network_id=made.id,
                project_id=member,
                ip_version=version,
                cidr=str(block),
                allocation_pools=[{"start": str(block[200]), "end": str(block[250])}],
                **how,
            )
            network.add_interface_to_router(router, subnet_id=subnet.id)
    environments = own.root / "inventory" / "environments"
    settings = yaml.safe_load((environments / "given.yaml").read_text(encoding="utf-8"))
    settings["tenancy"]["projects"]["harbour"]["networks"] = {zone: f"lent-{zone}" for zone in networks}
    (environments / "lent.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    yield things(cloud, member)
    for port in network.ports(device_id=router.id, project_id=member):
        network.remove_interface_from_router(router, port_id=port.id)
    network.delete_router(router)
    for one in network.networks(project_id=member):
        network.delete_network(one)


@pytest.mark.sample(0)
def test_a_member_builds_on_networks_that_were_lent_and_leaves_them(
    own: Own, member: str, lent: list[str], cloud: openstack.connection.Connection
) -> None:
    own.approved("--env", "lent", "--cloud", MEMBER)
    assert own.changes("--env", "lent") == 0
    servers = {one.name: one for one in cloud.compute.servers(all_projects=True) if one.project_id == member}
    assert {name: one.status for name, one in servers.items()} == {
        "harbour-bastion": "ACTIVE",
        "harbour-berths-application-1": "ACTIVE",
    }
    where = servers["harbour-berths-application-1"].addresses["lent-extranet"]
    assert {one["addr"] for one in where} == {"10.200.1.20", "fd00:1399:2:1::14"}
    made = [one for one in things(cloud, member) if one not in lent]
    assert not [one for one in made if one.startswith(("Network ", "Subnet ", "Router "))]
    for unit in ("harbour-berths", "harbour"):
        own.approved("--env", "lent", unit, "--destroy")
    assert things(cloud, member) == lent
