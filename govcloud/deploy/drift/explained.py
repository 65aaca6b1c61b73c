"""What stands in a cloud beside our states without being anybody's unauthorised doing, each with its reason.

Everything else that no state knows is told. What belongs to projects that are none of our departments' is its owner's
affair; that there is such a project at all is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from govcloud.core.language import tr
from govcloud.core.model.environment import Environment
from govcloud.deploy import credentials
from govcloud.deploy.drift.asking import Thing
from govcloud.deploy.drift.look import Picture, deployed_by, project_of

# Keystone's own project, and the one in which services have their users.
_PROVIDERS_PROJECTS = {"admin", "service"}
_OF_ALL_PROJECTS = {"flavors", "volume_types", "subnet_pools", "projects", "users", "role_assignments"}
_OF_A_DEPARTMENT = {"secrets", "containers", "key_pairs", "application_credentials"}
# Who makes a port by itself, by what its owner is called, and for what.
_MADE_PORTS = {
    "network:dhcp": "neutron makes it for the network",
    "network:distributed": "neutron makes it for the network's metadata",
    "network:floatingip": "neutron makes it for the floating address",
    "network:router_gateway": "neutron makes it for the router's gateway",
}
_BALANCER_PORTS = ("ovn-lb:", "Octavia")
_HEALTH_PORTS = "ovn-lb-hm"

Explain = Callable[[Thing, Picture, Environment], str]


def why(listed: str, thing: Thing, picture: Picture, environment: Environment) -> str:
    """Return why a thing of a list that no state knows is all right; empty when it is not."""
    general = listed not in _OF_ALL_PROJECTS | _OF_A_DEPARTMENT
    if general and project_of(thing) not in picture.departments:
        return "it belongs to a project of the provider"
    explain = _BY_LIST.get(listed)
    return explain(thing, picture, environment) if explain else ""


def _port(thing: Thing, picture: Picture, _: Environment) -> str:
    owner = str(thing["device_owner"])
    if owner in _MADE_PORTS:
        return _MADE_PORTS[owner]
    if owner.startswith(_HEALTH_PORTS):
        return "octavia makes it in each network with a health monitor"
    made_for = str(thing["device_id"]).removeprefix("lb-")
    if owner.startswith(_BALANCER_PORTS) and any(one["id"] == made_for for one in picture.lists["load_balancers"]):
        return "octavia makes it for the load balancer"
    return ""


def _group(thing: Thing, _: Picture, __: Environment) -> str:
    return "every project has it; a rule in it is told" if thing["name"] == "default" else ""


def _project(thing: Thing, picture: Picture, _: Environment) -> str:
    if thing["id"] == picture.own_project or thing["name"] in _PROVIDERS_PROJECTS:
        return "the provider's own"
    return ""


def _image(thing: Thing, _: Picture, environment: Environment) -> str:
    return "the environment names it" if thing["name"] in environment.images.values() else ""


def _offer(thing: Thing, _: Picture, environment: Environment) -> str:
    if thing["name"] == "__DEFAULT__" or environment.access:
        return "the provider offers it"
    return ""


def _user(thing: Thing, picture: Picture, _: Environment) -> str:
    if deployed_by(thing) in picture.departments.values():
        return "it deploys a department's units"
    theirs = [one for one in picture.lists.get("role_assignments", ()) if _subject(one) == thing["id"]]
    projects = {one["scope"].get("project", {}).get("name") for one in theirs}
    system = {bool(one["scope"].get("system")) for one in theirs}
    return "the provider's own" if theirs and (True in system or projects <= _PROVIDERS_PROJECTS) else ""


def _assignment(thing: Thing, picture: Picture, _: Environment) -> str:
    project = thing["scope"].get("project")
    if not project or project["id"] not in picture.departments:
        return "it gives nothing in a department's project"
    if "user" in thing and deployed_by(thing["user"]) == picture.departments[project["id"]]:
        return "what a department's units need" if thing["role"]["name"] in credentials.ROLES else ""
    return ""


def _credential(thing: Thing, picture: Picture, environment: Environment) -> str:
    if thing["id"] in picture.minted.values():
        return "a department's units work with it"
    # The one before is left to end by itself: a running command may still use it.
    mine = any(str(thing["name"]).startswith(f"stacks-{environment.cloud(key)}-") for key in picture.minted)
    return "a department's units worked with it; it ends by itself" if mine and thing.get("expires_at") else ""


def _subject(assignment: Thing) -> str:
    return str((assignment.get("user") or assignment.get("group") or {}).get("id", ""))


_BY_LIST: Mapping[str, Explain] = {
    "ports": _port,
    "security_groups": _group,
    "projects": _project,
    "images": _image,
    "flavors": _offer,
    "volume_types": _offer,
    "subnet_pools": _offer,
    "users": _user,
    "role_assignments": _assignment,
    "application_credentials": _credential,
}
TOLD = {
    "application_credentials": lambda: tr("application credential"),
    "attachments": lambda: tr("volume attachment"),
    "containers": lambda: tr("container"),
    "flavors": lambda: tr("flavor"),
    "floating_addresses": lambda: tr("floating address"),
    "images": lambda: tr("image"),
    "key_pairs": lambda: tr("key pair"),
    "listeners": lambda: tr("listener"),
    "load_balancers": lambda: tr("load balancer"),
    "members": lambda: tr("balancer member"),
    "monitors": lambda: tr("health monitor"),
    "networks": lambda: tr("network"),
    "pools": lambda: tr("balancer pool"),
    "ports": lambda: tr("port"),
    "projects": lambda: tr("project"),
    "role_assignments": lambda: tr("role assignment"),
    "routers": lambda: tr("router"),
    "secrets": lambda: tr("secret"),
    "security_group_rules": lambda: tr("security group rule"),
    "security_groups": lambda: tr("security group"),
    "server_groups": lambda: tr("server group"),
    "servers": lambda: tr("server"),
    "subnet_pools": lambda: tr("subnet pool"),
    "subnets": lambda: tr("subnet"),
    "users": lambda: tr("user"),
    "volume_types": lambda: tr("volume type"),
    "volumes": lambda: tr("volume"),
}
"""What is told when no state knows it, by list, as an operator calls it; quotas are their projects'."""
