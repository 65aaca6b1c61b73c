"""How each type of resource is found in the cloud, by its name or by what it joins, and how it is removed.

Types that are not here need neither: a quota or a container that is asked for twice is the same quota or container.
"""

from __future__ import annotations

import os.path
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from openstack.connection import Connection

Inputs = Mapping[str, Any]
# Names narrow a list where the cloud can: in a large department everything would be long. None of them is everything.
List = Callable[[Connection, Collection[str]], Iterator[Any]]
Find = Callable[[Connection, Inputs], Iterator[Any]]
Remove = Callable[[Connection, Any], object]
Vacant = Callable[[Connection, Any], bool]

_SECONDS = 120


def _id(thing: Any) -> str:
    """Return a thing's id as Pulumi's state has it; the key manager gives an address that ends with it."""
    return str(thing.id).rpartition("/")[2]


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """How one type is found and removed."""

    rank: int
    """Orders removal: users before what they use."""
    remove: Remove
    listed: List | None = None
    """What the access sees of this type, at least what has one of the names: they are unique within a project."""
    joined: Find | None = None
    """Instead, for what has no name: found by the ids of what it joins."""
    needs: str = ""
    """The input without which it cannot be found by what it joins."""
    vacant: Vacant | None = None
    """Whether it holds nothing, so that it may go without the cloud saying when it was made; None where it says so."""
    shared: bool = False
    """Whether it is made for all departments, by the administrator; the rest is made by departments alone."""
    identity: Callable[[Any], str] = _id


def _in_project(kind: str) -> List:
    def listed(cloud: Connection, names: Collection[str]) -> Iterator[Any]:
        query = {"name": sorted(names)} if names else {}
        found: Iterator[Any] = getattr(cloud.network, kind)(project_id=cloud.current_project_id, **query)
        return found

    return listed


def _servers(cloud: Connection, names: Collection[str]) -> Iterator[Any]:
    # Nova takes one pattern, without alternatives. Our names' letters, digits and hyphens stand for themselves.
    common = os.path.commonprefix([*names])  # noqa: RUF071 - of names, not of paths
    query: Any = {"name": f"^{common}"} if common else {}
    found: Iterator[Any] = cloud.compute.servers(**query)
    return found


def _keypairs(cloud: Connection, _: Collection[str]) -> Iterator[Any]:
    # The list does not say when one was made.
    return (cloud.compute.get_keypair(one.name) for one in cloud.compute.keypairs())


def _interfaces(cloud: Connection, inputs: Inputs) -> Iterator[Any]:
    for port in cloud.network.ports(device_id=inputs.get("routerId")):
        if any(one["subnet_id"] == inputs.get("subnetId") for one in port.fixed_ips):
            yield port


def _leave_router(cloud: Connection, port: Any) -> None:
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


def _detach(cloud: Connection, attachment: Any) -> None:
    cloud.compute.delete_volume_attachment(attachment.server_id, attachment.volume_id)
    cloud.block_storage.wait_for_status(
        cloud.block_storage.get_volume(attachment.volume_id), "available", interval=1, wait=60
    )


def _remove_server(cloud: Connection, server: Any) -> None:
    cloud.compute.delete_server(server)
    cloud.compute.wait_for_delete(server, interval=1, wait=120)


def _remove_balancer(cloud: Connection, balancer: Any) -> None:
    service: Any = cloud.load_balancer
    _settled(cloud, balancer.id)
    service.delete_load_balancer(balancer, cascade=True)
    service.wait_for_delete(balancer, interval=1, wait=_SECONDS)


def _settled(cloud: Connection, balancer_id: str) -> None:
    """Wait until a balancer takes orders: it refuses every one while it carries out another."""
    service: Any = cloud.load_balancer
    service.wait_for_load_balancer(balancer_id, status="ACTIVE", failures=["ERROR"], interval=1, wait=_SECONDS)


def _of_balancer(kind: str) -> Remove:
    def remove(cloud: Connection, one: Any) -> None:
        for balancer in _balancers(cloud, one):
            _settled(cloud, balancer)
        getattr(cloud.load_balancer, f"delete_{kind}")(one)

    return remove


def _balancers(cloud: Connection, one: Any) -> list[str]:
    """Return the balancers that a listener, pool or monitor belongs to; the SDK calls them differently in each."""
    service: Any = cloud.load_balancer
    pools = [service.get_pool(pool["id"]) for pool in getattr(one, "pools", None) or () if "id" in pool]
    named = getattr(one, "load_balancers", None) or getattr(one, "loadbalancers", None) or ()
    return [str(each["id"]) for each in (*named, *(part for pool in pools for part in pool.loadbalancers))]


def _members(cloud: Connection, inputs: Inputs) -> Iterator[Any]:
    listed: Any = cloud.load_balancer.members(str(inputs.get("poolId")))
    return (one for one in listed if one.name == inputs.get("name"))


def _remove_member(cloud: Connection, member: Any) -> None:
    service: Any = cloud.load_balancer
    for balancer in service.get_pool(member.pool_id).loadbalancers:
        _settled(cloud, balancer["id"])
    service.delete_member(member, member.pool_id)


def _always(_: Connection, __: object) -> bool:
    return True


