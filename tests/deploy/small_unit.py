"""Stands in for `stacks/units/department.py` where faults are tried: six cheap resources, no server.

Of each way that a cloud makes things: with a tag afterwards and without, with a unique name, with one that may be there
twice, and without any; in three services; and some only after another one is there.
"""

from __future__ import annotations

import pulumi
import pulumi_openstack as openstack

from govcloud.core.model.base import Tier
from govcloud.core.model.rules import Direction, Rule
from govcloud.core.model.units import department_of
from stacks.components.security import GeneratedSecret, GeneratedSecretArgs, SecurityGroups, SecurityGroupsArgs
from stacks.context import Context


def build(context: Context) -> dict[str, pulumi.Input[object]]:
    """Make a router, a group with two rules, a key pair and a secret."""
    department = department_of(context.inventory, context.unit)
    ((zone, block),) = department.networks.items()
    name, labels = f"{department.key}-{zone}", context.labels().at(tier=Tier.WEB.value, zone=zone)
    openstack.networking.Router(name, name=name, tags=labels.as_tags())
    rules = (
        Rule(direction=Direction.INGRESS, family=4, protocol="tcp", port=80, remote_range=str(block.ipv4), why="drill"),
        Rule(direction=Direction.INGRESS, family=6, protocol="tcp", port=80, remote_range=str(block.ipv6), why="drill"),
    )
    SecurityGroups(
        f"{name}-groups",
        SecurityGroupsArgs(prefix=department.key, groups={zone: rules}, labels={zone: labels}, others={}),
    )
    key_pair = openstack.compute.Keypair(name, name=name, public_key=context.operator_public_key())
    value = pulumi.Output.secret("nothing worth keeping")
    GeneratedSecret(name, GeneratedSecretArgs(value=value, labels=labels))
    return {"key_pair": key_pair.name}
