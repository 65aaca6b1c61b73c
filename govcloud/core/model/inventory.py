"""The inventory as one value, and reading it from its files with all faults of all files at once.

The platforms that the city's owner runs stand in files of their own and are systems of the owner like any other.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from govcloud.core.errors import GovcloudError
from govcloud.core.language import tr
from govcloud.core.located_yaml import Fault
from govcloud.core.model.city import AddressPlan, City, Size, Zones
from govcloud.core.model.department import Access, Department, System
from govcloud.core.model.environment import Environment
from govcloud.core.model.milestones import Milestones
from govcloud.core.model.reading import Reading


@dataclass(frozen=True)
class Inventory:
    """Everything that should exist."""

    city: City
    zones: Zones
    plan: AddressPlan
    milestones: Milestones
    departments: Mapping[str, Department]
    """By key; the owner's systems include the platforms."""
    platforms: Mapping[str, System]
    environments: Mapping[str, Environment]

    def sizes(self, environment: Environment) -> dict[str, Size]:
        """Return what each size means in an environment."""
        return {**self.city.sizes, **environment.sizes}

    def environment(self, key: str) -> Environment:
        """Return an environment; raise an error that names those that there are."""
        if key not in self.environments:
            known = ", ".join(self.environments)
            raise GovcloudError(tr("No environment is called {name}. There are: {known}", name=key, known=known))
        return self.environments[key]

    def system(self, key: str) -> tuple[Department, System] | None:
        """Return a system, whose names are used once in a city, and its department."""
        return self._systems.get(key)

    def access_of(self, key: str) -> Sequence[tuple[Department, System, Access]]:
        """Return what other systems let a system's tiers reach: whose it is, which system, and its entry."""
        return self._granted.get(key, ())

    @functools.cached_property
    def _systems(self) -> dict[str, tuple[Department, System]]:
        return {
            key: (department, system)
            for department in self.departments.values()
            for key, system in department.systems.items()
        }

    @functools.cached_property
    def _granted(self) -> dict[str, list[tuple[Department, System, Access]]]:
        granted: dict[str, list[tuple[Department, System, Access]]] = {}
        for department, system in self._systems.values():
            for access in system.security.access:
                if access.source_system:
                    granted.setdefault(access.source_system, []).append((department, system, access))
        return granted


def load(root: Path) -> Inventory:
    """Read and check the inventory below `root`; raise one error with every fault."""
    inventory, faults = examine(root)
    if inventory is None or faults:
        raise GovcloudError(*(str(fault) for fault in faults))
    return inventory


def examine(root: Path) -> tuple[Inventory | None, list[Fault]]:
    """Read and check the inventory below `root`; return it, when its common files are whole, and every fault."""
    from govcloud.core.model.checks import CHECKS  # noqa: PLC0415 - the checks are written in terms of this module

    reading = Reading(root)
    city = reading.one("city", City)
    zones = reading.one("zones", Zones)
    plan = reading.one("address_plan", AddressPlan)
    milestones = reading.one("milestones", Milestones)
    departments = reading.folder("departments", Department)
    platforms = reading.folder("platforms", System, named=False)
    environments = reading.folder("environments", Environment)
    if city is None or zones is None or plan is None or milestones is None:
        return None, sorted(set(reading.faults))
    owner = departments.get(city.owner)
    if owner:
        departments[city.owner] = owner.model_copy(update={"systems": {**owner.systems, **platforms}})
    elif f"departments/{city.owner}" not in reading.sources:
        what, fix = tr("department {name} has no file", name=city.owner), tr("add it to inventory/departments/")
        reading.faults.append(reading.sources["city"].fault(("owner",), what, fix=fix))
    inventory = Inventory(city, zones, plan, milestones, departments, platforms, environments)
    checks: tuple[Callable[[Inventory, Reading], Iterator[Fault]], ...] = CHECKS
    faults = [*reading.faults, *(fault for check in checks for fault in check(inventory, reading))]
    return inventory, sorted(set(faults))
