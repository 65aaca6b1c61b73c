"""The whole cloud by lists: what every project has, as far as our stacks can make it or somebody could beside them.

An administrator sees all projects at once, and asks again, as each department, for what belongs to nobody but the
department: secrets, containers. Where a provider gives the projects each department asks for its own, and what needs an
administrator is not asked for: quotas, users, what others have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from govcloud.core.language import tr
from govcloud.core.model.environment import Environment
from govcloud.core.workspace import Workspace
from govcloud.deploy import application_credentials as minted
from govcloud.deploy import clouds_file, credentials
from govcloud.deploy.drift.asking import Asking, Count, LookError, Thing
from govcloud.deploy.drift.states import Resource, projects_of

Lists = dict[str, list[Thing]]
_AT_ONCE = 8
_META = "x-container-meta-"
# Every keystone has this domain, under this id; deployers and services have their users there.
DEFAULT_DOMAIN = "default"

_EVERYWHERE = {
    "servers": ("compute", "/servers/detail?all_tenants=1"),
    "server_groups": ("compute", "/os-server-groups?all_projects=1"),
    "volumes": ("block-storage", "/volumes/detail?all_tenants=1"),
}
_OWN = {
    "servers": ("compute", "/servers/detail"),
    "server_groups": ("compute", "/os-server-groups"),
    "volumes": ("block-storage", "/volumes/detail"),
}
# The administrator gets them of all projects, others of their own.
_ALIKE = {
    "networks": ("network", "/networks"),
    "subnets": ("network", "/subnets"),
    "routers": ("network", "/routers"),
    "ports": ("network", "/ports"),
    "floating_addresses": ("network", "/floatingips"),
    "security_groups": ("network", "/security-groups"),
    "load_balancers": ("load-balancer", "/lbaas/loadbalancers"),
    "listeners": ("load-balancer", "/lbaas/listeners"),
    "pools": ("load-balancer", "/lbaas/pools"),
    "monitors": ("load-balancer", "/lbaas/healthmonitors"),
    "images": ("image", "/images?limit=500"),
}
_ADMINISTERED = {
    "subnet_pools": ("network", "/subnetpools"),
    "network_quotas": ("network", "/quotas"),
    "balancer_quotas": ("load-balancer", "/lbaas/quotas"),
    "flavors": ("compute", "/flavors/detail?is_public=None"),
    "volume_types": ("block-storage", "/types?is_public=None"),
    "projects": ("identity", "/projects"),
    "users": ("identity", "/users"),
    "role_assignments": ("identity", "/role_assignments?include_names=1"),
}


@dataclass
class Picture:
    """What a cloud has."""

    lists: Lists = field(default_factory=dict)
    departments: dict[str, str] = field(default_factory=dict)
    """Departments by their project's id."""
    minted: dict[str, str] = field(default_factory=dict)
    """By department the id of the application credential that its stacks work with."""
    could_not_look: list[str] = field(default_factory=list)
    calls: int = 0


@dataclass(frozen=True)
class Looker:
    """One look at one cloud."""

    workspace: Workspace
    environment: Environment
    known: Sequence[Resource]
    """What the states have."""

    def look(self) -> Picture:
        """Ask for everything; what is not answered stands in the picture, and the rest is there all the same."""
        count, picture = Count(), Picture()
        projects = projects_of(self.known)
        holders = {*self.environment.tenancy.projects} if self.environment.tenancy else {*projects.values()}
        # Of a department that no state has anything of there need be no access.
        built = {one.department for one in self.known} - {""}
        clouds = {key: self.environment.cloud(key) for key in sorted(holders | built)}
        clouds = {key: cloud for key, cloud in clouds.items() if credentials.known(self.workspace, cloud)}
        departments = {key: self._asking(cloud, count) for key, cloud in clouds.items()}
        admin = None if self.environment.tenancy else self._asking(self.environment.cloud("admin"), count)
        picture.minted = {key: minted.current_id(self.workspace, cloud) for key, cloud in clouds.items()}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            asked = {key: one for key, one in departments.items() if key not in projects.values()}
            found = pool.map(lambda key: (_told(picture, lambda: asked[key].project_id), key), asked)
            picture.departments = {**projects, **{project: key for project, key in found if project}}
            self._first(picture, pool, admin, {**dict.fromkeys(built), **departments})
            self._then(picture, pool, admin, departments)
        picture.calls = count.calls
        return picture

    def _asking(self, cloud: str, count: Count) -> Asking:
        return Asking(clouds_file.connect(self.workspace, cloud), count)

    def _first(
        self,
        picture: Picture,
        pool: ThreadPoolExecutor,
        admin: Asking | None,
        departments: Mapping[str, Asking | None],
    ) -> None:
        """Ask for what needs nothing but an access; where a department has none that is the answer."""
        asked: list[tuple[str, Callable[[], list[Thing]]]] = []
        updated = {one.id: str(one.outputs.get("updatedAt")) for one in self.known}
        accesses: Mapping[str, Asking | None] = {"admin": admin} if admin else departments
        lists = {**_ALIKE, **(_EVERYWHERE | _ADMINISTERED if admin else _OWN)}
        for key, access in accesses.items():
            asked += [(name, _list(access, *where) if access else _no_access(key)) for name, where in lists.items()]
        for key, access in departments.items():
            asked.append(("secrets", _secrets(access, updated) if access else _no_access(key)))
            asked.append(("containers", _containers(access, key) if access else _no_access(key)))
            if not admin:
                asked.append(("key_pairs", _key_pairs(access, key, "/os-keypairs") if access else _no_access(key)))
        if admin:
            for project in picture.departments:
                asked.append(("compute_quotas", _quota(admin, "compute", f"/os-quota-sets/{project}", project)))
                asked.append(("volume_quotas", _quota(admin, "block-storage", f"/os-quota-sets/{project}", project)))
        _gather(picture, pool, asked)
        if not admin:
            # What a provider shares with everybody is not ours.
            for name in ("networks", "subnets", "security_groups", "images"):
                if name in picture.lists:
                    picture.lists[name] = [one for one in picture.lists[name] if project_of(one) in picture.departments]
        _take_apart(picture.lists)

    def _then(
        self, picture: Picture, pool: ThreadPoolExecutor, admin: Asking | None, departments: Mapping[str, Asking]
    ) -> None:
        """Ask for what the first answers have named."""
        asked: list[tuple[str, Callable[[], list[Thing]]]] = []
        by_project = {project: departments.get(key) for project, key in picture.departments.items()}
        if "pools" in picture.lists:
            picture.lists["members"] = []
        for one in picture.lists.get("pools", []):
            access = admin or by_project.get(project_of(one))
            if access and one["members"]:
                asked.append(("members", _list(access, "load-balancer", f"/lbaas/pools/{one['id']}/members")))
        if admin:
            for user in picture.lists.get("users", []):
                if (key := deployed_by(user)) in picture.departments.values():
                    asked.append(("key_pairs", _key_pairs(admin, key, f"/os-keypairs?user_id={user['id']}")))
                    path = f"/users/{user['id']}/application_credentials"
                    asked.append(("application_credentials", _list(admin, "identity", path)))
        _gather(picture, pool, asked)


