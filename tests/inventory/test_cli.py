"""The command as an operator sees it: what it prints where, and how it exits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from govcloud.core.errors import Exit
from govcloud.core.workspace import Workspace
from govcloud.inventory import cli

RUN = CliRunner()


@pytest.fixture
def spoiled(inventory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the command find an inventory with two faults in two files."""
    for name, old, new in (("city", "owner: bureau", "owner: nobody"), ("zones", "[web]", "[web, database]")):
        file = inventory / f"{name}.yaml"
        file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    monkeypatch.setattr(Workspace, "here", lambda: Workspace(inventory.parent))
    return inventory


def test_a_sound_inventory_is_told_in_one_line() -> None:
    result = RUN.invoke(cli.app, ["check"])
    assert result.exit_code == Exit.DONE
    assert "4 departments, 26 systems, 6 zones, 37 milestones, 1 environments: no fault" in result.output


@pytest.mark.usefixtures("spoiled")
def test_every_fault_is_a_line_and_the_exit_status_says_whose_it_is() -> None:
    result = RUN.invoke(cli.app, ["check"])
    assert result.exit_code == Exit.BAD_INPUT
    assert [line.partition(":")[0] for line in result.output.splitlines()] == [
        "inventory/city.yaml",
        "inventory/zones.yaml",
    ]


@pytest.mark.usefixtures("spoiled")
def test_faults_as_json_have_their_parts() -> None:
    faults = json.loads(RUN.invoke(cli.app, ["check", "--json"]).stdout)["faults"]
    assert [(one["file"], one["clause"]) for one in faults] == [
        ("inventory/city.yaml", ""),
        ("inventory/zones.yaml", "8.1.2.1 d"),
    ]


def test_the_tree_shows_what_there_is() -> None:
    shown = RUN.invoke(cli.app, ["show"]).output
    assert all(word in shown for word in ("石家庄市", "核心数据区", "市行政审批局", "电子证照", "10.19.1.20"))


def test_faults_are_told_in_the_operators_language(spoiled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "zh_CN")
    told = RUN.invoke(cli.app, ["check"]).output
    assert "inventory/zones.yaml:8:12: zones.internet.tiers: 让数据库放在了对外的分区（8.1.2.1 d）" in told
    assert spoiled.is_dir()


def test_a_department_and_its_system_are_written_and_what_comes_next_is_told(
    inventory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Workspace, "here", lambda: Workspace(inventory.parent))
    result = RUN.invoke(cli.app, ["add", "department", "tax", "--title", "市税务局"])
    assert (result.exit_code, "written: inventory/departments/tax.yaml" in result.output) == (Exit.DONE, True)
    result = RUN.invoke(cli.app, ["add", "system", "tax", "invoices", "--title", "电子发票", "--tier", "application"])
    assert "next: govcloud deploy foundation tax tax-invoices" in result.output
    assert "5 departments, 27 systems" in RUN.invoke(cli.app, ["check"]).output


def test_schemas_that_differ_are_told_and_written(inventory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Workspace, "here", lambda: Workspace(inventory.parent))
    file = inventory / "schemas" / "zones.schema.json"
    whole = file.read_text(encoding="utf-8")
    file.write_text("{}", encoding="utf-8")
    told = RUN.invoke(cli.app, ["schema"])
    assert (told.exit_code, "zones.schema.json differs" in told.output) == (Exit.FINDINGS, True)
    assert RUN.invoke(cli.app, ["schema", "--write"]).exit_code == Exit.DONE
    assert file.read_text(encoding="utf-8") == whole
