"""Where the inventory says something: `file:line:column` of any of its parts, for whoever has to go and look."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from govcloud.core.located_yaml import Located, Where, read
from govcloud.core.model.inventory import Inventory


@dataclass(frozen=True)
class Place:
    """A part of a file of the inventory; the file is named without its ending."""

    file: str
    where: Where = ()

    def __truediv__(self, part: str | int) -> Place:
        """Return a place inside this one."""
        return Place(self.file, (*self.where, part))

    @property
    def around(self) -> Place:
        """The place that this one is in."""
        return Place(self.file, self.where[:-1])


ZONES = Place("zones", ("zones",))


def system_place(inventory: Inventory, department: str, system: str) -> Place:
    """Return where a system stands: in a file of its own, or in its department's."""
    if system in inventory.platforms and department == inventory.city.owner:
        return Place(f"platforms/{system}")
    return Place(f"departments/{department}", ("systems", system))


class Lines:
    """The inventory's files, each read once and only when one of its lines is asked for."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read = functools.cache(self._file)

    def at(self, place: Place) -> str:
        """Return `file:line:column` of a place, or of the nearest part around it that the file has.

        What has a name is shown at its name: of a list in which something is missing that is all there is to see.
        """
        located = self._read(place.file)
        line, column = located.place(place.where, of_key=True)
        return f"{located.file}:{line}:{column}"

    def _file(self, name: str) -> Located:
        return read(self._root / f"{name}.yaml", f"{self._root.name}/{name}.yaml")
