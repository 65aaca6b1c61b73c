"""A project in the city's cloud, with an application credential as a department has: one for each side.

What stands in it is removed past both tools, by project: an interrupted round leaves nothing, and what a killed bench
left is swept by the next one.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import openstack
from openstack.exceptions import ResourceFailure

from govcloud.core.workspace import Workspace
from govcloud.deploy import application_credentials, clouds_file, default_group
from govcloud.deploy.credentials import DOMAIN, ROLES
from govcloud.deploy.remedies import REMEDIES

_QUOTA = ("networks", "subnets", "ports", "routers", "security_groups", "security_group_rules")
_SECONDS = 60


@contextmanager
def ground(admin_at: Workspace, ours: Workspace, name: str) -> Iterator[str]:
    """Make the project and its credential in `ours`, give the cloud's name in clouds.yaml, and take all away again."""
    admin = clouds_file.connect(admin_at, "lab-admin")
    like = clouds_file.entry(admin_at, "lab-admin") or {}
    _remove(admin, like, name)
    identity: Any = admin.identity
    project = identity.create_project(name=name, description="Of the bench")
    try:
        user = _user(admin, like, project)
        default_group.close(user)
        application_credentials.Minting(ours, name, like, ROLES, lambda: None).ensure(user)
        admin.network.update_quota(project.id, **dict.fromkeys(_QUOTA, -1))
        yield name
    finally:
        _remove(admin, like, name)


def _user(
    admin: openstack.connection.Connection,
    like: dict[str, Any],
    project: Any,
) -> openstack.connection.Connection:
    """Make the project's user anew and return a connection of it.

    Anew, not with a new password, which takes back tokens that were just given; and whatever an interrupted round still
    does ends with the user whose credential it has.
    """
    identity: Any = admin.identity
    _end(admin, project.name)
    password = secrets.token_urlsafe(32)
    user = identity.create_user(name=project.name, password=password, default_project_id=project.id)
    for role in ROLES:
        identity.assign_project_role_to_user(project.id, user, identity.find_role(role, ignore_missing=False))
    auth = {
        "auth_url": like["auth"]["auth_url"],
        "username": project.name,
        "password": password,
        "user_domain_name": DOMAIN,
        "project_id": project.id,
    }
    return application_credentials.connect(like, auth)


def _end(admin: openstack.connection.Connection, name: str) -> None:
    identity: Any = admin.identity
    user = identity.find_user(name)
    if user is not None:
        identity.delete_user(user)


def _remove(admin: openstack.connection.Connection, like: dict[str, Any], name: str) -> None:
    identity: Any = admin.identity
    project = identity.find_project(name)
    if project is not None:
        sweep(_user(admin, like, project))
        default_group.remove(admin, project.id)
        identity.delete_project(project)
    _end(admin, name)


def sweep(cloud: openstack.connection.Connection) -> None:
    """Remove everything of a project, users before what they use, all but its default group."""
    network: Any = cloud.network
    for router in network.routers(project_id=cloud.current_project_id):
        for port in network.ports(device_id=router.id):
            network.remove_interface_from_router(router, port_id=port.id)
    storage: Any = cloud.block_storage
    for volume in storage.volumes():
        # One that is still being made is refused to be removed; one that failed is not.
        with suppress(ResourceFailure):
            storage.wait_for_status(volume, "available", failures=["error"], interval=0.5, wait=_SECONDS)
    for remedy in sorted(REMEDIES.values(), key=lambda one: one.rank):
        for thing in [] if remedy.shared or not remedy.listed else [*remedy.listed(cloud, ())]:
            if thing.name != "default":
                remedy.remove(cloud, thing)
    store: Any = cloud.object_store
    for container in store.containers():
        store.delete_container(container)
