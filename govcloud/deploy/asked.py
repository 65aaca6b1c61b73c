"""What an operator asked for: which environment, which units."""

from __future__ import annotations

from govcloud.core.errors import GovcloudError
from govcloud.core.language import tr
from govcloud.core.model.environment import Environment
from govcloud.core.model.inventory import Inventory, load
from govcloud.core.model.units import Unit, units
from govcloud.core.workspace import Workspace
from govcloud.deploy import chosen_cloud


def city_of(env: str, name: str = "") -> tuple[Inventory, Environment]:
    """Return the inventory and one of its environments, on the cloud of a name where one is given."""
    workspace = Workspace.here()
    inventory = load(workspace.inventory)
    return inventory, chosen_cloud.choose(workspace, inventory.environment(env), name)


def chosen(inventory: Inventory, environment: Environment, names: list[str]) -> list[Unit]:
    """Return the named units, or all when none is named."""
    known = units(inventory, environment)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise GovcloudError(
            *(tr("No unit is called {name}. There are: {known}", name=name, known=", ".join(known)) for name in unknown)
        )
    return [unit for name, unit in known.items() if not names or name in names]
