"""The exports of all stacks in one file, for everybody who needs to know what exists."""

from __future__ import annotations

import json

from pydantic import ValidationError

from govcloud.core.errors import GovcloudError
from govcloud.core.model.environment import Environment
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.outputs import EXPORT, StackOutputs, UnitOutputs, read
from govcloud.core.model.units import units
from govcloud.core.workspace import Workspace
from govcloud.deploy.pulumi_cli import Pulumi


def gather(pulumi: Pulumi, inventory: Inventory, environment: Environment) -> StackOutputs:
    """Read the export of every stack that there is and write `build/<environment>/stack_outputs.json`."""
    found = {}
    existing = pulumi.stacks()
    for name, unit in units(inventory).items():
        if unit.stack(environment.key) not in existing:
            continue
        printed = json.loads(pulumi.text("stack", "output", "--json", "--stack", unit.stack(environment.key)))
        if EXPORT in printed:
            found[name] = _validated(name, printed[EXPORT])
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
        raise GovcloudError(f"The export of {name} breaks its contract: {place}: {first['msg']}") from None
