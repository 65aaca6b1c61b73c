"""The topology as a Pulumi program, run by our language host.

The inventory is read first, as every unit's program does, and each part is a component, as in a unit.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pulumi

from govcloud.core.model.inventory import load
from govcloud.core.workspace import Workspace
from tests.peer.topology import Resource, resolved, topology
from toolchain.build import PROVIDER_MODULE

# The bridge's names for blocks that may stand several times.
_PLURALS = {"fixed_ip": "fixed_ips"}
# Lists that hold one at most, which the bridge unpacks.
_SINGLE = {"policies"}


def build() -> None:
    """Make all resources."""
    load(Workspace.here().inventory)
    made: dict[str, pulumi.CustomResource] = {}
    parts: dict[str, pulumi.ComponentResource] = {}
    for one in topology():
        if one.part not in parts:
            parts[one.part] = pulumi.ComponentResource("govcloud:bench:Part", one.part)
        inputs = {_PLURALS.get(name, name): _unpacked(name, value) for name, value in one.inputs.items()}
        given: dict[str, Any] = resolved(inputs, lambda key: made[key].id)
        made[one.key] = _class(one)(one.key, **given, opts=pulumi.ResourceOptions(parent=parts[one.part]))


def _unpacked(name: str, value: Any) -> Any:
    return value[0] if name in _SINGLE else value


def tokens() -> dict[str, str]:
    """Return Pulumi's name of each kind of resource of the provider."""
    lines = (PROVIDER_MODULE / "mapping.txt").read_text(encoding="utf-8").splitlines()
    fields = (line.split() for line in lines if line.startswith("resource "))
    return {kind: token for _, kind, token, *_ in fields}


_TOKENS = tokens()


def _class(one: Resource) -> Any:
    """Return the SDK's class: of `openstack:networking/port:Port` it is `networking.Port`."""
    _, module, name = _TOKENS[one.kind].split(":")
    return getattr(import_module(f"pulumi_openstack.{module.partition('/')[0]}"), name)
