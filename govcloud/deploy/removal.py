"""Taking a unit away for good: first it is said what would go, then only that goes, and it is noted who let it go when.

Nothing is destroyed by an option alone. What was read is named by its digest, and the digest of what is there at the
moment of the act has to be the same.
"""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from govcloud.core import cache
from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.language import mark, tr
from govcloud.core.model.environment import Environment
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.units import Unit, units
from govcloud.deploy import clouds_file, credentials, unfinished
from govcloud.deploy.events import Outcome
from govcloud.deploy.pulumi_cli import Pulumi

_CONTAINER = "openstack:objectstorage/container:Container"
# Why a kind of resource is protected wherever not everything may be destroyed at will.
_REASONS = {
    "openstack:blockstorage/volume:Volume": mark("holds a tier's data"),
    _CONTAINER: mark("holds objects and their versions"),
    "openstack:keymanager/secretV1:SecretV1": mark("without it the data's software is locked out"),
}
_REASON = mark("what holds data stands on it")


@dataclass(frozen=True)
class Removal:
    """What a unit's state says there is: resources by URN and id; which of them are protected, and why."""

    unit: Unit
    resources: dict[str, str]
    protected: dict[str, str]
    containers: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Name exactly these things of exactly this unit."""
        return cache.digest(self.unit.name, *(f"{urn} {known}" for urn, known in sorted(self.resources.items())))


def look(pulumi: Pulumi, inventory: Inventory, environment: Environment, unit: Unit) -> Removal:
    """Return what would go; refuse (exit 4) while another unit that needs this one is there."""
    there = pulumi.stacks()
    users = [
        one
        for one in units(inventory, environment).values()
        if unit.name in one.needs and one.stack(environment.key) in there
    ]
    in_the_way = [one.name for one in users if _resources(pulumi, one.stack(environment.key))]
    if in_the_way:
        message = tr(
            "{unit} is needed by {users}. Fix: destroy those first", unit=unit.name, users=", ".join(in_the_way)
        )
        raise GovcloudError(message, status=Exit.SAFETY_RULE)
    stack = unit.stack(environment.key)
    found = _resources(pulumi, stack) if stack in there else []
    return Removal(
        unit=unit,
        resources={str(one["urn"]): str(one.get("id", "")) for one in found},
        protected={str(one["urn"]): _REASONS.get(one["type"], _REASON) for one in found if one.get("protect")},
        containers=tuple(str(one["id"]) for one in found if one["type"] == _CONTAINER),
    )


def carry_out(
    pulumi: Pulumi, environment: Environment, removal: Removal, approved: str, tell: Callable[[str], None]
) -> Outcome:
    """Destroy what was approved, its stack and its access; refuse (exit 4) when it is not what is there now."""
    unit, stack = removal.unit, removal.unit.stack(environment.key)
    if approved != removal.digest:
        message = tr(
            "{unit} is now {digest}, not {approved}. Fix: read what would go, approve that digest",
            unit=unit.name,
            digest=removal.digest,
            approved=approved,
        )
        raise GovcloudError(message, status=Exit.SAFETY_RULE)
    _record(pulumi, environment, removal)
    if removal.resources:
        if unit.department:
            credentials.ensure(pulumi.workspace, environment, unit.department)
        if removal.protected:
            pulumi.text("state", "unprotect", "--all", "--yes", "--stack", stack)
        _forget_versions(pulumi, environment, removal)
        outcome = pulumi.operate("destroy", stack, "--yes", "--skip-preview", "--refresh")
        if not outcome.ok:
            _protect_again(pulumi, stack, removal)
            return outcome
    else:
        outcome = Outcome(ok=True)
    if stack in pulumi.stacks():
        pulumi.text("stack", "rm", stack, "--yes")
    unfinished.forget(pulumi.workspace, stack)
    if unit.system is None and unit.department:
        credentials.withdraw(pulumi.workspace, environment, unit.department)
    tell(tr("{unit}: nothing of it is left; noted in {file}", unit=unit.name, file=_records(pulumi, environment)))
    return outcome


def _resources(pulumi: Pulumi, stack: str) -> list[dict[str, Any]]:
    """Return what a stack has in the cloud: no components, no providers, nothing that is only read."""
    state = json.loads(pulumi.text("stack", "export", "--stack", stack)).get("deployment") or {}
    return [one for one in state.get("resources") or () if one.get("custom") and not _is_plain(one)]


def _protect_again(pulumi: Pulumi, stack: str, removal: Removal) -> None:
    """Protect what is left of what was protected: the approval was for this run."""
    left = [str(one["urn"]) for one in _resources(pulumi, stack) if one["urn"] in removal.protected]
    if left:
        pulumi.text("state", "protect", *left, "--yes", "--stack", stack)


def _is_plain(resource: dict[str, Any]) -> bool:
    return bool(resource.get("external")) or str(resource["type"]).startswith("pulumi:")


def _forget_versions(pulumi: Pulumi, environment: Environment, removal: Removal) -> None:
    """Remove the earlier versions that containers keep: swift removes no container that has some."""
    if not removal.containers:
        return
    cloud = clouds_file.connect(pulumi.workspace, removal.unit.cloud(environment))
    store: Any = cloud.object_store
    for container in removal.containers:
        while versions := store.get(f"/{container}?versions&format=json").json():
            for one in versions:
                store.delete(f"/{container}/{quote(one['name'])}?version-id={one['version_id']}").raise_for_status()


def _records(pulumi: Pulumi, environment: Environment) -> Path:
    """Return the file of removals: of what lasts it stands in the inventory, under the same version control."""
    if environment.disposable:
        return pulumi.workspace.build(environment.key) / "removals.jsonl"
    return pulumi.workspace.inventory / "removals" / f"{environment.key}.jsonl"


def _record(pulumi: Pulumi, environment: Environment, removal: Removal) -> None:
    """Note the approval before the act: what was cut short was approved all the same."""
    file = _records(pulumi, environment)
    file.parent.mkdir(parents=True, exist_ok=True)
    line = {
        "schema_version": 2,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "by": getpass.getuser(),
        "unit": removal.unit.name,
        "digest": removal.digest,
        "resources": len(removal.resources),
        "protected": [{"urn": urn, "reason": reason} for urn, reason in sorted(removal.protected.items())],
    }
    with file.open("a", encoding="utf-8") as opened:
        opened.write(json.dumps(line, ensure_ascii=False) + "\n")
