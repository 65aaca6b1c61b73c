"""Changes that somebody makes behind the states: each by the API, with the access of the department whose thing it is.

By name `Kind.field`. A change returns how it is taken back, or nothing where only the next deployment can.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from govcloud.deploy.drift.states import Resource

Undo = Callable[[], object] | None
_OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOhV0kX0c6ZQmRkVJmZ0nP0w0b0b0b0b0b0b0b0b0b0b other"


@dataclass(frozen=True)
class Change:
    """What is done to a thing, and which fields of it must be told; none when the thing is gone."""

    act: Callable[[Any, Resource], Undo]
    fields: frozenset[str] = frozenset()
    fits: Callable[[Resource], bool] = lambda _: True
    """Which things it can be done to without breaking what other proofs stand on."""


def _updated(service: str, single: str, **values: object) -> Callable[[Any, Resource], Undo]:
    """Set attributes of a thing, and back to what they were."""

    def act(cloud: Any, one: Resource) -> Undo:
        proxy = getattr(cloud, service)
        thing = getattr(proxy, f"get_{single}")(one.id)
        before = {name: getattr(thing, name) for name in values}
        update = getattr(proxy, f"update_{single}")
        update(one.id, **values)
        return lambda: update(one.id, **before)

    return act


def _balancing(single: str, **values: object) -> Callable[[Any, Resource], Undo]:
    """Set attributes of a part of a balancer, which takes one order after another."""

    def act(cloud: Any, one: Resource) -> Undo:
        proxy = cloud.load_balancer
        pool = (one.outputs["poolId"],) if single == "member" else ()
        thing = getattr(proxy, f"get_{single}")(one.id, *pool)
        balancer = _balancer_of(cloud, single, thing, one)
        before = {name: getattr(thing, name) for name in values}

        def put(wanted: Mapping[str, object]) -> None:
            _settle(cloud, balancer)
            getattr(proxy, f"update_{single}")(one.id, *pool, **wanted)
            _settle(cloud, balancer)

        put(values)
        return lambda: put(before)

    return act


def _balancer_of(cloud: Any, single: str, thing: Any, one: Resource) -> str:
    if single == "load_balancer":
        return one.id
    if single == "listener":
        return str(thing.load_balancers[0]["id"])
    pool = one.id if single == "pool" else str(one.outputs["poolId"])
    return str(cloud.load_balancer.get_pool(pool).loadbalancers[0]["id"])


def _settle(cloud: Any, balancer: str) -> None:
    cloud.load_balancer.wait_for_load_balancer(balancer, status="ACTIVE", failures=["ERROR"], interval=0.3, wait=60)


def _tags(kind: str) -> Callable[[Any, Resource], Undo]:
    def act(cloud: Any, one: Resource) -> Undo:
        thing = getattr(cloud.network, f"get_{kind}")(one.id)
        before = list(thing.tags)
        cloud.network.set_tags(thing, [*before, "owner=somebody"])
        return lambda: cloud.network.set_tags(thing, before)

    return act


def _network(single: str, **values: object) -> Change:
    return Change(_updated("network", single, **values), frozenset(values))


def _part(single: str, **values: object) -> Change:
    return Change(_balancing(single, **values), frozenset(values))


def _no_port_security(cloud: Any, one: Resource) -> Undo:
    port = cloud.network.get_port(one.id)
    groups, pairs = list(port.security_group_ids), list(port.allowed_address_pairs)
    cloud.network.update_port(one.id, security_groups=[], allowed_address_pairs=[], port_security_enabled=False)

    def back() -> None:
        cloud.network.update_port(one.id, port_security_enabled=True)
        cloud.network.update_port(one.id, security_groups=groups, allowed_address_pairs=pairs)

    return back


def _pair(cloud: Any, one: Resource) -> Undo:
    before = list(cloud.network.get_port(one.id).allowed_address_pairs)
    cloud.network.update_port(one.id, allowed_address_pairs=[*before, {"ip_address": "10.31.0.9"}])
    return lambda: cloud.network.update_port(one.id, allowed_address_pairs=before)


def _groups(cloud: Any, one: Resource) -> Undo:
    before = list(cloud.network.get_port(one.id).security_group_ids)
    cloud.network.update_port(one.id, security_groups=before[:-1])
    return lambda: cloud.network.update_port(one.id, security_groups=before)


def _route(cloud: Any, one: Resource) -> Undo:
    there, gateway = ("10.31.0.0/24", "10.31.0.1") if _is_v4(one) else ("fd00:31::/64", "fd00:31::1")
    cloud.network.update_subnet(one.id, host_routes=[{"destination": there, "nexthop": gateway}])
    return lambda: cloud.network.update_subnet(one.id, host_routes=[])


def _is_v4(one: Resource) -> bool:
    return int(one.outputs["ipVersion"]) == 4


def _resolver(cloud: Any, one: Resource) -> Undo:
    before = list(cloud.network.get_subnet(one.id).dns_nameservers)
    cloud.network.update_subnet(one.id, dns_nameservers=["10.31.0.53"] if _is_v4(one) else ["fd00:31::53"])
    return lambda: cloud.network.update_subnet(one.id, dns_nameservers=before)


def _fewer_addresses(cloud: Any, one: Resource) -> Undo:
    before = list(cloud.network.get_subnet(one.id).allocation_pools)
    ends = ip_address(before[-1]["end"])
    fewer = [*before[:-1], {**before[-1], "end": str(ends - 1)}]
    cloud.network.update_subnet(one.id, allocation_pools=fewer)
    return lambda: cloud.network.update_subnet(one.id, allocation_pools=before)


def _left_network(cloud: Any, one: Resource) -> Undo:
    router, subnet = str(one.outputs["routerId"]), str(one.outputs["subnetId"])
    cloud.network.remove_interface_from_router(router, subnet_id=subnet)
    return None


def _detached(cloud: Any, one: Resource) -> Undo:
    volume = str(one.outputs["volumeId"])
    cloud.compute.delete_volume_attachment(str(one.outputs["instanceId"]), volume)
    cloud.block_storage.wait_for_status(
        cloud.block_storage.get_volume(volume), status="available", interval=0.5, wait=60
    )
    return None


def _quota(service: str, key: str, path: str, wrapper: str) -> Callable[[Any, Resource], Undo]:
    """Raise a quota by one: the administrator's alone."""

    def act(cloud: Any, one: Resource) -> Undo:
        proxy = getattr(cloud, service)
        address = path.format(project=one.id.partition("/")[0])

        def put(value: int) -> None:
            proxy.put(address, json={wrapper: {key: value}}).raise_for_status()

        before = int(proxy.get(address).json()[wrapper][key])
        put(before + 1)
        return lambda: put(before)

    return act


