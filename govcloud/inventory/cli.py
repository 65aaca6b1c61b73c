"""`govcloud inventory`: check the files, show what they say, write their schemas."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from govcloud.core.errors import Exit
from govcloud.core.language import tr
from govcloud.core.model.base import Tier
from govcloud.core.model.inventory import examine, load
from govcloud.core.model.units import system_unit
from govcloud.core.workspace import Workspace
from govcloud.inventory import add, pages, schemas
from govcloud.inventory.new_text import SystemWish
from govcloud.inventory.tree import tree

app = typer.Typer(help="The data of the city: check it, show it, write the schemas of its files.", no_args_is_help=True)


@app.command(epilog="Example: govcloud inventory check --json")
def check(json_: Annotated[bool, typer.Option("--json", help="Print every fault as JSON.")] = False) -> None:
    """Read every file and tell all faults at once; exit 2 when there is one."""
    inventory, faults = examine(Workspace.here().inventory)
    if json_:
        print(json.dumps({"faults": [asdict(fault) for fault in faults]}, ensure_ascii=False, indent=1))
    for fault in () if json_ else faults:
        typer.echo(str(fault), err=True)
    if inventory is None or faults:
        raise typer.Exit(Exit.BAD_INPUT)
    systems = sum(len(one.systems) for one in inventory.departments.values())
    counted = {
        "departments": len(inventory.departments),
        "systems": systems,
        "zones": len(inventory.zones.zones),
        "milestones": len(inventory.milestones.milestones),
        "environments": len(inventory.environments),
    }
    found = tr(
        "{departments} departments, {systems} systems, {zones} zones, {milestones} milestones, "
        "{environments} environments: no fault",
        **counted,
    )
    typer.echo(found, err=True)


@app.command(epilog="Example: govcloud inventory show")
def show() -> None:
    """Print zones with their flows, departments, systems and addresses as a tree, and draw them under build/."""
    workspace = Workspace.here()
    inventory = load(workspace.inventory)
    Console().print(tree(inventory))
    for path in pages.write(inventory, workspace.build("inventory")):
        typer.echo(str(path.relative_to(workspace.root)), err=True)


new = typer.Typer(help="Write a new file, with addresses out of what is free.", no_args_is_help=True)
app.add_typer(new, name="add")


@new.command("department", epilog="Example: govcloud inventory add department tax --title 市税务局")
def add_department(
    key: Annotated[str, typer.Argument(help="Name of the department in files and units: small letters and digits.")],
    title: Annotated[str, typer.Option(help="What people call it.")],
    zones: Annotated[str, typer.Option(help="Zones in which it needs a network.")] = "internet,extranet,data",
) -> None:
    """Write inventory/departments/KEY.yaml: networks out of the free ranges, and a bastion."""
    workspace = Workspace.here()
    file = add.department(workspace.inventory, key, title, [zone.strip() for zone in zones.split(",")])
    _tell_next(workspace, file, f"govcloud inventory add system {key} NAME --title ...")


@new.command("system", epilog="Example: govcloud inventory add system tax invoices --title 电子发票 --level 3")
def add_system(
    department: Annotated[str, typer.Argument(help="The department; the city's owner gets a platform.")],
    key: Annotated[str, typer.Argument(help="Name of the system: small letters, digits, single hyphens.")],
    title: Annotated[str, typer.Option(help="What people call it.")],
    level: Annotated[int, typer.Option(min=2, max=3, help="Its level; from 3 on every tier has two servers.")] = 2,
    tiers: Annotated[list[Tier] | None, typer.Option("--tier", help="A tier; all three when none is named.")] = None,
) -> None:
    """Write a system of the usual shape into its department's file, a platform into a file of its own."""
    workspace = Workspace.here()
    wish = SystemWish(key=key, title=title, level=level, tiers=tiers or list(Tier))
    file = add.system(workspace.inventory, department, wish)
    _tell_next(workspace, file, f"govcloud deploy foundation {department} {system_unit(department, key)}")


def _tell_next(workspace: Workspace, file: Path, command: str) -> None:
    written = tr("written: {file}", file=file.relative_to(workspace.root))
    typer.echo(f"{written}\n" + tr("next: {command}", command=command), err=True)


@app.command(epilog="Example: govcloud inventory schema --write")
def schema(write: Annotated[bool, typer.Option("--write", help="Write them to inventory/schemas/.")] = False) -> None:
    """Tell which schemas differ from the models (exit 1 when one does), or write them all."""
    folder = Workspace.here().inventory / "schemas"
    if write:
        schemas.write(folder)
    differing = schemas.differing(folder)
    for name in differing:
        message = tr(
            "{file} differs; fix: govcloud inventory schema --write", file=f"inventory/schemas/{name}.schema.json"
        )
        typer.echo(message, err=True)
    if differing:
        raise typer.Exit(Exit.FINDINGS)
