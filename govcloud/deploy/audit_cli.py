"""`govcloud audit`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated

import typer

from govcloud.core.audit import Archive, Chain, Record, concerns
from govcloud.core.errors import Exit
from govcloud.core.language import say, tr
from govcloud.core.model.units import units
from govcloud.core.workspace import Workspace
from govcloud.deploy.asked import city_of
from govcloud.deploy.drift import states
from govcloud.deploy.pulumi_cli import Pulumi


def audit(
    thing: Annotated[str, typer.Argument(help="An id of the cloud, or a name of the inventory; all when empty.")] = "",
    department: Annotated[str, typer.Option("--department", help="Only what was done in its project.")] = "",
    env: Annotated[str, typer.Option("--env", help="Environment of the inventory.")] = "lab",
    json_: Annotated[bool, typer.Option("--json", help="Print every record as JSON.")] = False,
) -> None:
    """Say who did what to a thing through the cloud's interfaces, and whether the records are as they were written.

    Of a user also what he did. Takes in what the services have written since the last time. Exit 0 when the chains
    hold, 1 when one is broken.

    Example: govcloud audit approval-elicence-web-1
    """
    inventory, environment = city_of(env)
    workspace = Workspace.here()
    pulumi = Pulumi(workspace, environment.state_backend)
    known = states.read(pulumi, environment, units(inventory, environment).values())
    resources = [one for state in known.values() for one in state.resources]
    archive = Archive(workspace, environment, states.projects_of(resources))
    archive.gather()
    chains = [one for one in archive.chains() if department in {"", one.department}]
    ids = {thing, *(one.id for one in resources if one.name == thing)} - {""}
    found = [*_matching(chains, ids)]
    if json_:
        told = [{"department": key, **one.model_dump(mode="json")} for key, one in found]
        print(json.dumps({"records": told}, ensure_ascii=False, indent=1))
    for key, one in found:
        say(f"{one.at:%Y-%m-%d %H:%M:%S} {key} {one.who} {one.address} {one.action} {one.path} {one.status}")
    for chain in chains:
        say(
            tr(
                "{department}: {number} records, the last one's digest is {digest}",
                department=chain.department,
                number=len(chain.records),
                digest=chain.digest,
            )
        )
    broken = [one for one in chains if one.broken_at]
    for chain in broken:
        say(
            tr(
                "{file}: line {line} does not follow from the one before: records were changed, taken out or put in",
                file=archive.folder.relative_to(workspace.root) / f"{chain.department}.jsonl",
                line=chain.broken_at,
            )
        )
    if broken:
        raise typer.Exit(Exit.FINDINGS)


def _matching(chains: list[Chain], ids: set[str]) -> Iterator[tuple[str, Record]]:
    """Yield records of all departments, oldest first, of these things or of all."""
    pairs = [(chain.department, one) for chain in chains for one in chain.records]
    for department, one in sorted(pairs, key=lambda pair: pair[1].at):
        if not ids or one.user_id in ids or any(concerns(one, each) for each in ids):
            yield department, one
