"""How each type of resource is found in the cloud by what Pulumi was going to ask for, and how it is removed.

Types that are not here need neither: a quota or a container that is asked for twice is the same quota or container.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from openstack.connection import Connection

Inputs = Mapping[str, Any]
Find = Callable[[Connection, Inputs], Iterator[Any]]
Remove = Callable[[Connection, Any], object]

_SECONDS = 120


@dataclass(frozen=True)
class Remedy:
    """How one type is found and removed; `rank` orders removal, users before what they use."""

    rank: int
    find: Find
    remove: Remove


def _named(listing: Callable[[Connection], Iterator[Any]]) -> Find:
    """Find by the name that the inventory gives; it is unique within a project."""

    def find(cloud: Connection, inputs: Inputs) -> Iterator[Any]:
        return (one for one in listing(cloud) if one.name == inputs.get("name"))

    return find


def _in_project(kind: str) -> Find:
    def find(cloud: Connection, inputs: Inputs) -> Iterator[Any]:
        listed: Any = getattr(cloud.network, kind)(name=inputs.get("name"), project_id=cloud.current_project_id)
        yield from listed

    return find


def _interfaces(cloud: Connection, inputs: Inputs) -> Iterator[Any]:
    for port in cloud.network.ports(device_id=inputs.get("routerId")):
        if any(one["subnet_id"] == inputs.get("subnetId") for one in port.fixed_ips):
            yield port


def _leave_router(cloud: Connection, port: Any) -> None:  # noqa: ANN401 - as above
    network: Any = cloud.network
    network.remove_interface_from_router(port.device_id, port_id=port.id)


def _rules(cloud: Connection, inputs: Inputs) -> Iterator[Any]:
    same = {
        "direction": "direction",
        "ether_type": "ethertype",
        "protocol": "protocol",
        "port_range_min": "portRangeMin",
        "port_range_max": "portRangeMax",
        "remote_group_id": "remoteGroupId",
        "remote_ip_prefix": "remoteIpPrefix",
    }
    for rule in cloud.network.security_group_rules(security_group_id=inputs.get("securityGroupId")):
        if all(_plain(getattr(rule, there)) == _plain(inputs.get(here)) for there, here in same.items()):
            yield rule


def _plain(value: object) -> str | None:
    """Return a value as it compares: Pulumi's numbers are floating."""
    if value is None:
        return None
    return str(int(value)) if isinstance(value, float) else str(value)


def _floating(cloud: Connection, inputs: Inputs) -> Iterator[Any]:
    listed: Any = cloud.network.ips(project_id=cloud.current_project_id)
    return (one for one in listed if one.port_id == inputs.get("portId"))


def _attachments(cloud: Connection, inputs: Inputs) -> Iterator[Any]:
    for one in cloud.compute.volume_attachments(str(inputs.get("instanceId"))):
        if one.volume_id == inputs.get("volumeId"):
            yield one


def _detach(cloud: Connection, attachment: Any) -> None:  # noqa: ANN401 - as above
    cloud.compute.delete_volume_attachment(attachment.server_id, attachment.volume_id)
    cloud.block_storage.wait_for_status(
        cloud.block_storage.get_volume(attachment.volume_id), "available", interval=1, wait=60
    )


def _remove_server(cloud: Connection, server: Any) -> None:  # noqa: ANN401 - as above
    cloud.compute.delete_server(server)
    cloud.compute.wait_for_delete(server, interval=1, wait=120)


def _remove_balancer(cloud: Connection, balancer: Any) -> None:  # noqa: ANN401 - as above
    service: Any = cloud.load_balancer
    _settled(cloud, balancer.id)
    service.delete_load_balancer(balancer, cascade=True)
    service.wait_for_delete(balancer, interval=1, wait=_SECONDS)


def _settled(cloud: Connection, balancer_id: str) -> None:
    """Wait until a balancer takes orders: it refuses every one while it carries out another."""
    service: Any = cloud.load_balancer
    service.wait_for_load_balancer(balancer_id, status="ACTIVE", failures=["ERROR"], interval=1, wait=_SECONDS)


