"""The inventory as one value, and reading it from its files with all faults of all files at once.

A file with a fault of its own is left out of the checks that compare files, so that one slip is told once.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from govcloud.core.errors import GovcloudError
from govcloud.core.located_yaml import Fault, Located, Where, read
from govcloud.core.model.base import Model
from govcloud.core.model.city import AddressPlan, City, Size, Zones
from govcloud.core.model.department import Department
from govcloud.core.model.environment import Environment

M = TypeVar("M", bound=Model)
RESERVED = frozenset({"admin", "foundation", "uplink"})


@dataclass(frozen=True)
class Inventory:
    """Everything that should exist."""

    city: City
    zones: Zones
    plan: AddressPlan
    departments: Mapping[str, Department]
    environments: Mapping[str, Environment]

    def sizes(self, environment: Environment) -> dict[str, Size]:
        """Return what each size means in an environment."""
        return {**self.city.sizes, **environment.sizes}


@dataclass
class Reading:
    """The files as read: sources for places, models for values, faults so far."""

    root: Path
    sources: dict[str, Located] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def one(self, name: str, model: type[M], **implied: str) -> M | None:
        """Read one file into its model; `implied` are values that the file's place gives."""
        path = self.root / f"{name}.yaml"
        located = read(path, f"{self.root.name}/{name}.yaml")
        self.sources[name] = located
        if located.faults:
            self.faults += located.faults
            return None
        value = located.value
        if not isinstance(value, dict):
            self.faults.append(located.fault((), "is not a mapping", fix="begin with `key: value` lines"))
            return None
        given = [key for key in implied if key in value]
        if given:
            reason = "the file's name says it"
            self.faults += [located.fault((key,), "is not a known field", why=reason, fix="remove it") for key in given]
            return None
        try:
            return model.model_validate({**value, **implied})
        except ValidationError as error:
            self.faults += [_fault(located, detail, model) for detail in error.errors(include_url=False)]
            return None

    def folder(self, name: str, model: type[M]) -> dict[str, M]:
        """Read all files of a folder; each file's name is its key."""
        found = {}
        for path in sorted((self.root / name).glob("*.yaml")):
            loaded = self.one(f"{name}/{path.stem}", model, key=path.stem)
            if loaded is not None:
                found[path.stem] = loaded
        return found


def load(root: Path) -> Inventory:
    """Read and check the inventory below `root`; raise one error with every fault."""
    inventory, faults = examine(root)
    if inventory is None or faults:
        raise GovcloudError(*(str(fault) for fault in sorted(set(faults))))
    return inventory


def examine(root: Path) -> tuple[Inventory | None, list[Fault]]:
    """Read and check the inventory below `root`; return it, when its common files are whole, and every fault."""
    from govcloud.core.model.checks import CHECKS  # noqa: PLC0415 - the checks are written in terms of this module

    reading = Reading(root)
    city = reading.one("city", City)
    zones = reading.one("zones", Zones)
    plan = reading.one("address_plan", AddressPlan)
    departments = reading.folder("departments", Department)
    environments = reading.folder("environments", Environment)
    if city is None or zones is None or plan is None:
        return None, sorted(set(reading.faults))
    inventory = Inventory(city, zones, plan, departments, environments)
    checks: tuple[Callable[[Inventory, Reading], Iterator[Fault]], ...] = CHECKS
    faults = [*reading.faults, *(fault for check in checks for fault in check(inventory, reading))]
    return inventory, sorted(set(faults))


def _fault(located: Located, detail: ErrorDetails, model: type[Model]) -> Fault:
    where = _known(located, detail["loc"])
    kind = detail["type"]
    if kind == "missing":
        return located.fault(where, "is missing", fix=f"add `{detail['loc'][-1]}:`", of_key=True)
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(str(detail["loc"][-1]), _field_names(model), 1)
        fix = f"did you mean `{near[0]}`?" if near else "remove it"
        return located.fault(where, "is not a known field", fix=fix, of_key=True)
    message = detail["msg"].removeprefix("Value error, ")
    given = repr(detail["input"])
    shown = f", not {given}" if len(given) <= 40 else ""  # noqa: PLR2004 - a longer one hides the message
    return located.fault(where, message[:1].lower() + message[1:] + shown)


def _known(located: Located, path: tuple[int | str, ...]) -> Where:
    """Drop what pydantic adds to a path (union branches, key markers), keep what the file has and one missing name."""
    where: Where = ()
    for number, part in enumerate(path):
        if (*where, part) in located.values or number == len(path) - 1:
            where = (*where, part)
    return where if where and where[-1] != "[key]" else where[:-1]


def _field_names(model: type[Model]) -> list[str]:
    """Return the names of all fields below a model, for a guess at what was meant."""
    names: set[str] = set()
    waiting: list[object] = [model]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, type) and issubclass(one, Model):
            for name, info in one.model_fields.items():
                names.add(info.alias or name)
                waiting.append(info.annotation)
        waiting += getattr(one, "__args__", ())
    return sorted(names)
