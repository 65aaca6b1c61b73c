"""Walking through an inventory with the place of everything at hand, so that a check can say where a fault is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from govcloud.core.located_yaml import Fault, Located, Where
from govcloud.core.model.base import Tier
from govcloud.core.model.department import ComputeGroup, Department, System
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.reading import Reading


@dataclass(frozen=True)
class Here:
    """A file and a place in it."""

    source: Located
    where: Where = ()

    def __truediv__(self, part: str | int) -> Here:
        """Return a place inside this one."""
        return Here(self.source, (*self.where, part))

    def fault(self, what: str, *, clause: str = "", fix: str = "", why: str = "", of_key: bool = False) -> Fault:
        """Make a fault here."""
        return self.source.fault(self.where, what, clause=clause, fix=fix, why=why, of_key=of_key)


def each_department(inventory: Inventory, reading: Reading) -> Iterator[tuple[Department, Here]]:
    """Yield every department and its file."""
    for key, department in inventory.departments.items():
        yield department, Here(reading.sources[f"departments/{key}"])


def system_place(inventory: Inventory, reading: Reading, department: Department, key: str) -> Here:
    """Return the place of a system: in its department's file, or in a file of its own."""
    own = reading.sources.get(f"platforms/{key}")
    if own and department.key == inventory.city.owner:
        return Here(own)
    return Here(reading.sources[f"departments/{department.key}"]) / "systems" / key


def each_system(inventory: Inventory, reading: Reading) -> Iterator[tuple[Department, System, Here]]:
    """Yield every system, its department and its place."""
    for department in inventory.departments.values():
        for key, system in department.systems.items():
            yield department, system, system_place(inventory, reading, department, key)


def each_group(inventory: Inventory, reading: Reading) -> Iterator[tuple[Department, System, Tier, ComputeGroup, Here]]:
    """Yield the servers of every tier, whose they are, and their place."""
    for department, system, here in each_system(inventory, reading):
        for tier, group in system.compute.items():
            yield department, system, tier, group, here / "compute" / tier.value
