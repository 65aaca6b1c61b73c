"""A department's networks: one per zone, IPv4 and IPv6, joined by one router with a way to the external network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_openstack as openstack

from govcloud.core.model.department import DepartmentNetwork
from stacks.labels import Labels


@dataclass(frozen=True, kw_only=True)
class ZoneNetworkIds:
    """One network, ready to be used: it is given out when its router is joined."""

    network_id: pulumi.Output[str]
    ipv4_subnet_id: pulumi.Output[str]
    ipv6_subnet_id: pulumi.Output[str]


@dataclass(frozen=True, kw_only=True)
class SubnetPoolIds:
    """The pools that a zone's subnets are taken from; neutron refuses what lies outside or overlaps."""

    ipv4: pulumi.Input[str]
    ipv6: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class DepartmentNetworksArgs:
    """Networks by zone."""

    networks: Mapping[str, DepartmentNetwork]
    pools: Mapping[str, SubnetPoolIds]
    """By zone; a zone without any has its addresses from the plan alone, which our checks keep."""
    external_network_id: pulumi.Input[str]
    labels: Labels
    adopted: Mapping[str, str] = field(default_factory=dict)
    """The names of networks that were there before, by ours."""


class DepartmentNetworks(pulumi.ComponentResource):
    """Networks, their subnets and their router."""

    zones: Mapping[str, ZoneNetworkIds]
    router_id: pulumi.Output[str]

    def __init__(self, name: str, args: DepartmentNetworksArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("govcloud:network:DepartmentNetworks", name, None, opts)
        self._name = name
        self._adopted = args.adopted
        self._ours = pulumi.ResourceOptions(parent=self)
        router = openstack.networking.Router(
            name,
            name=name,
            external_network_id=args.external_network_id,
            tags=args.labels.at(tier="network").as_tags(),
            opts=self._ours,
        )
        self.router_id = router.id
        self.zones = {
            zone: self._zone(zone, network, args.pools.get(zone), args.labels.at(tier="network", zone=zone), router)
            for zone, network in args.networks.items()
        }
        self.register_outputs({"router_id": self.router_id})

    def _zone(
        self,
        zone: str,
        network: DepartmentNetwork,
        pools: SubnetPoolIds | None,
        labels: Labels,
        router: openstack.networking.Router,
    ) -> ZoneNetworkIds:
        name = f"{self._name}-{zone}"
        made = openstack.networking.Network(
            name, name=self._adopted.get(name, name), tags=labels.as_tags(), opts=self._ours
        )
        dynamic = network.first_dynamic
        ipv4 = openstack.networking.Subnet(
            f"{name}-ipv4",
            name=f"{name}-ipv4",
            network_id=made.id,
            ip_version=4,
            subnetpool_id=pools.ipv4 if pools else None,
            cidr=str(network.ipv4),
            gateway_ip=str(network.ipv4[1]),
            allocation_pools=[{"start": str(network.ipv4[dynamic]), "end": str(network.ipv4[-2])}],
            tags=labels.as_tags(),
            opts=self._ours,
        )
        # Stateful, because only then may a port have the address that the plan gives it.
        ipv6 = openstack.networking.Subnet(
            f"{name}-ipv6",
            name=f"{name}-ipv6",
            network_id=made.id,
            ip_version=6,
            ipv6_address_mode="dhcpv6-stateful",
            ipv6_ra_mode="dhcpv6-stateful",
            subnetpool_id=pools.ipv6 if pools else None,
            cidr=str(network.ipv6),
            gateway_ip=str(network.ipv6[1]),
            allocation_pools=[{"start": str(network.ipv6[0x1000]), "end": str(network.ipv6[0x1FFF])}],
            tags=labels.as_tags(),
            opts=self._ours,
        )
        joined = [
            openstack.networking.RouterInterface(
                f"{name}-{family}", router_id=router.id, subnet_id=subnet.id, opts=self._ours
            ).id
            for family, subnet in (("ipv4", ipv4), ("ipv6", ipv6))
        ]
        return ZoneNetworkIds(
            network_id=_ready(made.id, joined),
            ipv4_subnet_id=_ready(ipv4.id, joined),
            ipv6_subnet_id=_ready(ipv6.id, joined),
        )


def given_network(name: str, network: DepartmentNetwork) -> ZoneNetworkIds:
    """Look up a network that the provider has made in the department's project, with its router."""
    found = openstack.networking.get_network_output(name=name)
    ipv4, ipv6 = (
        openstack.networking.get_subnet_output(network_id=found.id, cidr=str(block)).id
        for block in (network.ipv4, network.ipv6)
    )
    return ZoneNetworkIds(network_id=found.id, ipv4_subnet_id=ipv4, ipv6_subnet_id=ipv6)


def _ready(value: pulumi.Output[str], after: Sequence[pulumi.Output[str]]) -> pulumi.Output[str]:
    return pulumi.Output.all(value, *after).apply(lambda values: str(values[0]))
