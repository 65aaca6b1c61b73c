"""What every unit's builder knows: the inventory, its environment, its own place in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pulumi

from govcloud.core.errors import GovcloudError
from govcloud.core.model.environment import Environment
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.units import Unit
from stacks.labels import Labels

SHARED = "shared"


@dataclass(frozen=True, kw_only=True)
class Context:
    """One unit in one environment."""

    inventory: Inventory
    environment: Environment
    unit: Unit
    root: Path

    def labels(self) -> Labels:
        """Return the labels of the unit; a component narrows tier and zone."""
        department = self.inventory.departments.get(self.unit.department or "")
        system = department.systems.get(self.unit.system or "") if department else None
        return Labels(
            city=self.inventory.city.key,
            unit=self.unit.name,
            system=self.unit.system or SHARED,
            tier=SHARED,
            zone=SHARED,
            level=system.level if system else self.inventory.city.level,
            owner=self.unit.department or self.inventory.city.owner,
            xinchuang=system.xinchuang if system else False,
        )

    def flavor(self, key: str) -> str:
        """Return the cloud's name for a size."""
        return self.environment.flavor(key, self.inventory.sizes(self.environment)[key])

    def holds_data(self) -> pulumi.ResourceOptions:
        """Return options for what holds data: outside a disposable environment it must fail, not go."""
        return pulumi.ResourceOptions(protect=not self.environment.disposable)

    def operator_public_key(self) -> str:
        """Read the operator's public key."""
        file = self.root / self.environment.operator_public_key
        try:
            return file.read_text(encoding="utf-8").strip()
        except OSError:
            raise GovcloudError(
                f"inventory/environments/{self.environment.key}.yaml: operator_public_key: {file} cannot be read. "
                "Fix: start the lab (`make up`), or name the file with your public key"
            ) from None
