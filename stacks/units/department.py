"""A department's unit: its networks, what its servers share, and its bastion."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_openstack as openstack

from govcloud.core.model.department import Bastion, Department
from govcloud.core.model.rules import BASTION, department_groups
from govcloud.core.model.units import FOUNDATION, department_of
from stacks.components.compute import Addresses, ServerNetwork, TierServers, TierServersArgs
from stacks.components.network import (
    DepartmentNetworks,
    DepartmentNetworksArgs,
    SubnetPoolIds,
    ZoneNetworkIds,
    given_network,
)
from stacks.components.security import SecurityGroups, SecurityGroupsArgs
from stacks.context import Context
from stacks.references import UnitReference


def build(context: Context) -> dict[str, pulumi.Input[object]]:
    """Make networks, security groups, key pair and bastion."""
    department = department_of(context.inventory, context.unit)
    zones = _networks(context, department)
    rules = department_groups(context.inventory, context.environment, department)
    labels = {zone: context.labels().at(tier="security", zone=zone) for zone in department.networks}
    if department.bastion:
        labels[BASTION] = context.labels().at(tier=BASTION, zone=department.bastion.zone)
    groups = SecurityGroups(
        f"{department.key}-groups",
        SecurityGroupsArgs(
            prefix=department.key,
            groups=rules,
            labels=labels,
            others={},
        ),
    )
    key_pair = openstack.compute.Keypair(
        f"{department.key}-operator",
        name=f"{department.key}-operator",
        public_key=context.operator_public_key(),
    )
    exported: dict[str, pulumi.Input[object]] = {
        "key_pair": key_pair.name,
        "networks": {
            zone: {
                "network_id": ids.network_id,
                "ipv4_subnet_id": ids.ipv4_subnet_id,
                "ipv6_subnet_id": ids.ipv6_subnet_id,
                "security_group_id": groups.ids[zone],
            }
            for zone, ids in zones.items()
        },
    }
    if department.bastion:
        exported |= _bastion(context, department.bastion, zones, groups, key_pair.name)
    return exported


def _networks(context: Context, department: Department) -> Mapping[str, ZoneNetworkIds]:
    """Make the department's networks, or look up those that it was given."""
    tenancy = context.environment.tenancy
    given = tenancy.projects[department.key].networks if tenancy else {}
    if given:
        return {zone: given_network(given[zone], network) for zone, network in department.networks.items()}
    external = openstack.networking.get_network_output(name=context.environment.external_network, external=True)
    made = DepartmentNetworksArgs(
        networks=department.networks,
        pools={} if tenancy else _pools(context, department),
        external_network_id=external.id,
        labels=context.labels(),
        adopted=context.environment.adopted.networks,
    )
    return DepartmentNetworks(department.key, made).zones


def _pools(context: Context, department: Department) -> dict[str, SubnetPoolIds]:
    foundation = UnitReference(f"{context.environment.key}-{FOUNDATION}")
    return {
        zone: SubnetPoolIds(
            ipv4=foundation.text("subnet_pools", zone, "ipv4"),
            ipv6=foundation.text("subnet_pools", zone, "ipv6"),
        )
        for zone in department.networks
    }


def _bastion(
    context: Context,
    bastion: Bastion,
    zones: Mapping[str, ZoneNetworkIds],
    groups: SecurityGroups,
    key_pair: pulumi.Output[str],
) -> dict[str, pulumi.Input[object]]:
    department = department_of(context.inventory, context.unit)
    name = f"{department.key}-{BASTION}"
    network, ids = department.networks[bastion.zone], zones[bastion.zone]
    addresses = Addresses.of(network, bastion.first_host)
    labels = context.labels().at(tier=BASTION, zone=bastion.zone)
    servers = TierServers(
        name,
        TierServersArgs(
            servers={name: addresses},
            flavor=context.flavor(bastion.size),
            image=context.environment.images[bastion.image],
            key_pair=key_pair,
            network=ServerNetwork(
                network_id=ids.network_id, ipv4_subnet_id=ids.ipv4_subnet_id, ipv6_subnet_id=ids.ipv6_subnet_id
            ),
            security_group_ids=[groups.ids[bastion.zone], groups.ids[BASTION]],
            apart="",
            labels=labels,
            adopted=context.environment.adopted.servers,
        ),
    )
    floating = openstack.networking.FloatingIp(
        name, pool=context.environment.external_network, port_id=servers.port_ids[name], tags=labels.as_tags()
    )
    server = {
        "id": servers.ids[name],
        "ipv4": addresses.ipv4,
        "ipv6": addresses.ipv6,
        "tier": BASTION,
        "zone": bastion.zone,
        "level": labels.level,
        "floating_address": floating.address,
    }
    return {"bastion": name, "servers": {name: server}}
