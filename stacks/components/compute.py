"""Servers: alike within a tier, each on another machine, each with an address that the plan gives it.

A server's port is made first and given to it, so that its address outlives the server.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_openstack as openstack

from govcloud.core.model.department import DepartmentNetwork
from govcloud.core.model.environment import AdoptedServer
from stacks.labels import Labels
from stacks.references import UnitReference


@dataclass(frozen=True, kw_only=True)
class ServerNetwork:
    """Where servers are joined."""

    network_id: pulumi.Input[str]
    ipv4_subnet_id: pulumi.Input[str]
    ipv6_subnet_id: pulumi.Input[str]

    @classmethod
    def of(cls, department: UnitReference, zone: str) -> ServerNetwork:
        """Return a department's network of a zone, as its unit gives it out."""
        return cls(
            network_id=department.text("networks", zone, "network_id"),
            ipv4_subnet_id=department.text("networks", zone, "ipv4_subnet_id"),
            ipv6_subnet_id=department.text("networks", zone, "ipv6_subnet_id"),
        )


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """One server's addresses."""

    ipv4: str
    ipv6: str

    @classmethod
    def of(cls, network: DepartmentNetwork, host: int) -> Addresses:
        """Return those that the plan gives to a host number."""
        return cls(ipv4=str(network.ipv4_of(host)), ipv6=str(network.ipv6_of(host)))


@dataclass(frozen=True, kw_only=True)
class PortArgs:
    """Where a port stands, and which groups decide what it lets through."""

    network: ServerNetwork
    addresses: Addresses
    security_group_ids: Sequence[pulumi.Input[str]]
    labels: Labels
    passes: Sequence[str] = ()
    """Foreign ranges whose packets leave by it."""


def planned_port(name: str, args: PortArgs, opts: pulumi.ResourceOptions) -> openstack.networking.Port:
    """Make a port with the addresses that the plan gives it."""
    fixed = (
        (args.network.ipv4_subnet_id, args.addresses.ipv4),
        (args.network.ipv6_subnet_id, args.addresses.ipv6),
    )
    pairs = [openstack.networking.PortAllowedAddressPairArgs(ip_address=foreign) for foreign in args.passes]
    return openstack.networking.Port(
        name,
        name=name,
        network_id=args.network.network_id,
        fixed_ips=[
            openstack.networking.PortFixedIpArgs(subnet_id=subnet, ip_address=address) for subnet, address in fixed
        ],
        security_group_ids=list(args.security_group_ids),
        allowed_address_pairs=pairs or None,
        tags=args.labels.as_tags(),
        opts=opts,
    )


@dataclass(frozen=True, kw_only=True)
class TierServersArgs:
    """A group of servers, by name."""

    servers: Mapping[str, Addresses]
    flavor: str
    image: str
    key_pair: pulumi.Input[str]
    network: ServerNetwork
    security_group_ids: Sequence[pulumi.Input[str]]
    apart: str
    """The policy that keeps them on different machines; empty where they may stand anywhere."""
    labels: Labels
    adopted: Mapping[str, AdoptedServer] = field(default_factory=dict)
    """What servers that were there before are made of, by name."""


class TierServers(pulumi.ComponentResource):
    """The servers of one tier."""

    ids: Mapping[str, pulumi.Output[str]]
    port_ids: Mapping[str, pulumi.Output[str]]

    def __init__(self, name: str, args: TierServersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("govcloud:compute:TierServers", name, None, opts)
        self._ours = pulumi.ResourceOptions(parent=self)
        hints = None
        if args.apart:
            group = openstack.compute.ServerGroup(name, name=name, policies=args.apart, opts=self._ours)
            hints = [openstack.compute.InstanceSchedulerHintArgs(group=group.id)]
        self.ids = {}
        self.port_ids = {}
        before: list[pulumi.Resource] = []
        for server, addresses in args.servers.items():
            standing = PortArgs(
                network=args.network,
                addresses=addresses,
                security_group_ids=args.security_group_ids,
                labels=args.labels,
            )
            port = planned_port(server, standing, self._ours)
            self.port_ids[server] = port.id
            before_us = args.adopted.get(server, AdoptedServer())
            instance = openstack.compute.Instance(
                server,
                name=server,
                flavor_name=before_us.flavor or args.flavor,
                image_name=before_us.image or args.image,
                key_pair=before_us.key_pair or args.key_pair,
                networks=[openstack.compute.InstanceNetworkArgs(port=port.id)],
                scheduler_hints=hints,
                metadata=args.labels.as_metadata(),
                opts=pulumi.ResourceOptions(parent=self, depends_on=list(before)),
            )
            self.ids[server] = instance.id
            # One after another: of two that are placed at once on the same machine, Nova's late check may refuse both.
            if args.apart:
                before.append(instance)
        self.register_outputs({"ids": dict(self.ids)})
