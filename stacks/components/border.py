"""The border router as far as Pulumi goes: a server between two networks. What makes it a router is Ansible's."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_openstack as openstack

from stacks.components.compute import PortArgs, planned_port


@dataclass(frozen=True, kw_only=True)
class BorderServerArgs:
    """The first leg has the way out; operators come to it."""

    flavor: str
    image: str
    key_pair: pulumi.Input[str]
    outside: PortArgs
    inside: PortArgs


class BorderServer(pulumi.ComponentResource):
    """A server with two legs, each with its addresses of the plan."""

    server_id: pulumi.Output[str]

    def __init__(self, name: str, args: BorderServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("govcloud:uplink:BorderServer", name, None, opts)
        ours = pulumi.ResourceOptions(parent=self)
        legs = [planned_port(name, args.outside, ours), planned_port(f"{name}-inside", args.inside, ours)]
        server = openstack.compute.Instance(
            name,
            name=name,
            flavor_name=args.flavor,
            image_name=args.image,
            key_pair=args.key_pair,
            networks=[openstack.compute.InstanceNetworkArgs(port=leg.id) for leg in legs],
            metadata=args.outside.labels.as_metadata(),
            opts=ours,
        )
        self.server_id = server.id
        self.register_outputs({"server_id": self.server_id})
