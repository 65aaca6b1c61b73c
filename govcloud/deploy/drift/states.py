"""What the states of all units say that there is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.language import tr
from govcloud.core.model.environment import Environment
from govcloud.core.model.units import Unit
from govcloud.deploy import states
from govcloud.deploy.pulumi_cli import Pulumi

_PROVIDER = "openstack:"


@dataclass(frozen=True)
class Resource:
    """One resource of the cloud, as the state of its unit has it."""

    unit: str
    department: str
    """Whose access made it; empty for what the administrator made."""
    kind: str
    """Its type, as Pulumi names it."""
    name: str
    id: str
    outputs: Mapping[str, Any]


@dataclass(frozen=True)
class State:
    """What a unit's state says."""

    resources: tuple[Resource, ...] = ()
    pending: bool = False
    """Whether an operation was begun of which the state does not know how it ended."""


def read(pulumi: Pulumi, environment: Environment, units: Iterable[Unit]) -> dict[str, State]:
    """Return the states by unit; a unit that was never made has an empty one. Refuses (exit 3) where one is damaged."""
    damaged: list[str] = []
    found: dict[str, State] = {}
    for unit in units:
        try:
            deployment = _deployment(pulumi, unit.stack(environment.key))
        except ValueError:
            damaged.append(
                tr("{unit}: its state is damaged. Fix: govcloud deploy puts the last whole copy back", unit=unit.name)
            )
            continue
        found[unit.name] = State((*of(unit, deployment),), bool(deployment.get("pending_operations")))
    if damaged:
        raise GovcloudError(*damaged, status=Exit.COULD_NOT_CHECK)
    return found


def _deployment(pulumi: Pulumi, stack: str) -> Mapping[str, Any]:
    """Read a state from its file, or have Pulumi read it where states stand in a database."""
    if pulumi.state_backend:
        if stack not in pulumi.stacks():
            return {}
        exported: Mapping[str, Any] = json.loads(pulumi.text("stack", "export", "--stack", stack))
        return exported.get("deployment") or {}
    file = pulumi.state(stack)
    if not file.exists():
        return {}
    if not states.whole(file):
        raise ValueError(stack)
    checkpoint: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))["checkpoint"]
    return checkpoint.get("latest") or {}


def of(unit: Unit, deployment: Mapping[str, Any]) -> Iterator[Resource]:
    """Yield the resources of the cloud that a unit's deployment has, as Pulumi exports it."""
    for one in deployment.get("resources") or ():
        ours = str(one["type"]).startswith(_PROVIDER) and one.get("custom") and not one.get("external")
        if ours and not one.get("delete"):
            name = str(one["urn"]).rpartition("::")[2]
            yield Resource(
                unit.name, unit.department or "", str(one["type"]), name, str(one["id"]), one.get("outputs") or {}
            )


def projects_of(resources: Iterable[Resource]) -> dict[str, str]:
    """Return departments by their project's id, as far as the administrator has made the projects."""
    return {one.id: one.name for one in resources if one.kind == "openstack:identity/project:Project"}