def _extra(cloud: Any, one: Resource) -> Undo:
    cloud.compute.create_flavor_extra_specs(one.id, {"by": "hand"})
    return lambda: cloud.compute.delete_flavor_extra_specs_property(one.id, "by")


def _labels(cloud: Any, one: Resource) -> Undo:
    cloud.compute.set_server_metadata(one.id, level="1")
    return lambda: cloud.compute.set_server_metadata(one.id, level=str(one.outputs["allMetadata"]["level"]))


def _new_label(cloud: Any, one: Resource) -> Undo:
    cloud.compute.set_server_metadata(one.id, note="by hand")
    return lambda: cloud.compute.delete_server_metadata(one.id, ["note"])


def _stopped(cloud: Any, one: Resource) -> Undo:
    def becomes(status: str) -> None:
        cloud.compute.wait_for_server(cloud.compute.get_server(one.id), status=status, interval=0.5, wait=120)

    def start() -> None:
        cloud.compute.start_server(one.id)
        becomes("ACTIVE")

    cloud.compute.stop_server(one.id)
    becomes("SHUTOFF")
    return start


def _locked(cloud: Any, one: Resource) -> Undo:
    cloud.compute.lock_server(one.id)
    return lambda: cloud.compute.unlock_server(one.id)


def _server_tag(cloud: Any, one: Resource) -> Undo:
    address = f"/servers/{one.id}/tags/by-hand"
    cloud.compute.put(address, microversion="2.26").raise_for_status()
    return lambda: cloud.compute.delete(address, microversion="2.26").raise_for_status()


def _other_key(cloud: Any, one: Resource) -> Undo:
    def put(key: str) -> None:
        cloud.compute.delete_keypair(one.id)
        cloud.compute.create_keypair(name=one.id, public_key=key)

    put(_OTHER_KEY)
    return lambda: put(str(one.outputs["publicKey"]))


def _volume_label(cloud: Any, one: Resource) -> Undo:
    cloud.block_storage.set_volume_metadata(one.id, level="1")
    return lambda: cloud.block_storage.set_volume_metadata(one.id, level=str(one.outputs["metadata"]["level"]))


