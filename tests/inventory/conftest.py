"""A copy of the sample inventory that a test may spoil."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from govcloud.core.located_yaml import Fault
from govcloud.core.model.inventory import examine
from govcloud.core.workspace import Workspace

Spoil = Callable[[str, str, str], list[Fault]]


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    copy = tmp_path / "inventory"
    shutil.copytree(Workspace.here().inventory, copy)
    return copy


@pytest.fixture
def spoil(inventory: Path) -> Spoil:
    """Replace a text of one file, once, and return the faults that are found then."""

    def replace(name: str, old: str, new: str) -> list[Fault]:
        file = inventory / f"{name}.yaml"
        text = file.read_text(encoding="utf-8")
        assert old in text, old
        file.write_text(text.replace(old, new, 1), encoding="utf-8")
        return examine(inventory)[1]

    return replace
