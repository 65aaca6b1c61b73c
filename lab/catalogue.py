"""Keystone's first contents: the administrator, the services' accounts and roles, the catalogue of addresses."""

from __future__ import annotations

from typing import cast

import yaml
from openstack.connection import Connection
from openstack.identity.v3 import _proxy as keystone
from openstack.identity.v3.project import Project
from openstack.identity.v3.role import Role
from openstack.identity.v3.user import User

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.files import write_atomically
from govcloud.core.workspace import Workspace
from lab.identity import Identity
from lab.namespace import run_inside
from lab.render import api_urls

ADMIN_CLOUD = "lab-admin"
ROLES = (
    "service",
    "creator",
    "key-manager:service-admin",
    "load-balancer_admin",
    "load-balancer_member",
    "load-balancer_observer",
)
ADMIN_ROLES = ("load-balancer_admin", "creator", "key-manager:service-admin")
ACCOUNTS = ("placement", "glance", "nova", "neutron", "cinder", "octavia", "barbican", "swift")
# name: (type, path after the service's address)
SERVICES = {
    "placement": ("placement", ""),
    "glance": ("image", ""),
    "nova": ("compute", "/v2.1"),
    "neutron": ("network", ""),
    "cinder": ("block-storage", "/v3"),
    "octavia": ("load-balancer", ""),
    "barbican": ("key-manager", ""),
    "swift": ("object-store", "/v1/AUTH_%(tenant_id)s"),
}


def bootstrap(workspace: Workspace, identity: Identity, secrets: dict[str, str]) -> None:
    """Make keystone's keys and its administrator. Repeating it changes nothing but the recorded address."""
    address = f"{api_urls(identity)['keystone']}/v3"
    urls = "".join(f" --bootstrap-{kind}-url {address}" for kind in ("admin", "internal", "public"))
    script = (
        "set -eu; umask 077; mkdir -p /state/keystone/fernet-keys /state/keystone/credential-keys\n"
        "for keys in fernet credential; do\n"
        "  keystone-manage ${keys}_setup --keystone-user root --keystone-group root\n"
        "done\n"
        "read -r OS_BOOTSTRAP_PASSWORD; export OS_BOOTSTRAP_PASSWORD\n"
        f"exec keystone-manage bootstrap --bootstrap-region-id RegionOne{urls}\n"
    )
    # The password goes in by standard input: an argument would show in the list of processes.
    done = run_inside(workspace, ["/bin/sh", "-c", script], stdin=secrets["admin"] + "\n")
    if done.returncode:
        raise GovcloudError(f"keystone bootstrap failed:\n{done.stderr[-2000:]}", status=Exit.COULD_NOT_CHECK)


def write_admin_cloud(workspace: Workspace, identity: Identity, secrets: dict[str, str]) -> None:
    """Put the administrator into clouds.yaml beside the departments' entries."""
    file = workspace.clouds_yaml
    content = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else {}
    clouds = (content or {}).get("clouds", {})
    clouds[ADMIN_CLOUD] = {
        "auth": {
            "auth_url": f"{api_urls(identity)['keystone']}/v3",
            "username": "admin",
            "password": secrets["admin"],
            "project_name": "admin",
            "user_domain_name": "Default",
            "project_domain_name": "Default",
        },
        "region_name": "RegionOne",
        "identity_api_version": 3,
    }
    write_atomically(file, yaml.safe_dump({"clouds": clouds}, sort_keys=True), mode=0o600)


def connect(workspace: Workspace) -> Connection:
    """Return a connection as the administrator."""
    clouds = yaml.safe_load(workspace.clouds_yaml.read_text(encoding="utf-8"))["clouds"]
    cloud = clouds[ADMIN_CLOUD]
    return Connection(region_name=cloud["region_name"], auth=cloud["auth"], app_name="govcloud-lab")


def fill(cloud: Connection, identity: Identity, secrets: dict[str, str]) -> None:
    """Make what is missing of roles, accounts, services and addresses."""
    # The SDK declares keystone as either version; this one is v3.
    api = cast("keystone.Proxy", cloud.identity)
    project = api.find_project("service") or api.create_project(name="service", domain_id="default")
    roles = {str(role.name): role for role in api.roles()}
    for name in ROLES:
        if name not in roles:
            roles[name] = api.create_role(name=name)
    _accounts(api, project, roles, secrets)
    admin, own = api.find_user("admin"), api.find_project("admin")
    if admin is None or own is None:
        raise GovcloudError("keystone has no administrator. Fix: make clean, make up", status=Exit.COULD_NOT_CHECK)
    for name in ADMIN_ROLES:
        api.assign_project_role_to_user(own, admin, roles[name])
    _addresses(api, api_urls(identity))


def _accounts(api: keystone.Proxy, project: Project, roles: dict[str, Role], secrets: dict[str, str]) -> None:
    known: dict[str, User] = {str(user.name): user for user in api.users()}
    for name in ACCOUNTS:
        user = known.get(name) or api.create_user(name=name, password=secrets[f"user_{name}"], domain_id="default")
        for role in ("admin", "service"):
            api.assign_project_role_to_user(project, user, roles[role])


def _addresses(api: keystone.Proxy, urls: dict[str, str]) -> None:
    services = {service.type: service for service in api.services()}
    endpoints = {(endpoint.service_id, endpoint.interface): endpoint for endpoint in api.endpoints()}
    for name, (kind, path) in SERVICES.items():
        service = services.get(kind) or api.create_service(name=name, type=kind)
        for interface in ("public", "internal"):
            url = urls[name] + path
            known = endpoints.get((service.id, interface))
            if known is None:
                api.create_endpoint(service_id=service.id, interface=interface, url=url, region_id="RegionOne")
            elif known.url != url:
                api.update_endpoint(known, url=url)
