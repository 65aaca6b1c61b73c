"""What was found unchanged counts as unchanged only while everything that went into it is the same."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from govcloud.core.model.units import Unit, units
from govcloud.core.workspace import Workspace
from govcloud.deploy import unchanged
from govcloud.deploy.pulumi_cli import Pulumi
from tests.conftest import ROOT
from tests.sample import SAMPLE

ENVIRONMENT = SAMPLE.environment("lab")
SYSTEM = units(SAMPLE, ENVIRONMENT)["approval-elicence"]


@pytest.fixture
def pulumi(tmp_path: Path) -> Pulumi:
    """Give a checkout whose units have been made."""
    for folder in ("inventory", "stacks", "govcloud/core"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("settings", "__pycache__"))
    for name in ("Pulumi.yaml", "requirements.txt", "toolchain/build.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    made = Pulumi(Workspace(tmp_path))
    for unit in (SYSTEM.name, *SYSTEM.needs):
        _write(made.state(f"lab-{unit}"))
    _write(made.settings("lab-approval-elicence"))
    _write(tmp_path / ENVIRONMENT.operator_public_key)
    return made


def _write(file: Path, text: str = "{}") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _key(pulumi: Pulumi, unit: Unit = SYSTEM) -> str:
    return unchanged.key(pulumi, ENVIRONMENT, unit)


def test_the_same_again_is_known(pulumi: Pulumi) -> None:
    assert not unchanged.noted(pulumi, ENVIRONMENT, SYSTEM, _key(pulumi))
    unchanged.note(pulumi, ENVIRONMENT, SYSTEM, _key(pulumi))
    assert unchanged.noted(pulumi, ENVIRONMENT, SYSTEM, _key(pulumi))


CHANGES: dict[str, Callable[[Pulumi], Path]] = {
    "a department's file": lambda one: one.workspace.inventory / "departments" / "approval.yaml",
    "the environment": lambda one: one.workspace.inventory / "environments" / "lab.yaml",
    "a component": lambda one: one.workspace.root / "stacks" / "components" / "compute.py",
    "the model": lambda one: one.workspace.root / "govcloud" / "core" / "model" / "rules.py",
    "a package": lambda one: one.workspace.root / "requirements.txt",
    "the tools": lambda one: one.workspace.root / "toolchain" / "build.py",
    "the project": lambda one: one.workspace.root / "Pulumi.yaml",
    "its own state": lambda one: one.state("lab-approval-elicence"),
    "the state of what it needs": lambda one: one.state("lab-approval"),
    "its settings": lambda one: one.settings("lab-approval-elicence"),
    "the operator's key": lambda one: one.workspace.root / ENVIRONMENT.operator_public_key,
}


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_goes_into_a_preview_makes_it_another(pulumi: Pulumi, what: str) -> None:
    before, file = _key(pulumi), CHANGES[what](pulumi)
    unchanged.note(pulumi, ENVIRONMENT, SYSTEM, before)
    file.write_bytes(file.read_bytes() + b"\n# changed\n")
    assert not unchanged.noted(pulumi, ENVIRONMENT, SYSTEM, _key(pulumi))


def test_a_new_file_makes_it_another(pulumi: Pulumi) -> None:
    before = _key(pulumi)
    _write(pulumi.workspace.inventory / "platforms" / "another.yaml")
    assert _key(pulumi) != before


def test_the_state_of_a_unit_that_it_does_not_need_is_nothing_to_it(pulumi: Pulumi) -> None:
    before = _key(pulumi)
    _write(pulumi.state("lab-police"))
    assert _key(pulumi) == before


def test_what_was_never_made_is_planned(pulumi: Pulumi) -> None:
    pulumi.state("lab-approval-elicence").unlink()
    assert _key(pulumi) == ""
    unchanged.note(pulumi, ENVIRONMENT, SYSTEM, "")
    assert not unchanged.noted(pulumi, ENVIRONMENT, SYSTEM, "")


def test_states_in_a_database_are_planned_each_time(pulumi: Pulumi) -> None:
    assert _key(Pulumi(pulumi.workspace, "postgres://states@localhost/states")) == ""


def test_a_key_that_lies_outside_of_the_checkout_is_no_fault(
    pulumi: Pulumi, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("keys") / "operator.pub"
    _write(elsewhere)
    environment = ENVIRONMENT.model_copy(update={"operator_public_key": str(elsewhere)})
    before = unchanged.key(pulumi, environment, SYSTEM)
    _write(elsewhere, "another")
    assert before != unchanged.key(pulumi, environment, SYSTEM) != ""
