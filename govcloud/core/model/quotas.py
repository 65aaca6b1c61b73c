"""What a department needs of the cloud, counted from its inventory: the least quota, the city's headroom, and a test's.

Counted are the things that the components make, and with them what the cloud makes by itself: per network one metadata
port, per load balancer one port of its health monitor, per project one default group.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from govcloud.core.model.base import Tier
from govcloud.core.model.city import Size
from govcloud.core.model.department import Bastion, ComputeGroup, Department, System, Uplink
from govcloud.core.model.environment import Environment
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.rules import border_groups, department_groups, system_groups

_RULES_OF_A_DEFAULT_GROUP = 4
_FAMILIES = 2
# Neutron reserves a number for every request and may count it twice for a moment: with the least quota, requests that
# come side by side are refused although all of them fit.
_UNDER_WAY = 16
_RESERVED = frozenset(
    {
        "networks",
        "subnets",
        "ports",
        "routers",
        "floating_addresses",
        "security_groups",
        "security_group_rules",
    }
)


# What `govcloud verify function` makes at a time in the department's project: its largest scenario, a balancer with
# three servers, and beside it one server with a volume. Headroom is a part of what a department has, and of two members
# a fifth is none.
_TESTS_SERVERS = 4


@dataclass(frozen=True, kw_only=True)
class Quota:
    """Numbers that the services count."""

    instances: int = 0
    cores: int = 0
    memory_mib: int = 0
    server_groups: int = 0
    server_group_members: int = 0
    volumes: int = 0
    volume_gib: int = 0
    networks: int = 0
    subnets: int = 0
    ports: int = 0
    routers: int = 0
    floating_addresses: int = 0
    security_groups: int = 0
    security_group_rules: int = 0
    load_balancers: int = 0
    listeners: int = 0
    pools: int = 0
    members: int = 0
    health_monitors: int = 0

    def __add__(self, other: Quota) -> Quota:
        """Add number by number; of members in one server group the larger counts."""
        total = {name: value + getattr(other, name) for name, value in vars(self).items()}
        total["server_group_members"] = max(self.server_group_members, other.server_group_members)
        return Quota(**total)

    def with_headroom(self, percent: int) -> Quota:
        """Return the quota with headroom, rounded up, and room for requests that are under way in neutron."""
        ample = {one.name: -(-getattr(self, one.name) * (100 + percent) // 100) for one in fields(self)}
        return Quota(**{name: value + (_UNDER_WAY if name in _RESERVED else 0) for name, value in ample.items()})


def department_quota(inventory: Inventory, environment: Environment, department: Department) -> Quota:
    """Return the quota of a department's project: what it takes, headroom, and room for a test of its functions."""
    return _with_headroom(inventory, environment, department) + _function_test(inventory.sizes(environment))


def _with_headroom(inventory: Inventory, environment: Environment, department: Department) -> Quota:
    return department_need(inventory, environment, department).with_headroom(inventory.city.headroom_percent)


def department_need(inventory: Inventory, environment: Environment, department: Department) -> Quota:
    """Return what a department takes, once it is all there."""
    sizes = inventory.sizes(environment)
    total = _shared(inventory, environment, department)
    if department.bastion:
        total += _servers(department.bastion, 1, sizes)
    total += _uplink(inventory, environment, department)
    for key in department.systems:
        total += _system(inventory, environment, department, key)
    return total


def total_quota(inventory: Inventory, environment: Environment) -> Quota:
    """Return what all departments together may take for good; a test takes its room for minutes."""
    total = Quota()
    for department in inventory.departments.values():
        if department.networks and environment.has(department.key):
            total += _with_headroom(inventory, environment, department)
    return total


def _function_test(sizes: dict[str, Size]) -> Quota:
    """Count the test's own; its servers have the smallest flavor. Of networks and ports there are enough spare ones."""
    smallest = min(sizes.values(), key=lambda size: (size.memory_mib, size.vcpus))
    return Quota(
        instances=_TESTS_SERVERS,
        cores=smallest.vcpus * _TESTS_SERVERS,
        memory_mib=smallest.memory_mib * _TESTS_SERVERS,
        volumes=1,
        volume_gib=2,
        load_balancers=1,
        listeners=1,
        pools=1,
        members=2,
        health_monitors=1,
    )


def _shared(inventory: Inventory, environment: Environment, department: Department) -> Quota:
    """Count networks, router, the default group, the zones' groups and the bastion's."""
    zones = len(department.networks)
    groups = department_groups(inventory, environment, department)
    return Quota(
        networks=zones,
        subnets=zones * _FAMILIES,
        ports=zones * (_FAMILIES + 1),
        routers=1 if zones else 0,
        floating_addresses=1 if department.bastion else 0,
        security_groups=len(groups) + 1,
        security_group_rules=sum(map(len, groups.values())) + _RULES_OF_A_DEFAULT_GROUP,
    )


def _uplink(inventory: Inventory, environment: Environment, department: Department) -> Quota:
    groups = border_groups(inventory, environment, department)
    if department.uplink is None or not groups:
        return Quota()
    rules = sum(map(len, groups.values()))
    legs = Quota(ports=1, security_groups=len(groups), security_group_rules=rules)
    return legs + _servers(department.uplink, 1, inventory.sizes(environment))


def _servers(group: ComputeGroup | Bastion | Uplink, count: int, sizes: dict[str, Size]) -> Quota:
    size = sizes[group.size]
    return Quota(instances=count, cores=size.vcpus * count, memory_mib=size.memory_mib * count, ports=count)


def _system(inventory: Inventory, environment: Environment, department: Department, key: str) -> Quota:
    system, sizes = department.systems[key], inventory.sizes(environment)
    groups = system_groups(inventory, department, key)
    total = Quota(security_groups=len(groups), security_group_rules=sum(map(len, groups.values())))
    for tier, group in system.compute.items():
        count = environment.servers(group)
        total += _servers(group, count, sizes) + _volumes(system, environment, tier, count)
        if group.anti_affinity:
            total += Quota(server_groups=1, server_group_members=count)
    for balancer in system.network.load_balancers.values():
        listeners = len(balancer.listeners)
        total += Quota(
            load_balancers=1,
            listeners=listeners,
            pools=listeners,
            health_monitors=listeners,
            members=listeners * environment.servers(system.compute[balancer.tier]),
            ports=2,
            floating_addresses=1 if balancer.floating_address else 0,
        )
    return total


def _volumes(system: System, environment: Environment, tier: Tier, count: int) -> Quota:
    wanted = [environment.volume_gib(one.size_gib) for one in system.storage.volumes.values() if one.tier is tier]
    return Quota(volumes=len(wanted) * count, volume_gib=sum(wanted) * count)
