"""The border router as far as Pulumi goes: a server between two networks. What makes it a router is Ansible's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_openstack as openstack

from stacks.components.compute import Addresses, ServerNetwork
from stacks.labels import Labels


@dataclass(frozen=True, kw_only=True)
class LegArgs:
    """One leg: where it stands and what it lets through."""

    network: ServerNetwork
    addresses: Addresses
    security_group_ids: Sequence[pulumi.Input[str]]
    labels: Labels
    passes: Sequence[str] = ()
    """Foreign ranges whose packets leave by it."""


@dataclass(frozen=True, kw_only=True)
class BorderServerArgs:
    """The first leg has the way out; operators come to it."""

    flavor: str
    image: str
    key_pair: pulumi.Input[str]
    outside: LegArgs
    inside: LegArgs


class BorderServer(pulumi.ComponentResource):
    """A server with two legs, each with its addresses of the plan."""

    server_id: pulumi.Output[str]

    def __init__(self, name: str, args: BorderServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("govcloud:uplink:BorderServer", name, None, opts)
        self._ours = pulumi.ResourceOptions(parent=self)
        legs = [self._leg(name, args.outside), self._leg(f"{name}-inside", args.inside)]
        server = openstack.compute.Instance(
            name,
            name=name,
            flavor_name=args.flavor,
            image_name=args.image,
            key_pair=args.key_pair,
            networks=[openstack.compute.InstanceNetworkArgs(port=leg.id) for leg in legs],
            metadata=args.outside.labels.as_metadata(),
            opts=self._ours,
        )
        self.server_id = server.id
        self.register_outputs({"server_id": self.server_id})

    def _leg(self, name: str, leg: LegArgs) -> openstack.networking.Port:
        fixed = (
            (leg.network.ipv4_subnet_id, leg.addresses.ipv4),
            (leg.network.ipv6_subnet_id, leg.addresses.ipv6),
        )
        return openstack.networking.Port(
            name,
            name=name,
            network_id=leg.network.network_id,
            fixed_ips=[
                openstack.networking.PortFixedIpArgs(subnet_id=subnet, ip_address=address) for subnet, address in fixed
            ],
            security_group_ids=list(leg.security_group_ids),
            allowed_address_pairs=[
                openstack.networking.PortAllowedAddressPairArgs(ip_address=foreign) for foreign in leg.passes
            ],
            tags=leg.labels.as_tags(),
            opts=self._ours,
        )