def _take_apart(lists: Lists) -> None:
    """Make lists of what comes inside others: rules in their groups, attachments in their volumes."""
    if "security_groups" in lists:
        lists["security_group_rules"] = [
            rule for group in lists["security_groups"] for rule in group["security_group_rules"]
        ]
    if "volumes" in lists:
        lists["attachments"] = [
            {**one, "id": f"{one['server_id']}/{one['volume_id']}", "project_id": project_of(volume)}
            for volume in lists["volumes"]
            for one in volume["attachments"]
        ]


def project_of(thing: Thing) -> str:
    """Return the project that a thing belongs to, whatever its service calls that."""
    names = ("project_id", "tenant_id", "os-vol-tenant-attr:tenant_id", "owner")
    return str(next((thing[name] for name in names if thing.get(name)), ""))


def deployed_by(user: Thing) -> str:
    """Return the department whose units a user deploys; empty for any other, one of that name elsewhere included."""
    name, _, work = str(user["name"]).rpartition("-")
    domain = user.get("domain_id") or (user.get("domain") or {}).get("id")
    return name if work == "deployer" and domain == DEFAULT_DOMAIN else ""


def _told(picture: Picture, ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except LookError as error:
        picture.could_not_look.append(str(error))
        return None


def _gather(picture: Picture, pool: ThreadPoolExecutor, asked: list[tuple[str, Callable[[], list[Thing]]]]) -> None:
    """Put answers of one list together; a list of which a part was not answered is none, or the part would be gone."""
    unanswered = set()
    for name, answer in pool.map(lambda one: (one[0], _told(picture, one[1])), asked):
        if answer is None:
            unanswered.add(name)
        else:
            picture.lists.setdefault(name, []).extend(answer)
    for name in unanswered:
        picture.lists.pop(name, None)


def _no_access(department: str) -> Callable[[], list[Thing]]:
    def asked() -> list[Thing]:
        raise LookError(tr("{department}: no access to it. Fix: govcloud credentials", department=department))

    return asked


def _list(access: Asking, service: str, path: str) -> Callable[[], list[Thing]]:
    return lambda: access.listed(service, path)


def _quota(access: Asking, service: str, path: str, project: str) -> Callable[[], list[Thing]]:
    return lambda: [{**access.one(service, path)["quota_set"], "project_id": project}]


def _key_pairs(access: Asking, department: str, path: str) -> Callable[[], list[Thing]]:
    return lambda: [{**one["keypair"], "department": department} for one in access.listed("compute", path)]


def _secrets(access: Asking, known: Mapping[str, str]) -> Callable[[], list[Thing]]:
    def asked() -> Iterator[Thing]:
        for one in access.listed("key-manager", "/secrets?limit=100"):
            name = str(one["secret_ref"]).rpartition("/")[2]
            told = {**one, "id": name, **access.one("key-manager", f"/secrets/{name}/metadata")}
            # Whoever changes the list of readers changes this time; the labels above leave it as it is.
            if str(one["updated"]).rstrip("Z") != known.get(name, "").rstrip("Z"):
                told["acl"] = access.one("key-manager", f"/secrets/{name}/acl")
            yield told

    return lambda: [*asked()]


def _containers(access: Asking, department: str) -> Callable[[], list[Thing]]:
    def asked() -> Iterator[Thing]:
        for one in access.listed("object-store", "?format=json"):
            yield {"name": one["name"], "department": department, **_container(access, one["name"])}

    return lambda: [*asked()]


def _container(access: Asking, name: str) -> Thing:
    said = {key.lower(): value for key, value in access.headers("object-store", f"/{name}").items()}
    return {
        "metadata": {key.removeprefix(_META): value for key, value in said.items() if key.startswith(_META)},
        "container_read": said.get("x-container-read"),
        "container_write": said.get("x-container-write"),
        "container_sync_to": said.get("x-container-sync-to"),
        "container_sync_key": said.get("x-container-sync-key"),
        "versioning": said.get("x-versions-enabled", "").lower() == "true",
    }
