"""Which kind of unit a stack is. No resource is made here."""

from __future__ import annotations

from pathlib import Path

import pulumi

from govcloud.core.model.inventory import Inventory
from govcloud.core.model.units import Kind, of_stack
from stacks.context import Context
from stacks.units import department, foundation, system, uplink

_BUILDERS = {
    Kind.FOUNDATION: foundation.build,
    Kind.DEPARTMENT: department.build,
    Kind.SYSTEM: system.build,
    Kind.UPLINK: uplink.build,
}


def build(inventory: Inventory, stack: str, root: Path) -> dict[str, pulumi.Input[object]]:
    """Make all resources of a stack and return its export, of the shape `UnitOutputs`.

    `root` is the checkout, where the operator's public key is looked up.
    """
    environment, unit = of_stack(inventory, stack)
    context = Context(inventory=inventory, environment=environment, unit=unit, root=root)
    return {
        "version": 1,
        "unit": unit.name,
        "kind": unit.kind.value,
        "department": unit.department,
        "system": unit.system,
        **_BUILDERS[unit.kind](context),
    }
