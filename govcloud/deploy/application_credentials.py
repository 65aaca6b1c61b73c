"""The credential that a department's stacks work with: it may do what they do and no more, and ends by itself.

It is replaced when less than a third of its life is left. The old one is left to end by itself: a running command may
still use it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openstack

from govcloud.core.files import write_atomically
from govcloud.core.language import say, tr
from govcloud.core.workspace import Workspace
from govcloud.deploy import access_rules, clouds_file

LIFE = timedelta(days=30)
_TRIES = 8
# How a cloud is reached, whoever reaches it.
_WAY = ("region_name", "cacert", "cert", "key", "verify", "interface", "identity_api_version")


def way(entry: dict[str, Any]) -> dict[str, Any]:
    """Return what of an entry says how its cloud is reached, without who reaches it."""
    return {name: entry[name] for name in _WAY if name in entry}


def connect(entry: dict[str, Any], auth: dict[str, Any]) -> openstack.connection.Connection:
    """Connect to the cloud of an entry as somebody else; the caller's environment plays no part."""
    return clouds_file.connect_as({"auth": auth, **way(entry)})


def lasts(workspace: Workspace, cloud: str) -> bool:
    """Say whether a department's credential has more than a third of its life left, as noted when it was made."""
    try:
        noted = json.loads(note_file(workspace, cloud).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    same = noted.get("id") == current_id(workspace, cloud)
    return bool(same and datetime.fromisoformat(noted["end"]) - datetime.now(UTC) > LIFE / 3)


def note_file(workspace: Workspace, cloud: str) -> Path:
    """Return the file in which it is noted when a credential ends."""
    return workspace.lab / "credentials" / f"{cloud}.json"


def note(workspace: Workspace, cloud: str, credential_id: str, end: datetime) -> None:
    """Note when a credential ends."""
    write_atomically(note_file(workspace, cloud), json.dumps({"id": credential_id, "end": end.isoformat()}))


def current_id(workspace: Workspace, cloud: str) -> str:
    """Return the id of the credential that an entry holds; empty where it holds none."""
    entry = clouds_file.entry(workspace, cloud) or {}
    return str((entry.get("auth") or {}).get("application_credential_id", ""))


@dataclass(frozen=True)
class Minting:
    """One user's credential for one entry; `like` is an entry that says how the cloud is reached."""

    workspace: Workspace
    cloud: str
    like: dict[str, Any]
    roles: Sequence[str]
    assign: Callable[[], None]
    """Assigns the roles once more, where whoever mints may."""

    @property
    def _prefix(self) -> str:
        """What the credentials of this entry are called: the user may have others."""
        return f"stacks-{self.cloud}-"

    def ensure(self, user: openstack.connection.Connection) -> None:
        """See to it that the entry holds a credential of this user that lives on."""
        identity: Any = user.identity
        owner, now = user.current_user_id, datetime.now(UTC)
        ours = (one for one in identity.application_credentials(owner) if str(one.name).startswith(self._prefix))
        existing = {one.id: one for one in ours if one.expires_at}
        for one in existing.values():
            if end_of(one) <= now:
                identity.delete_application_credential(owner, one)
        current = existing.get(current_id(self.workspace, self.cloud))
        if current is not None and end_of(current) - now > LIFE / 3:
            note(self.workspace, self.cloud, current.id, end_of(current))
            return
        rules = access_rules.of([one["type"] for one in user.service_catalog])
        made = self._mint(user, now, {"access_rules": rules})
        with clouds_file.connect_as(self._entry(made)) as trial:
            refusing = access_rules.refusing(trial)
        if refusing:
            # Of these services nothing could be asked at all: the roles alone have to hold.
            identity.delete_application_credential(owner, made)
            made = self._mint(user, now, {})
            say(
                tr(
                    "{cloud}: its credential has no access rules, for these services refuse whoever has some: "
                    "{services}. Fix: set service_type in their [keystone_authtoken]; the next credential has rules",
                    cloud=self.cloud,
                    services=", ".join(refusing),
                )
            )
        clouds_file.put(self.workspace, self.cloud, self._entry(made))
        note(self.workspace, self.cloud, made.id, now + LIFE)

    def _mint(self, user: openstack.connection.Connection, now: datetime, rules: dict[str, Any]) -> Any:
        identity: Any = user.identity
        return _once_assigned(
            lambda: identity.create_application_credential(
                user.current_user_id,
                name=f"{self._prefix}{now:%Y%m%dT%H%M%S}",
                description="Used by the stacks of this department",
                roles=[{"name": name} for name in self.roles],
                expires_at=f"{now + LIFE:%Y-%m-%dT%H:%M:%S}",
                **rules,
            ),
            self.assign,
        )

    def _entry(self, credential: Any) -> dict[str, Any]:
        auth = {
            "auth_url": self.like["auth"]["auth_url"],
            "application_credential_id": credential.id,
            "application_credential_secret": credential.secret,
        }
        entry = {"auth_type": "v3applicationcredential", "auth": auth, "identity_api_version": 3, "interface": "public"}
        return {**entry, **way(self.like)}


def _once_assigned(create: Callable[[], Any], assign: Callable[[], None]) -> Any:
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


def end_of(credential: Any) -> datetime:
    """Return when a credential ends; one without an end is none of ours and counts as ended."""
    if not credential.expires_at:
        return datetime.min.replace(tzinfo=UTC)
    return datetime.fromisoformat(str(credential.expires_at).rstrip("Z")).replace(tzinfo=UTC)
