"""Servers: alike within a tier, each on another machine, each with an address that the plan gives it.

A server's port is made first and given to it, so that its address outlives the server.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_openstack as openstack

from govcloud.core.model.environment import AdoptedServer
from stacks.labels import Labels


@dataclass(frozen=True, kw_only=True)
class ServerNetwork:
    """Where servers are joined."""

    network_id: pulumi.Input[str]
    ipv4_subnet_id: pulumi.Input[str]
    ipv6_subnet_id: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """One server's addresses."""

    ipv4: str
    ipv6: str


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
            port = self._port(server, addresses, args)
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

    def _port(self, server: str, addresses: Addresses, args: TierServersArgs) -> openstack.networking.Port:
        fixed = (
            (args.network.ipv4_subnet_id, addresses.ipv4),
            (args.network.ipv6_subnet_id, addresses.ipv6),
        )
        return openstack.networking.Port(
            server,
            name=server,
            network_id=args.network.network_id,
            fixed_ips=[
                openstack.networking.PortFixedIpArgs(subnet_id=subnet, ip_address=address) for subnet, address in fixed
            ],
            security_group_ids=list(args.security_group_ids),
            tags=args.labels.as_tags(),
            opts=self._ours,
        )
