"""Which line of the inventory made a resource what it is.

A rule names the part of the inventory that decides it, relative to the resource's system or department. Whose a
resource is, its labels say, or the unit that its stack is named after.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

from compliance.policy.city import BASTION, SHARED, City
from compliance.policy.ranges import opening
from compliance.policy.resource import CouldNotLook, Resource
from compliance.policy.rule import Rule
from govcloud.core.language import tr
from govcloud.core.located_yaml import Located, Where, read


class Inventory:
    """The inventory's files, each read once and only when something is wrong."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read = functools.cache(self._file)

    def _file(self, name: str) -> Located | None:
        path = self._root / f"{name}.yaml"
        return read(path, f"{self._root.name}/{name}.yaml") if path.is_file() else None

    def cause(self, one_rule: Rule, one: Resource, city: City) -> str:
        """Return `file:line:column` of the value that made a resource break a rule."""
        labels = {"owner": city.unit.department or "", "system": city.unit.system or SHARED, **_labels(one, city)}
        words = {"env": city.environment.key, "tier": labels.get("tier", ""), "zone": labels.get("zone", "")}
        for name, where in self._candidates(one_rule.place.format_map(words), one, labels, city):
            located = self._read(name)
            if located is not None:
                line, column = located.place(where)
                return f"{located.file}:{line}:{column}"
        return f"{self._root.name}/" + tr(" (no file says it)")

    def _candidates(self, place: str, one: Resource, labels: Mapping[str, str], city: City) -> list[tuple[str, Where]]:
        parts: Where = tuple(part for part in place.split(".") if part)
        if place.startswith(":"):
            file, *rest = place[1:].split(".")
            return [(file, tuple(rest))]
        owner, system = labels["owner"], labels["system"]
        if system != SHARED:
            entry = self._entry(one, labels, city) if parts == ("security", "access") else parts
            return [(f"platforms/{system}", entry), (f"departments/{owner}", ("systems", system, *entry))]
        if labels.get("tier") == BASTION:
            return [(f"departments/{owner}", (BASTION,))]
        zone = labels.get("zone", SHARED)
        within: Where = () if zone == SHARED else ("networks", zone)
        if city.unit.department is None and one.kind == "networking.SubnetPool":
            return [("address_plan", ("zones", zone))]
        return [(f"departments/{owner}", within), ("city", ())]

    def _entry(self, one: Resource, labels: Mapping[str, str], city: City) -> Where:
        """Return the entry of a system's access that let a rule in, as far as one is seen to fit."""
        department = city.inventory.departments.get(labels["owner"])
        system = department.systems.get(labels["system"]) if department else None
        try:
            found = opening(one)
        except CouldNotLook:
            return ("security", "access")
        for number, access in enumerate(system.security.access if system else ()):
            if labels.get("tier") in {access.to.value, access.source} and set(access.ports) & set(found.ports):
                return ("security", "access", number)
        return ("security", "access")


def _labels(one: Resource, city: City) -> Mapping[str, str]:
    try:
        return {key: value for key, value in city.labels(one).items() if value}
    except CouldNotLook:
        return {}
