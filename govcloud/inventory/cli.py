"""`govcloud inventory`: check the files, show what they say, write their schemas."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from govcloud.core.errors import Exit
from govcloud.core.model.inventory import examine, load
from govcloud.core.model.units import units
from govcloud.core.workspace import Workspace
from govcloud.inventory import schemas
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
    typer.echo(
        f"{len(inventory.departments)} departments, {systems} systems, {len(units(inventory))} units, "
        f"{len(inventory.zones.zones)} zones: no fault",
        err=True,
    )


@app.command(epilog="Example: govcloud inventory show")
def show() -> None:
    """Print zones with their flows, departments, systems and addresses as a tree."""
    Console().print(tree(load(Workspace.here().inventory)))


@app.command(epilog="Example: govcloud inventory schema --write")
def schema(write: Annotated[bool, typer.Option("--write", help="Write them to inventory/schemas/.")] = False) -> None:
    """Tell which schemas differ from the models (exit 1 when one does), or write them all."""
    folder = Workspace.here().inventory / "schemas"
    if write:
        schemas.write(folder)
    differing = schemas.differing(folder)
    for name in differing:
        typer.echo(f"inventory/schemas/{name}.schema.json differs; fix: govcloud inventory schema --write", err=True)
    if differing:
        raise typer.Exit(Exit.FINDINGS)
