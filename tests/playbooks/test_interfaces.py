"""A role's interface is its argument_specs: its defaults say the same, and every name begins with the role's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbooks.harness import PLAYBOOKS

ROLES = sorted(path for path in (PLAYBOOKS / "roles").iterdir() if path.is_dir())


def _load(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text(encoding="utf-8"))) if path.exists() else {}


def _options(role: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = _load(role / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    return found


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_defaults_are_those_of_the_interface(role: Path) -> None:
    specified = {name: option["default"] for name, option in _options(role).items() if "default" in option}
    assert _load(role / "defaults" / "main.yml") == specified


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_names_begin_with_the_roles(role: Path) -> None:
    assert [name for name in _options(role) if not name.startswith(f"{role.name}_")] == []


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_an_option_is_required_or_has_a_default_and_says_what_it_is(role: Path) -> None:
    for name, option in _options(role).items():
        assert option.get("required", False) is not ("default" in option), name
        assert option["description"], name


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_a_role_names_no_group_of_hosts(role: Path) -> None:
    for file in role.rglob("*.yml"):
        text = file.read_text(encoding="utf-8")
        for word in ("groups[", "group_names", "hostvars", "tier_", "system_"):
            assert word not in text, f"{file}: {word}"


def test_a_secret_is_never_shown() -> None:
    for role in ROLES:
        for name, option in _options(role).items():
            assert "password" not in name or option.get("no_log") is True, name
