"""A department's access in a project that the provider gives: the operator's own, narrowed to that project.

Whoever signs in by a password mints a credential for the stacks there, with the roles that the user has and the stacks
need. An application credential cannot mint another and belongs to one project; it is used as it is.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import openstack
from openstack.exceptions import SDKException

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.language import tr
from govcloud.core.model.environment import Environment
from govcloud.core.workspace import Workspace
from govcloud.deploy import application_credentials as minted
from govcloud.deploy import clouds_file

_OF_A_PROJECT = ("project_id", "project_name", "tenant_id", "tenant_name", "system_scope", "domain_id", "domain_name")


def narrowed(workspace: Workspace, environment: Environment, department: str) -> dict[str, Any]:
    """Return the operator's own entry, narrowed to a department's project."""
    name = environment.cloud("admin")
    entry = clouds_file.entry(workspace, name)
    if entry is None or environment.tenancy is None:
        message = tr(
            "{file} has no cloud {name}. Fix: add it, or name another by --cloud", file=workspace.clouds_yaml, name=name
        )
        raise GovcloudError(message, status=Exit.COULD_NOT_CHECK)
    auth = dict(entry.get("auth") or {})
    if "application_credential_id" in auth:
        return entry
    kept = {key: value for key, value in auth.items() if key not in _OF_A_PROJECT}
    domain = {} if {"project_domain_name", "project_domain_id"} & set(kept) else {"project_domain_id": "default"}
    given = environment.tenancy.projects[department]
    return {**entry, "auth": {**kept, **domain, "project_name": given.project}}


def connect(workspace: Workspace, environment: Environment, department: str) -> openstack.connection.Connection:
    """Connect to a department's project with the operator's own access."""
    return clouds_file.connect_as(narrowed(workspace, environment, department))


def announce(workspace: Workspace, environment: Environment, department: str) -> None:
    """Write the department's entry without asking the cloud for anything, so that a preview finds it."""
    cloud = environment.cloud(department)
    if clouds_file.entry(workspace, cloud) is None:
        clouds_file.put(workspace, cloud, narrowed(workspace, environment, department))


def ensure(workspace: Workspace, environment: Environment, department: str, roles: tuple[str, ...]) -> None:
    """See to it that a department's entry holds a credential for its stacks that lives on."""
    cloud, entry = environment.cloud(department), narrowed(workspace, environment, department)
    with connect(workspace, environment, department) as user:
        own = (entry.get("auth") or {}).get("application_credential_id")
        if own:
            clouds_file.put(workspace, cloud, entry)
            identity: Any = user.identity
            found = identity.get_application_credential(user.current_user_id, own)
            end = minted.end_of(found) if found.expires_at else datetime.now(UTC) + minted.LIFE
            minted.note(workspace, cloud, own, end)
            return
        granted = clouds_file.roles_of(user)
        wanted = [role for role in roles if role in granted]
        minted.Minting(workspace, cloud, entry, wanted, lambda: None).ensure(user)


def withdraw(workspace: Workspace, environment: Environment, department: str) -> None:
    """Take the stacks' credential away; the user and the project are the provider's."""
    cloud, entry = environment.cloud(department), narrowed(workspace, environment, department)
    own = minted.current_id(workspace, cloud)
    if own and own != (entry.get("auth") or {}).get("application_credential_id"):
        with connect(workspace, environment, department) as user:
            identity: Any = user.identity
            try:
                identity.delete_application_credential(user.current_user_id, own)
            except SDKException as error:
                message = tr("{cloud}: its credential cannot be removed: {error}", cloud=cloud, error=error)
                raise GovcloudError(message, status=Exit.COULD_NOT_CHECK) from None
    clouds_file.remove(workspace, cloud)
    minted.note_file(workspace, cloud).unlink(missing_ok=True)
