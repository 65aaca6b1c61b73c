"""The schemas are what the models say, and every file of the inventory names its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from govcloud.core.workspace import Workspace
from govcloud.inventory import schemas

ROOT = Workspace.here().inventory
FILES = sorted(ROOT.rglob("*.yaml"))


def test_schemas_are_those_of_the_models() -> None:
    assert schemas.differing(ROOT / "schemas") == [], "fix: govcloud inventory schema --write"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_file_names_its_schema(file: Path) -> None:
    first = file.read_text(encoding="utf-8").partition("\n")[0]
    prefix = "# yaml-language-server: $schema="
    assert first.startswith(prefix)
    assert (file.parent / first.removeprefix(prefix)).is_file()
