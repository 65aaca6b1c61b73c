"""A department's access to the cloud: its user, and an application credential that this user mints for the stacks.

Both are kept out of Pulumi, so that no state holds a credential. Where a provider gives the projects, the user is the
operator's own, and the default group, which others may use there, is left alone.
"""

from __future__ import annotations

import functools
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openstack

from govcloud.core.cache import locked
from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.files import write_atomically
from govcloud.core.language import tr
from govcloud.core.model.environment import Environment
from govcloud.core.workspace import Workspace
from govcloud.deploy import application_credentials as minted
from govcloud.deploy import clouds_file, default_group, given_access

# What a department's stacks need: servers, networks and volumes; secrets; load balancers.
ROLES = ("member", "creator", "load-balancer_member")
DOMAIN = "Default"
lasts = minted.lasts


def known(workspace: Workspace, cloud: str) -> bool:
    """Say whether the file of accesses has an entry."""
    return clouds_file.entry(workspace, cloud) is not None


def ensure(workspace: Workspace, environment: Environment, department: str, *, always: bool = False) -> None:
    """See to it that a department has its user, its roles, a closed default group and a credential that lives on.

    Its units may ask for it at the same time; one does it, the others find it done. `always` looks at everything again
    though the credential has not aged.
    """
    access = _Access(workspace, environment, department)
    with locked(workspace.lab / "credentials" / f"{access.cloud}.lock"):
        if not always and lasts(workspace, access.cloud):
            return
        if environment.tenancy:
            given_access.ensure(workspace, environment, department, ROLES)
        else:
            access.ensure()


def withdraw(workspace: Workspace, environment: Environment, department: str) -> None:
    """Take a department's access away, after its units are destroyed and before its project is."""
    if environment.tenancy:
        given_access.withdraw(workspace, environment, department)
    else:
        _Access(workspace, environment, department).withdraw()


@dataclass(frozen=True)
class _Access:
    workspace: Workspace
    environment: Environment
    department: str

    @property
    def cloud(self) -> str:
        return self.environment.cloud(self.department)

    @property
    def user_name(self) -> str:
        return f"{self.department}-deployer"

    @property
    def password_file(self) -> Path:
        return self.workspace.secrets / f"user_{self.cloud}"

    def ensure(self) -> None:
        admin = clouds_file.connect(self.workspace, self.environment.cloud("admin"))
        identity: Any = admin.identity
        project = identity.find_project(self.department)
        if project is None:
            message = tr(
                "The cloud has no project {name}. Fix: govcloud deploy foundation --apply", name=self.department
            )
            raise GovcloudError(message, status=Exit.COULD_NOT_CHECK)
        self._ensure_user(admin, project.id)
        with self._as_user(project.id) as user:
            default_group.close(user)
            again = functools.partial(self._assign, admin, project.id, user.current_user_id)
            minted.Minting(self.workspace, self.cloud, self._administrator, ROLES, again).ensure(user)

    def withdraw(self) -> None:
        """Remove the user, with which its credentials end, and the default group, which would outlive its project."""
        admin = clouds_file.connect(self.workspace, self.environment.cloud("admin"))
        identity: Any = admin.identity
        user = identity.find_user(self.user_name)
        if user is not None:
            identity.delete_user(user)
        project = identity.find_project(self.department)
        if project is not None:
            default_group.remove(admin, project.id)
        clouds_file.remove(self.workspace, self.cloud)
        for file in (self.password_file, minted.note_file(self.workspace, self.cloud)):
            file.unlink(missing_ok=True)

    def _ensure_user(self, admin: openstack.connection.Connection, project_id: str) -> None:
        identity: Any = admin.identity
        password = self._password()
        user = identity.find_user(self.user_name)
        if user is None:
            user = identity.create_user(
                name=self.user_name, password=password, default_project_id=project_id, description="Deploys its units"
            )
        elif not self._signs_in(project_id):
            identity.update_user(user, password=password)
        self._assign(admin, project_id, user)

    @staticmethod
    def _assign(admin: openstack.connection.Connection, project_id: str, user: Any) -> None:
        identity: Any = admin.identity
        for name in ROLES:
            role = identity.find_role(name)
            if role is None:
                message = tr(
                    "The cloud has no role {name}. Fix: add it to `roles` of the environment, then deploy foundation",
                    name=name,
                )
                raise GovcloudError(message, status=Exit.COULD_NOT_CHECK)
            identity.assign_project_role_to_user(project_id, user, role)

    def _password(self) -> str:
        if not self.password_file.is_file():
            write_atomically(self.password_file, secrets.token_urlsafe(32) + "\n", mode=0o600)
        return self.password_file.read_text(encoding="utf-8").strip()

    def _signs_in(self, project_id: str) -> bool:
        try:
            with self._as_user(project_id) as user:
                user.authorize()
        except openstack.exceptions.SDKException:
            return False
        return True

    @property
    def _administrator(self) -> dict[str, Any]:
        entry = clouds_file.entry(self.workspace, self.environment.cloud("admin")) or {}
        return {"region_name": self.environment.region, **entry}

    def _as_user(self, project_id: str) -> openstack.connection.Connection:
        auth = {
            "auth_url": self._administrator["auth"]["auth_url"],
            "username": self.user_name,
            "password": self._password(),
            "user_domain_name": DOMAIN,
            "project_id": project_id,
        }
        return minted.connect(self._administrator, auth)
