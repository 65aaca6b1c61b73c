"""What stands in a cloud beside our states without being anybody's unauthorised doing, each with its reason.

Everything else that no state knows is told. What belongs to projects that are none of our departments' is its owner's
affair; that there is such a project at all is told, unless it is on the environment's whitelist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from govcloud.core.language import tr
from govcloud.core.model.environment import Environment
from govcloud.deploy import credentials
from govcloud.deploy.drift.asking import Thing
from govcloud.deploy.drift.look import DEFAULT_DOMAIN, Picture, deployed_by, project_of

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


def _project(thing: Thing, _: Picture, environment: Environment) -> str:
    return "on the whitelist" if thing["name"] in environment.whitelist.projects else ""


def _image(thing: Thing, _: Picture, environment: Environment) -> str:
    return "the environment names it" if thing["name"] in environment.images.values() else ""


def _offer(thing: Thing, _: Picture, environment: Environment) -> str:
    if thing["name"] == "__DEFAULT__" or environment.access:
        return "the provider offers it"
    return ""


def _user(thing: Thing, picture: Picture, environment: Environment) -> str:
    if thing["name"] in environment.whitelist.users and thing["domain_id"] == DEFAULT_DOMAIN:
        return "on the whitelist"
    return "it deploys a department's units" if deployed_by(thing) in picture.departments.values() else ""


def _assignment(thing: Thing, picture: Picture, environment: Environment) -> str:
    """Explain a role by whose it is, for deployers also by where and which: one anywhere may reach every department."""
    user = thing.get("user")
    if not user:
        return ""
    if user["name"] in environment.whitelist.users and user["domain"]["id"] == DEFAULT_DOMAIN:
        return "on the whitelist"
    scope = thing["scope"]
    department = picture.departments.get((scope.get("project") or {}).get("id", ""))
    needed = thing["role"]["name"] in credentials.ROLES and "OS-INHERIT:inherited_to" not in scope
    return "what a department's units need" if department and needed and deployed_by(user) == department else ""


def _credential(thing: Thing, picture: Picture, environment: Environment) -> str:
    if thing["id"] in picture.minted.values():
        return "a department's units work with it"
    # The one before is left to end by itself: a running command may still use it.
    mine = any(str(thing["name"]).startswith(f"stacks-{environment.cloud(key)}-") for key in picture.minted)
    return "a department's units worked with it; it ends by itself" if mine and thing.get("expires_at") else ""


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