def _bootable(cloud: Any, one: Resource) -> Undo:
    cloud.block_storage.set_volume_bootable_status(one.id, bootable=True)
    return lambda: cloud.block_storage.set_volume_bootable_status(one.id, bootable=False)


def _secret_label(cloud: Any, one: Resource) -> Undo:
    def put(labels: Mapping[str, str]) -> None:
        cloud.key_manager.put(f"/secrets/{one.id}/metadata", json={"metadata": labels}).raise_for_status()

    before = one.outputs["allMetadata"]
    put({**before, "owner": "somebody"})
    return lambda: put(before)


def _readers(cloud: Any, one: Resource) -> Undo:
    address = f"/secrets/{one.id}/acl"
    reader = {"read": {"users": [cloud.current_user_id], "project-access": True}}
    cloud.key_manager.put(address, json=reader).raise_for_status()
    return lambda: cloud.key_manager.delete(address).raise_for_status()


def _container(**headers: str) -> Callable[[Any, Resource], Undo]:
    def act(cloud: Any, one: Resource) -> Undo:
        def put(wanted: Mapping[str, str]) -> None:
            cloud.object_store.post(f"/{one.id}", headers=dict(wanted)).raise_for_status()

        wanted = {name.replace("_", "-"): value for name, value in headers.items()}
        has = cloud.object_store.head(f"/{one.id}").headers
        before = {name: has.get(name, "") for name in wanted}
        put(wanted)
        return lambda: put(before)

    return act


def _gone(service: str, single: str) -> Change:
    def act(cloud: Any, one: Resource) -> Undo:
        getattr(getattr(cloud, service), f"delete_{single}")(one.id)
        return None

    return Change(act)


def _gone_member() -> Change:
    def act(cloud: Any, one: Resource) -> Undo:
        pool = str(one.outputs["poolId"])
        balancer = str(cloud.load_balancer.get_pool(pool).loadbalancers[0]["id"])
        _settle(cloud, balancer)
        cloud.load_balancer.delete_member(one.id, pool)
        _settle(cloud, balancer)
        return None

    return Change(act)


def _group_renamed(cloud: Any, one: Resource) -> Undo:
    return _updated("network", "security_group", name=f"{one.name}-old")(cloud, one)


