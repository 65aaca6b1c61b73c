"""Which cloud an environment is built on: the access that `--cloud` names, remembered from then on.

An environment that has been built is not moved by an option: on another cloud Pulumi would find nothing of it, and
build it once more.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.files import write_atomically
from govcloud.core.language import tr
from govcloud.core.model.environment import Environment
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.units import PROJECT
from govcloud.core.workspace import Workspace
from govcloud.deploy import cloud_check, clouds_file, given_access, tenancy_check
from govcloud.deploy.cloud_check import Finding


def choose(workspace: Workspace, environment: Environment, name: str) -> Environment:
    """Return the environment with the access that is named now, was named before, or stands in its file."""
    known = _remembered(workspace, environment)
    access = name or known.get("access") or environment.access
    if not access:
        return environment
    place = _place(workspace, environment, str(access))
    if known and place != known.get("place") and _built(workspace, environment):
        message = tr(
            "{environment} is built on {known}, and {access} is {place}. "
            "Fix: name an access to the same cloud, or take its units away first",
            environment=environment.key,
            known=known["place"],
            access=access,
            place=place,
        )
        raise GovcloudError(message, status=Exit.SAFETY_RULE)
    if name:
        note = json.dumps({"access": access, "place": place})
        write_atomically(_file(workspace, environment), note, mode=0o600)
    return environment.model_copy(update={"access": access})


def findings(workspace: Workspace, inventory: Inventory, environment: Environment) -> list[Finding]:
    """Return what the chosen cloud has and lacks, as whoever its access belongs to."""
    with _connected(workspace, environment) as connection:
        found = cloud_check.look(connection, inventory, environment)
    if environment.tenancy:
        found += tenancy_check.look(workspace, inventory, environment)
    return found


def refuse_what_it_lacks(workspace: Workspace, inventory: Inventory, environment: Environment) -> None:
    """Raise an error with everything that the cloud would refuse; nothing has been asked of it by then."""
    if environment.tenancy is None:
        with _connected(workspace, environment) as connection:
            roles = clouds_file.roles_of(connection)
        if "admin" not in roles:
            message = tr(
                "{access} is only {roles}, and projects, flavors and volume types are to be made. Fix: name an "
                "administrator's access by --cloud, or what the provider gives in `tenancy` of {file}",
                access=environment.access,
                roles=", ".join(sorted(roles)),
                file=f"inventory/environments/{environment.key}.yaml",
            )
            raise GovcloudError(message, status=Exit.FINDINGS)
    lacks = [one for one in findings(workspace, inventory, environment) if one.verdict != "conform"]
    if lacks:
        said = [f"{one.rule} {one.object}: {one.reason}. " + tr("Fix: {remedy}", remedy=one.remedy) for one in lacks]
        raise GovcloudError(
            *said, tr("Nothing was asked of {access}.", access=environment.access), status=Exit.FINDINGS
        )


def _connected(workspace: Workspace, environment: Environment) -> Any:
    if environment.tenancy:
        return given_access.connect(workspace, environment, next(iter(environment.tenancy.projects)))
    return clouds_file.connect(workspace, environment.cloud("admin"))


def _place(workspace: Workspace, environment: Environment, access: str) -> str:
    entry = clouds_file.entry(workspace, access)
    if entry is None:
        names = ", ".join(clouds_file.names(workspace)) or "none"
        message = tr(
            "{file} has no cloud {access}, it has: {names}. Fix: add it, or name another",
            file=workspace.clouds_yaml,
            access=access,
            names=names,
        )
        raise GovcloudError(message, status=Exit.COULD_NOT_CHECK)
    auth = entry.get("auth") or {}
    return f"{auth.get('auth_url', '')} {entry.get('region_name', environment.region)}"


def _built(workspace: Workspace, environment: Environment) -> bool:
    if environment.state_backend:
        # A database is not asked for it: what was once named counts as built.
        return True
    stacks = workspace.pulumi_backend / ".pulumi" / "stacks" / PROJECT
    return any(stacks.glob(f"{environment.key}-*.json"))


def _file(workspace: Workspace, environment: Environment) -> Path:
    return workspace.lab / "credentials" / f"{environment.key}.cloud"


def _remembered(workspace: Workspace, environment: Environment) -> dict[str, Any]:
    try:
        found = json.loads(_file(workspace, environment).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
