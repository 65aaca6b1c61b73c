"""The units of the city: one Pulumi stack each, and which waits for which."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from govcloud.core.errors import GovcloudError
from govcloud.core.language import tr
from govcloud.core.model.department import Department, System
from govcloud.core.model.environment import Environment
from govcloud.core.model.inventory import Inventory

FOUNDATION, UPLINK = "foundation", "uplink"
PROJECT = "govcloud"


class Kind(StrEnum):
    """What a unit builds."""

    FOUNDATION = "foundation"
    DEPARTMENT = "department"
    SYSTEM = "system"
    UPLINK = "uplink"


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One stack."""

    name: str
    kind: Kind
    needs: tuple[str, ...] = ()
    department: str | None = None
    system: str | None = None

    def stack(self, environment: str) -> str:
        """Return the stack's name."""
        return f"{environment}-{self.name}"

    def cloud(self, environment: Environment) -> str:
        """Return the access that the stack works with: the department's, or the administrator's for what is shared."""
        return environment.cloud(self.department or "admin")


def units(inventory: Inventory, environment: Environment) -> dict[str, Unit]:
    """Return an environment's units by name, each after those it needs. A department with nothing to build has none.

    Where a provider gives the projects there is no foundation: all that it would make is given too.
    """
    found = {} if environment.tenancy else {FOUNDATION: Unit(name=FOUNDATION, kind=Kind.FOUNDATION)}
    needs = (*found,)
    built = {
        key: [system for system in department.systems if system not in environment.left_out]
        for key, department in inventory.departments.items()
        if environment.has(key)
    }
    for key, systems in built.items():
        department = inventory.departments[key]
        if department.networks and (systems or not department.systems):
            found[key] = Unit(name=key, kind=Kind.DEPARTMENT, needs=needs, department=key)
        if key in found and department.uplink and environment.uplink:
            found[UPLINK] = Unit(name=UPLINK, kind=Kind.UPLINK, needs=(key,), department=key)
    for key, systems in built.items():
        for system in systems:
            name = system_unit(key, system)
            found[name] = Unit(name=name, kind=Kind.SYSTEM, needs=(key,), department=key, system=system)
    return found


def system_unit(department: str, system: str) -> str:
    """Return the name of a system's unit."""
    return f"{department}-{system}"


def of_stack(inventory: Inventory, stack: str) -> tuple[Environment, Unit]:
    """Return what a stack's name stands for."""
    environment_key, _, name = stack.partition("-")
    environment = inventory.environments.get(environment_key)
    unit = units(inventory, environment).get(name) if environment else None
    if environment is None or unit is None:
        known = ", ".join(
            one.stack(key) for key, env in inventory.environments.items() for one in units(inventory, env).values()
        )
        raise GovcloudError(tr("No stack is called {stack}. The inventory has: {known}", stack=stack, known=known))
    return environment, unit


def department_of(inventory: Inventory, unit: Unit) -> Department:
    """Return the department of any unit but the foundation."""
    return inventory.departments[unit.department or ""]


def system_of(inventory: Inventory, unit: Unit) -> System:
    """Return the system of a system's unit."""
    return department_of(inventory, unit).systems[unit.system or ""]
