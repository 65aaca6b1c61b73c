"""What a killed `pulumi up` leaves in the cloud without knowing it, found and removed before the next one.

Pulumi notes what it is about to create before it asks for it. After a kill such a note stays in the state, and the
cloud may have made the thing or not; created once more it would stand there twice, or be refused because it exists.
Whatever depends on it was never asked for, so nothing uses it: it is removed, and the next run makes it anew.

Only what a note names is looked for, and of that only what no stack knows and what carries no other unit's label.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from openstack.connection import Connection

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.language import tr
from govcloud.core.model.environment import Environment
from govcloud.core.model.units import Unit
from govcloud.deploy import clouds_file
from govcloud.deploy.pulumi_cli import Pulumi
from govcloud.deploy.remedies import REMEDIES

# A request that was under way when its sender was killed may still be carried out.
_LOOKS = 2
_SECONDS_BETWEEN_LOOKS = 3


def settle(pulumi: Pulumi, environment: Environment, unit: Unit, tell: Callable[[str], None]) -> int:
    """Remove what a killed run of this unit left behind, clear its notes, and return how many things were removed."""
    stack = unit.stack(environment.key)
    state = json.loads(pulumi.text("stack", "export", "--stack", stack)).get("deployment") or {}
    pending = [one["resource"] for one in state.get("pending_operations") or () if one.get("type") == "creating"]
    if not pending:
        return 0
    tell(
        tr(
            "{unit}: an earlier run was killed while it made {number} resources; looking for them",
            unit=unit.name,
            number=len(pending),
        )
    )
    known = {str(one.get("id")) for one in state.get("resources") or () if one.get("id")}
    cloud = clouds_file.connect(pulumi.workspace, unit.cloud(environment))
    removed = 0
    for look in range(_LOOKS):
        if look:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        removed += sum(_remove(cloud, unit, resource, known, tell) for resource in sorted(pending, key=_rank))
    outcome = pulumi.operate("refresh", stack, "--yes", "--skip-preview", "--clear-pending-creates")
    if not outcome.ok:
        raise GovcloudError(
            tr("{unit}: the state cannot be cleared: {errors}", unit=unit.name, errors="; ".join(outcome.errors)),
            status=Exit.COULD_NOT_CHECK,
        )
    return removed


def _rank(resource: Mapping[str, Any]) -> int:
    remedy = REMEDIES.get(str(resource["type"]))
    return remedy.rank if remedy else 0


def _remove(
    cloud: Connection, unit: Unit, resource: Mapping[str, Any], known: set[str], tell: Callable[[str], None]
) -> int:
    remedy = REMEDIES.get(str(resource["type"]))
    if remedy is None:
        return 0
    orphans = [
        one
        for one in remedy.find(cloud, resource.get("inputs") or {})
        if str(one.id) not in known and _unit_of(one) in {None, unit.name}
    ]
    for orphan in orphans:
        kind = str(resource["type"]).rpartition(":")[2]
        tell(tr("{unit}: removing {kind} {name}", unit=unit.name, kind=kind, name=orphan.name or orphan.id))
        remedy.remove(cloud, orphan)
    return len(orphans)


def _unit_of(thing: Any) -> str | None:  # noqa: ANN401 - the SDK's resources have no types
    """Return the unit that a thing's label names, or None where it has no label."""
    metadata = getattr(thing, "metadata", None)
    if isinstance(metadata, dict) and "unit" in metadata:
        return str(metadata["unit"])
    tags = getattr(thing, "tags", None) or ()
    return next((tag.partition("=")[2] for tag in tags if str(tag).startswith("unit=")), None)