def _of_balancer(kind: str) -> Remove:
    def remove(cloud: Connection, one: Any) -> None:  # noqa: ANN401 - as above
        for balancer in getattr(one, "load_balancers", None) or ():
            _settled(cloud, balancer["id"])
        getattr(cloud.load_balancer, f"delete_{kind}")(one)

    return remove


def _members(cloud: Connection, inputs: Inputs) -> Iterator[Any]:
    listed: Any = cloud.load_balancer.members(str(inputs.get("poolId")))
    return (one for one in listed if one.name == inputs.get("name"))


def _remove_member(cloud: Connection, member: Any) -> None:  # noqa: ANN401 - as above
    service: Any = cloud.load_balancer
    for balancer in service.get_pool(member.pool_id).load_balancers:
        _settled(cloud, balancer["id"])
    service.delete_member(member, member.pool_id)


def _listed(service: str, kind: str, rank: int, single: str) -> Remedy:
    """Return the remedy for what is listed by one call and removed by another, with nothing to wait for."""
    return Remedy(
        rank,
        _named(lambda cloud: getattr(getattr(cloud, service), kind)()),
        lambda cloud, one: getattr(getattr(cloud, service), f"delete_{single}")(one),
    )


def _net(kind: str, rank: int, single: str) -> Remedy:
    return Remedy(rank, _in_project(kind), lambda cloud, one: getattr(cloud.network, f"delete_{single}")(one))


REMEDIES: dict[str, Remedy] = {
    "openstack:compute/volumeAttach:VolumeAttach": Remedy(0, _attachments, _detach),
    "openstack:networking/floatingIp:FloatingIp": Remedy(0, _floating, lambda cloud, one: cloud.network.delete_ip(one)),
    "openstack:loadbalancer/member:Member": Remedy(0, _members, _remove_member),
    "openstack:loadbalancer/monitor:Monitor": Remedy(
        0, _named(lambda cloud: cloud.load_balancer.health_monitors()), _of_balancer("health_monitor")
    ),
    "openstack:loadbalancer/pool:Pool": Remedy(
        1, _named(lambda cloud: cloud.load_balancer.pools()), _of_balancer("pool")
    ),
    "openstack:loadbalancer/listener:Listener": Remedy(
        2, _named(lambda cloud: cloud.load_balancer.listeners()), _of_balancer("listener")
    ),
    "openstack:loadbalancer/loadBalancer:LoadBalancer": Remedy(
        3, _named(lambda cloud: cloud.load_balancer.load_balancers()), _remove_balancer
    ),
    "openstack:compute/instance:Instance": Remedy(3, _named(lambda cloud: cloud.compute.servers()), _remove_server),
    "openstack:blockstorage/volume:Volume": _listed("block_storage", "volumes", 4, "volume"),
    "openstack:compute/serverGroup:ServerGroup": _listed("compute", "server_groups", 4, "server_group"),
    "openstack:compute/keypair:Keypair": _listed("compute", "keypairs", 4, "keypair"),
    "openstack:keymanager/secretV1:SecretV1": _listed("key_manager", "secrets", 4, "secret"),
    "openstack:networking/port:Port": _net("ports", 4, "port"),
    "openstack:networking/routerInterface:RouterInterface": Remedy(4, _interfaces, _leave_router),
    "openstack:networking/secGroupRule:SecGroupRule": Remedy(
        4, _rules, lambda cloud, one: cloud.network.delete_security_group_rule(one)
    ),
    "openstack:networking/secGroup:SecGroup": _net("security_groups", 5, "security_group"),
    "openstack:networking/subnet:Subnet": _net("subnets", 5, "subnet"),
    "openstack:networking/router:Router": _net("routers", 5, "router"),
    "openstack:networking/network:Network": _net("networks", 6, "network"),
    "openstack:networking/subnetPool:SubnetPool": _net("subnet_pools", 7, "subnet_pool"),
    "openstack:compute/flavor:Flavor": _listed("compute", "flavors", 7, "flavor"),
    "openstack:blockstorage/volumeTypeV3:VolumeTypeV3": _listed("block_storage", "types", 7, "type"),
    "openstack:identity/project:Project": _listed("identity", "projects", 8, "project"),
}