def _on_no_server(cloud: Connection, flavor: Any) -> bool:
    return _none(cloud.compute.servers(all_projects=True, flavor=flavor.id))


def _on_no_volume(cloud: Connection, kind: Any) -> bool:
    return all(volume.volume_type != kind.name for volume in cloud.block_storage.volumes(all_projects=True))


def _let_nobody_in(cloud: Connection, project: Any) -> bool:
    """Say whether nobody has a role in a project and nothing with data or an address is in it."""
    there: Any = cloud
    of_all, own = {"all_projects": True, "project_id": project.id}, {"project_id": project.id}
    return (
        _none(there.identity.role_assignments(scope_project_id=project.id))
        and _none(there.compute.servers(**of_all))
        and _none(there.block_storage.volumes(**of_all))
        and _none(there.network.networks(**own))
        and _none(there.network.ports(**own))
        and _none(there.image.images(owner=project.id))
    )


def _none(listed: Iterable[Any]) -> bool:
    return next(iter(listed), None) is None


def _plain_removal(service: str, single: str) -> Remove:
    return lambda cloud, one: getattr(getattr(cloud, service), f"delete_{single}")(one)


def _listed(service: str, kind: str, rank: int, single: str, vacant: Vacant | None = None) -> Remedy:
    """Return the remedy for what is listed by one call and removed by another, with nothing to wait for."""
    return Remedy(
        rank=rank,
        listed=lambda cloud, _: getattr(getattr(cloud, service), kind)(),
        remove=_plain_removal(service, single),
        vacant=vacant,
    )


def _net(kind: str, rank: int, single: str) -> Remedy:
    return Remedy(rank=rank, listed=_in_project(kind), remove=_plain_removal("network", single))


def _balancing(kind: str, rank: int, remove: Remove) -> Remedy:
    return Remedy(rank=rank, listed=lambda cloud, _: getattr(cloud.load_balancer, kind)(), remove=remove)


def _joining(rank: int, find: Find, needs: str, remove: Remove, identity: Callable[[Any], str] = _id) -> Remedy:
    return Remedy(rank=rank, joined=find, needs=needs, remove=remove, identity=identity, vacant=_always)


REMEDIES: dict[str, Remedy] = {
    "openstack:compute/volumeAttach:VolumeAttach": _joining(
        0, _attachments, "instanceId", _detach, lambda one: f"{one.server_id}/{one.volume_id}"
    ),
    "openstack:networking/floatingIp:FloatingIp": _joining(
        0, _floating, "portId", lambda cloud, one: cloud.network.delete_ip(one)
    ),
    "openstack:loadbalancer/member:Member": _joining(0, _members, "poolId", _remove_member),
    "openstack:loadbalancer/monitor:Monitor": _balancing("health_monitors", 0, _of_balancer("health_monitor")),
    "openstack:loadbalancer/pool:Pool": _balancing("pools", 1, _of_balancer("pool")),
    "openstack:loadbalancer/listener:Listener": _balancing("listeners", 2, _of_balancer("listener")),
    "openstack:loadbalancer/loadBalancer:LoadBalancer": _balancing("load_balancers", 3, _remove_balancer),
    "openstack:compute/instance:Instance": Remedy(rank=3, listed=_servers, remove=_remove_server),
    "openstack:blockstorage/volume:Volume": _listed("block_storage", "volumes", 4, "volume"),
    "openstack:compute/serverGroup:ServerGroup": _listed("compute", "server_groups", 4, "server_group", _always),
    "openstack:compute/keypair:Keypair": Remedy(
        rank=4, listed=_keypairs, remove=_plain_removal("compute", "keypair"), identity=lambda one: str(one.name)
    ),
    "openstack:keymanager/secretV1:SecretV1": Remedy(
        rank=4,
        listed=lambda cloud, _: cloud.key_manager.secrets(),
        # By its id: asked to remove what it has listed, the SDK asks for an address that leads nowhere.
        remove=lambda cloud, one: cloud.key_manager.delete_secret(_id(one)),
    ),
    "openstack:networking/port:Port": _net("ports", 4, "port"),
    "openstack:networking/routerInterface:RouterInterface": _joining(4, _interfaces, "routerId", _leave_router),
    "openstack:networking/secGroupRule:SecGroupRule": _joining(
        4, _rules, "securityGroupId", lambda cloud, one: cloud.network.delete_security_group_rule(one)
    ),
    "openstack:networking/secGroup:SecGroup": _net("security_groups", 5, "security_group"),
    "openstack:networking/subnet:Subnet": _net("subnets", 5, "subnet"),
    "openstack:networking/router:Router": _net("routers", 5, "router"),
    "openstack:networking/network:Network": _net("networks", 6, "network"),
    "openstack:networking/subnetPool:SubnetPool": replace(_net("subnet_pools", 7, "subnet_pool"), shared=True),
    "openstack:compute/flavor:Flavor": replace(_listed("compute", "flavors", 7, "flavor", _on_no_server), shared=True),
    "openstack:blockstorage/volumeTypeV3:VolumeTypeV3": replace(
        _listed("block_storage", "types", 7, "type", _on_no_volume), shared=True
    ),
    "openstack:identity/project:Project": replace(
        _listed("identity", "projects", 8, "project", _let_nobody_in), shared=True
    ),
}
