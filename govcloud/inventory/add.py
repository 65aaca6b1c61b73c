"""Writing a new department or system into the inventory: only what the checks accept is written."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from govcloud.core.errors import GovcloudError
from govcloud.core.files import write_atomically
from govcloud.core.language import tr
from govcloud.core.located_yaml import Located, read
from govcloud.core.model.inventory import Inventory, examine, load
from govcloud.inventory import new_text
from govcloud.inventory.new_text import SystemWish

_SYSTEM_SCHEMA = "# yaml-language-server: $schema=../schemas/system.schema.json"


def department(root: Path, key: str, title: str, zones: Sequence[str]) -> Path:
    """Add a department; return its file."""
    inventory = load(root)
    name = f"departments/{key}.yaml"
    _must_be_new(root, name)
    return _write(root, name, new_text.department(inventory, title, zones))


def system(root: Path, owner: str, wish: SystemWish) -> Path:
    """Add a system to a department, a platform where the department is the city's owner; return the file."""
    inventory = load(root)
    department = inventory.departments.get(owner)
    if department is None:
        known = ", ".join(inventory.departments)
        raise GovcloudError(tr("no department is called {name}; fix: one of: {known}", name=owner, known=known))
    _must_be_unknown(inventory, wish.key)
    lines = new_text.NewSystem(inventory, department, wish).lines()
    if owner == inventory.city.owner:
        name = f"platforms/{wish.key}.yaml"
        _must_be_new(root, name)
        return _write(root, name, "\n".join((_SYSTEM_SCHEMA, *lines)) + "\n")
    name = f"departments/{owner}.yaml"
    located = read(root / name, name)
    text = (root / name).read_text(encoding="utf-8")
    return _write(root, name, _with_system(text, located, [f"  {wish.key}:", *(f"    {line}" for line in lines)]))


def _with_system(text: str, located: Located, block: list[str]) -> str:
    """Return a department's file with one more system, after those that it has."""
    lines = text.splitlines()
    begins = {where[0]: place[0] for where, place in located.keys.items() if len(where) == 1}
    if "systems" not in begins:
        return "\n".join((*lines, "systems:", *block)) + "\n"
    after = [line for line in begins.values() if line > begins["systems"]]
    end = min(after) - 1 if after else len(lines)
    # What is written above the next part belongs to it.
    while end and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    return "\n".join((*lines[:end], *block, *lines[end:])) + "\n"


def _write(root: Path, name: str, text: str) -> Path:
    """Write a file of the inventory, after a copy of the whole was found without fault with it."""
    with tempfile.TemporaryDirectory(prefix="govcloud-inventory-") as folder:
        copy = Path(folder) / root.name
        shutil.copytree(root, copy, ignore=shutil.ignore_patterns("schemas", "__pycache__"))
        write_atomically(copy / name, text)
        faults = examine(copy)[1]
    if faults:
        what = tr("nothing was written, because the inventory would have faults:")
        raise GovcloudError(what, *(str(fault) for fault in faults))
    write_atomically(root / name, text)
    return root / name


def _must_be_new(root: Path, name: str) -> None:
    if (root / name).exists():
        raise GovcloudError(tr("{file} is there already; fix: take another name", file=f"{root.name}/{name}"))


def _must_be_unknown(inventory: Inventory, key: str) -> None:
    found = inventory.system(key)
    if found:
        values = {"department": found[0].key, "name": key}
        raise GovcloudError(tr("{department} has a system called {name}; fix: take another name", **values))