@dataclass(frozen=True)
class Catalogue:
    """Every change by name; those of the second list are the administrator's alone."""

    by_department: dict[str, Change] = field(
        default_factory=lambda: {
            "Network.name": _network("network", name="another"),
            "Network.description": _network("network", description="by hand"),
            "Network.mtu": Change(_updated("network", "network", mtu=1300), frozenset({"mtu"})),
            "Network.port security": Change(
                _updated("network", "network", is_port_security_enabled=False), frozenset({"port_security_enabled"})
            ),
            "Network.tags": Change(_tags("network"), frozenset({"tags"})),
            "Subnet.name": _network("subnet", name="another"),
            "Subnet.description": _network("subnet", description="by hand"),
            "Subnet.dns_nameservers": Change(_resolver, frozenset({"dns_nameservers"})),
            # Of IPv6 the cloud does not let it be taken away: the addresses' mode needs it.
            "Subnet.dhcp": Change(
                _updated("network", "subnet", is_dhcp_enabled=False), frozenset({"enable_dhcp"}), fits=_is_v4
            ),
            "Subnet.host_routes": Change(_route, frozenset({"host_routes"})),
            "Subnet.allocation_pools": Change(_fewer_addresses, frozenset({"allocation_pools"})),
            "Subnet.tags": Change(_tags("subnet"), frozenset({"tags"})),
            "Router.name": _network("router", name="another"),
            "Router.description": _network("router", description="by hand"),
            "Router.state": Change(
                _updated("network", "router", is_admin_state_up=False), frozenset({"admin_state_up"})
            ),
            "Router.tags": Change(_tags("router"), frozenset({"tags"})),
            "Port.name": _network("port", name="another"),
            "Port.description": _network("port", description="by hand"),
            "Port.state": Change(_updated("network", "port", is_admin_state_up=False), frozenset({"admin_state_up"})),
            "Port.security": Change(_no_port_security, frozenset({"port_security_enabled", "security_groups"})),
            "Port.pairs": Change(_pair, frozenset({"allowed_address_pairs"})),
            "Port.groups": Change(_groups, frozenset({"security_groups"})),
            "Port.tags": Change(_tags("port"), frozenset({"tags"})),
            "FloatingIp.description": Change(
                _updated("network", "ip", description="by hand"), frozenset({"description"})
            ),
            "FloatingIp.port": Change(_updated("network", "ip", port_id=None), frozenset({"port_id"})),
            "FloatingIp.tags": Change(_tags("ip"), frozenset({"tags"})),
            "SecGroup.name": Change(_group_renamed, frozenset({"name"})),
            "SecGroup.description": _network("security_group", description="by hand"),
            "SecGroup.tags": Change(_tags("security_group"), frozenset({"tags"})),
            "SecGroupRule.gone": _gone("network", "security_group_rule"),
            "LoadBalancer.name": _part("load_balancer", name="another"),
            "LoadBalancer.description": _part("load_balancer", description="by hand"),
            "Listener.name": _part("listener", name="another"),
            "Listener.connection_limit": _part("listener", connection_limit=7),
            "Pool.name": _part("pool", name="another"),
            "Pool.description": _part("pool", description="by hand"),
            "Monitor.delay": _part("health_monitor", delay=9),
            "Monitor.max_retries": _part("health_monitor", max_retries=5),
            "Member.state": Change(_balancing("member", is_admin_state_up=False), frozenset({"admin_state_up"})),
            "Member.gone": _gone_member(),
            # A leg behind which a floating address is does not come off.
            "RouterInterface.gone": Change(_left_network, fits=lambda one: one.name.endswith("-ipv6")),
            # The licence system has its volumes mounted.
            "VolumeAttach.gone": Change(_detached, fits=lambda one: one.unit != "approval-elicence"),
            "SecretV1.gone": _gone("key_manager", "secret"),
            "Member.name": _part("member", name="another"),
            "Instance.name": Change(_updated("compute", "server", name="another"), frozenset({"name"})),
            "Instance.label": Change(_labels, frozenset({"metadata"})),
            "Instance.new label": Change(_new_label, frozenset({"metadata"})),
            "Instance.state": Change(_stopped, frozenset({"state"})),
            "Instance.locked": Change(_locked, frozenset({"locked"})),
            "Instance.tags": Change(_server_tag, frozenset({"tags"})),
            "Keypair.key": Change(_other_key, frozenset({"public_key"})),
            "Volume.name": Change(_updated("block_storage", "volume", name="another"), frozenset({"name"})),
            "Volume.description": Change(
                _updated("block_storage", "volume", description="by hand"), frozenset({"description"})
            ),
            "Volume.label": Change(_volume_label, frozenset({"metadata"})),
            "Volume.bootable": Change(_bootable, frozenset({"bootable"})),
            "SecretV1.label": Change(_secret_label, frozenset({"metadata"})),
            "SecretV1.readers": Change(_readers, frozenset({"readers"})),
            "Container.label": Change(_container(X_Container_Meta_Owner="somebody"), frozenset({"metadata"})),
            "Container.quota": Change(_container(X_Container_Meta_Quota_Bytes="1"), frozenset({"metadata"})),
            "Container.public": Change(_container(X_Container_Read=".r:*"), frozenset({"container_read"})),
            "Container.versions": Change(_container(X_Versions_Enabled="false"), frozenset({"versioning"})),
        }
    )
    by_administrator: dict[str, Change] = field(
        default_factory=lambda: {
            "Project.description": Change(
                _updated("identity", "project", description="by hand"), frozenset({"description"})
            ),
            "SubnetPool.name": _network("subnet_pool", name="another"),
            "SubnetPool.description": _network("subnet_pool", description="by hand"),
            "QuotaV2.port": Change(_quota("network", "port", "/quotas/{project}", "quota"), frozenset({"port"})),
            "QuotaSetV2.cores": Change(
                _quota("compute", "cores", "/os-quota-sets/{project}", "quota_set"), frozenset({"cores"})
            ),
            "QuoteSetV3.volumes": Change(
                _quota("block_storage", "volumes", "/os-quota-sets/{project}", "quota_set"), frozenset({"volumes"})
            ),
            "Quota.member": Change(
                _quota("load_balancer", "member", "/lbaas/quotas/{project}", "quota"), frozenset({"member"})
            ),
            "Flavor.extra specs": Change(_extra, frozenset({"extra_specs"})),
            "VolumeTypeV3.description": Change(
                _updated("block_storage", "type", description="by hand"), frozenset({"description"})
            ),
        }
    )
