"""A department's access to the cloud: its user, and an application credential that this user mints for the stacks.

Both are kept out of Pulumi, so that no state holds a credential. The credential may do what the department's stacks do
and no more, ends by itself, and is replaced when less than a third of its life is left. The old one is left to end by
itself: a running command may still use it.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openstack
import openstack.config

from govcloud.core.cache import locked
from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.files import write_atomically
from govcloud.core.language import tr
from govcloud.core.model.environment import Environment
from govcloud.core.workspace import Workspace
from govcloud.deploy import clouds_file, default_group

# What a department's stacks need: servers, networks and volumes; secrets; load balancers.
ROLES = ("member", "creator", "load-balancer_member")
LIFE = timedelta(days=30)
DOMAIN = "Default"
_TRIES = 8


def known(workspace: Workspace, cloud: str) -> bool:
    """Say whether the file of accesses has an entry."""
    return clouds_file.entry(workspace, cloud) is not None


def lasts(workspace: Workspace, cloud: str) -> bool:
    """Say whether a department's credential has more than a third of its life left, as noted when it was made."""
    entry = clouds_file.entry(workspace, cloud) or {}
    try:
        note = json.loads(_note(workspace, cloud).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    same = note.get("id") == (entry.get("auth") or {}).get("application_credential_id")
    return bool(same and datetime.fromisoformat(note["end"]) - datetime.now(UTC) > LIFE / 3)


def _note(workspace: Workspace, cloud: str) -> Path:
    return workspace.lab / "credentials" / f"{cloud}.json"


def ensure(workspace: Workspace, environment: Environment, department: str, *, always: bool = False) -> None:
    """See to it that a department has its user, its roles, a closed default group and a credential that lives on.

    Its units may ask for it at the same time; one does it, the others find it done. `always` looks at everything again
    though the credential has not aged.
    """
    access = _Access(workspace, environment, department)
    with locked(workspace.lab / "credentials" / f"{access.cloud}.lock"):
        if always or not lasts(workspace, access.cloud):
            access.ensure()


def withdraw(workspace: Workspace, environment: Environment, department: str) -> None:
    """Take a department's access away, after its units are destroyed and before its project is."""
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
        with self._as_user(admin, project.id) as user:
            default_group.close(user)
            self._ensure_credential(admin, user)

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
        for file in (self.password_file, _note(self.workspace, self.cloud)):
            file.unlink(missing_ok=True)

    def _ensure_user(self, admin: openstack.connection.Connection, project_id: str) -> None:
        identity: Any = admin.identity
        password = self._password()
        user = identity.find_user(self.user_name)
        if user is None:
            user = identity.create_user(
                name=self.user_name, password=password, default_project_id=project_id, description="Deploys its units"
            )
        elif not self._signs_in(admin, project_id):
            identity.update_user(user, password=password)
        self._assign(admin, project_id, user)

    @staticmethod
    def _assign(admin: openstack.connection.Connection, project_id: str, user: Any) -> None:  # noqa: ANN401
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

    def _signs_in(self, admin: openstack.connection.Connection, project_id: str) -> bool:
        try:
            with self._as_user(admin, project_id) as user:
                user.authorize()
        except openstack.exceptions.SDKException:
            return False
        return True

    def _as_user(self, admin: openstack.connection.Connection, project_id: str) -> openstack.connection.Connection:
        config = openstack.config.OpenStackConfig(load_yaml_config=False, load_envvars=False)
        region = config.get_one(
            auth={
                "auth_url": admin.config.auth["auth_url"],
                "username": self.user_name,
                "password": self._password(),
                "user_domain_name": DOMAIN,
                "project_id": project_id,
            },
            region_name=self.environment.region,
            identity_api_version="3",
        )
        return openstack.connection.Connection(config=region)

    def _ensure_credential(self, admin: openstack.connection.Connection, user: openstack.connection.Connection) -> None:
        identity: Any = user.identity
        owner = user.current_user_id
        now = datetime.now(UTC)
        existing = {one.id: one for one in identity.application_credentials(owner)}
        for one in existing.values():
            if _end(one) <= now:
                identity.delete_application_credential(owner, one)
        current = existing.get(self._current_id())
        if current is not None and _end(current) - now > LIFE / 3:
            self._note(current.id, _end(current))
            return
        end = now + LIFE
        made = _once_assigned(
            lambda: identity.create_application_credential(
                owner,
                name=f"stacks-{now:%Y%m%dT%H%M%S}",
                description="Used by the stacks of this department",
                roles=[{"name": name} for name in ROLES],
                expires_at=f"{end:%Y-%m-%dT%H:%M:%S}",
            ),
            lambda: self._assign(admin, str(user.current_project_id), owner),
        )
        clouds_file.put(
            self.workspace,
            self.cloud,
            {
                "auth_type": "v3applicationcredential",
                "auth": {
                    "auth_url": admin.config.auth["auth_url"],
                    "application_credential_id": made.id,
                    "application_credential_secret": made.secret,
                },
                "region_name": self.environment.region,
                "identity_api_version": 3,
                "interface": "public",
            },
        )

        self._note(made.id, end)

    def _note(self, credential_id: str, end: datetime) -> None:
        note = {"id": credential_id, "end": end.isoformat()}
        write_atomically(_note(self.workspace, self.cloud), json.dumps(note))

    def _current_id(self) -> str:
        entry = clouds_file.entry(self.workspace, self.cloud) or {}
        return str((entry.get("auth") or {}).get("application_credential_id", ""))


def _once_assigned(create: Callable[[], Any], assign: Callable[[], None]) -> Any:  # noqa: ANN401
    """Create what needs roles that were just assigned.

    Keystone answers from a cache that departments fill side by side: it may have noted what was there before the last
    role. Each assignment, of a role that is there too, makes it forget.
    """
    for _ in range(_TRIES - 1):
        try:
            return create()
        except openstack.exceptions.BadRequestException as refused:
            if "unassigned role" not in str(refused):
                raise
        assign()
        time.sleep(0.5)
    return create()


def _end(credential: Any) -> datetime:  # noqa: ANN401 - the SDK's resources have no types
    """Return when a credential ends; one without an end is none of ours and counts as ended."""
    if not credential.expires_at:
        return datetime.min.replace(tzinfo=UTC)
    return datetime.fromisoformat(str(credential.expires_at).rstrip("Z")).replace(tzinfo=UTC)
