"""JSON schemas of the inventory's files, generated from the models for editors; never edited by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from govcloud.core.files import write_atomically
from govcloud.core.model.base import Model
from govcloud.core.model.city import AddressPlan, City, Zones
from govcloud.core.model.department import Department, System
from govcloud.core.model.environment import Environment
from govcloud.core.model.milestones import Milestones

FILES: dict[str, type[Model]] = {
    "city": City,
    "zones": Zones,
    "address_plan": AddressPlan,
    "milestones": Milestones,
    "department": Department,
    "system": System,
    "environment": Environment,
}
_KEY_IS_FILE_NAME = frozenset({"department", "environment"})


def schema(name: str) -> str:
    """Return one schema as text."""
    made: dict[str, Any] = FILES[name].model_json_schema(by_alias=True)
    if name in _KEY_IS_FILE_NAME:
        del made["properties"]["key"]
        made["required"] = [one for one in made["required"] if one != "key"]
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(made, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def differing(folder: Path) -> list[str]:
    """Return the names of schemas whose file is missing or not what the models say."""
    return [name for name in FILES if _read(_file(folder, name)) != schema(name)]


def write(folder: Path) -> None:
    """Write all schemas."""
    for name in FILES:
        write_atomically(_file(folder, name), schema(name))


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.schema.json"


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""
