"""The exports of all stacks in one file, for everybody who needs to know what exists."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from pydantic import ValidationError

from govcloud.core.errors import GovcloudError
from govcloud.core.language import tr
from govcloud.core.model.environment import Environment
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.outputs import EXPORT, StackOutputs, UnitOutputs, read
from govcloud.core.model.units import units
from govcloud.core.workspace import Workspace
from govcloud.deploy.pulumi_cli import AT_ONCE, Pulumi


def gather(pulumi: Pulumi, inventory: Inventory, environment: Environment) -> StackOutputs:
    """Read the export of every stack that there is and write `build/<environment>/stack_outputs.json`."""
    existing = pulumi.stacks()
    stacks = {name: unit.stack(environment.key) for name, unit in units(inventory, environment).items()}
    there = {name: stack for name, stack in stacks.items() if stack in existing}

    def printed(stack: str) -> dict[str, object]:
        read_back: dict[str, object] = json.loads(pulumi.text("stack", "output", "--json", "--stack", stack))
        return read_back

    with ThreadPoolExecutor(AT_ONCE) as pool:
        exports = dict(zip(there, pool.map(printed, there.values()), strict=True))
    found = {name: _validated(name, export[EXPORT]) for name, export in exports.items() if EXPORT in export}
    outputs = StackOutputs(environment=environment.key, units=found)
    outputs.write(pulumi.workspace.build(environment.key))
    return outputs


def known(workspace: Workspace, environment: Environment) -> set[str]:
    """Return the units that an earlier run gathered; what cannot be read counts as nothing."""
    try:
        return set(read(workspace.build(environment.key)).units)
    except GovcloudError:
        return set()


def _validated(name: str, export: object) -> UnitOutputs:
    try:
        return UnitOutputs.model_validate(export)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise GovcloudError(
            tr("The export of {unit} breaks its contract: {place}: {what}", unit=name, place=place, what=first["msg"])
        ) from None
