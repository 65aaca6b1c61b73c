"""A load balancer in front of a tier: OVN passes TCP through and asks each server for its health.

OVN balances by source address and port only, and keeps the client's address, so the servers' own security group decides
who may come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_openstack as openstack

from stacks.labels import Labels


@dataclass(frozen=True, kw_only=True)
class LoadBalancerArgs:
    """What stands behind, by name, and on which ports it is reached."""

    listeners: Mapping[str, int]
    members: Mapping[str, pulumi.Input[str]]
    subnet_id: pulumi.Input[str]
    address: str
    external_network: str | None
    labels: Labels


class TierLoadBalancer(pulumi.ComponentResource):
    """One address for a tier."""

    address: pulumi.Output[str]
    floating_address: pulumi.Output[str] | None

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("govcloud:network:TierLoadBalancer", name, None, opts)
        self._ours = pulumi.ResourceOptions(parent=self)
        self._tags = args.labels.as_tags()
        balancer = openstack.loadbalancer.LoadBalancer(
            name,
            name=name,
            loadbalancer_provider="ovn",
            vip_subnet_id=args.subnet_id,
            vip_address=args.address,
            tags=self._tags,
            opts=self._ours,
        )
        ready = [done for key, port in args.listeners.items() for done in self._listen(name, key, port, balancer, args)]
        self.address = pulumi.Output.all(balancer.vip_address, *ready).apply(lambda values: str(values[0]))
        self.floating_address = None
        if args.external_network:
            self.floating_address = openstack.networking.FloatingIp(
                name, pool=args.external_network, port_id=balancer.vip_port_id, tags=self._tags, opts=self._ours
            ).address
        self.register_outputs({"address": self.address, "floating_address": self.floating_address})

    def _listen(
        self,
        name: str,
        key: str,
        port: int,
        balancer: openstack.loadbalancer.LoadBalancer,
        args: LoadBalancerArgs,
    ) -> list[pulumi.Output[str]]:
        listener = openstack.loadbalancer.Listener(
            f"{name}-{key}",
            name=f"{name}-{key}",
            loadbalancer_id=balancer.id,
            protocol="TCP",
            protocol_port=port,
            tags=self._tags,
            opts=self._ours,
        )
        pool = openstack.loadbalancer.Pool(
            f"{name}-{key}",
            name=f"{name}-{key}",
            listener_id=listener.id,
            protocol="TCP",
            lb_method="SOURCE_IP_PORT",
            tags=self._tags,
            opts=self._ours,
        )
        members = [
            openstack.loadbalancer.Member(
                f"{name}-{key}-{member}",
                name=member,
                pool_id=pool.id,
                address=address,
                protocol_port=port,
                subnet_id=args.subnet_id,
                tags=self._tags,
                opts=self._ours,
            ).id
            for member, address in args.members.items()
        ]
        monitor = openstack.loadbalancer.Monitor(
            f"{name}-{key}",
            name=f"{name}-{key}",
            pool_id=pool.id,
            type="TCP",
            delay=3,
            timeout=2,
            max_retries=2,
            opts=self._ours,
        )
        return [*members, monitor.id]
