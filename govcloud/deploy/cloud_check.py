"""What a cloud has and lacks for this city, looked up before anything is built on it; each lack with its remedy.

For any cloud of clouds.yaml, as whoever its access belongs to: an administrator makes flavors, volume types and
projects by the foundation, everybody else has to find them there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from keystoneauth1.exceptions.base import ClientException
from openstack.connection import Connection
from openstack.exceptions import ForbiddenException, SDKException

from govcloud.core.language import mark, tr
from govcloud.core.model.environment import Environment
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.quotas import Quota, department_quota
from govcloud.core.model.units import system_of, units
from govcloud.deploy.credentials import ROLES

# What the components ask of neutron beyond its core, and what for.
_POOLS = "subnet_allocation"
EXTENSIONS = {
    "external-net": mark("routers lead outside"),
    "router": mark("departments route between their zones"),
    "security-group": mark("default deny"),
    _POOLS: mark("the address plan stands in subnet pools"),
    "standard-attr-tag": mark("every resource carries labels"),
    "port-security": mark("a port sends from its own addresses only"),
}
Verdict = Literal["conform", "nonconform", "not_tested"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that the city needs, and whether this cloud has it."""

    rule: str
    object: str
    verdict: Verdict
    reason: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Look:
    """One look at one cloud."""

    cloud: Any  # openstacksdk declares two versions of several APIs at once
    inventory: Inventory
    environment: Environment

    def findings(self) -> list[Finding]:
        """Return what was found; what could not be looked at is not tested, and says why."""
        looks: dict[str, Callable[[], Iterator[Finding]]] = {
            "service": self._services,
            "extension": self._extensions,
            "role": self._roles,
            "external network": self._external_network,
            "flavor": self._flavors,
            "image": self._images,
            "volume type": self._volume_types,
            "quota": self._quotas,
        }
        return [finding for rule, look in looks.items() for finding in tried(rule, look)]

    @property
    def _access(self) -> Any:
        session = self.cloud.session
        return session.auth.get_access(session)

    @property
    def _administers(self) -> bool:
        return "admin" in self._access.role_names

    def _services(self) -> Iterator[Finding]:
        built = units(self.inventory, self.environment).values()
        systems = [system_of(self.inventory, unit) for unit in built if unit.system]
        wanted = {"identity": True, "compute": True, "network": True, "block-storage": True, "image": True}
        wanted["load-balancer"] = any(system.network.load_balancers for system in systems)
        wanted["key-manager"] = any(system.security.secrets for system in systems)
        wanted["object-store"] = any(system.storage.containers for system in systems)
        for name in (name for name, needed in wanted.items() if needed):
            there = bool(self.cloud.has_service(name))
            yield found(
                "service", name, there, tr("not in the catalogue"), tr("deploy it, or name a cloud that has it")
            )

    def _extensions(self) -> Iterator[Finding]:
        there = {one.alias for one in self.cloud.network.extensions()}
        for alias, purpose in EXTENSIONS.items():
            if self.environment.tenancy and alias == _POOLS:
                continue
            yield found(
                "extension",
                alias,
                alias in there,
                tr("missing: {purpose}", purpose=tr(purpose)),
                tr("enable it in neutron"),
            )

    def _roles(self) -> Iterator[Finding]:
        if self.environment.tenancy:
            return
        if self._administers:
            there, remedy = {one.name for one in self.cloud.identity.roles()}, "openstack role create"
        else:
            there, remedy = set(self._access.role_names), tr("ask the provider for it on this project")
        for role in ROLES:
            yield found("role", role, role in there, tr("missing"), remedy)

    def _external_network(self) -> Iterator[Finding]:
        name = self.environment.external_network
        network = self.cloud.network.find_network(name)
        outside = network is not None and network.is_router_external
        remedy = tr("name the provider's external network in the environment's external_network")
        yield found("external network", name, outside, tr("no external network of that name"), remedy)
        if outside:
            versions = {one.ip_version for one in self.cloud.network.subnets(network_id=network.id)}
            for version in (4, 6):
                there = version in versions
                yield found(
                    "external network", f"{name} IPv{version}", there, tr("no subnet"), tr("add one, or ask for one")
                )

    def _flavors(self) -> Iterator[Finding]:
        there = {one.name: one for one in self.cloud.compute.flavors()}
        sizes = self.inventory.sizes(self.environment)
        for flavor, size in {self.environment.flavor(key, one): one for key, one in sizes.items()}.items():
            made = there.get(flavor)
            if made is None:
                yield self._offer("flavor", flavor)
                continue
            same = (made.vcpus, made.ram) == (size.vcpus, size.memory_mib)
            said = tr(
                "has {vcpus} vCPUs and {memory} MiB, not {wanted_vcpus} and {wanted_memory}",
                vcpus=made.vcpus,
                memory=made.ram,
                wanted_vcpus=size.vcpus,
                wanted_memory=size.memory_mib,
            )
            yield found("flavor", flavor, same, said, tr("give the size in the environment's sizes another shape"))

    def _volume_types(self) -> Iterator[Finding]:
        there = {one.name for one in self.cloud.block_storage.types()}
        for name in map(self.environment.volume_type, self.environment.volume_types):
            yield self._offer("volume type", name) if name not in there else _well("volume type", name)

    def _offer(self, rule: str, name: str) -> Finding:
        """Judge what the foundation makes, where it may."""
        if self._administers and not self.environment.tenancy:
            return Finding(
                rule=rule, object=name, verdict="conform", reason=tr("not there yet: the foundation makes it")
            )
        remedy = tr("ask the provider for it, or name one that is there in the environment's tenancy")
        return found(rule, name, there=False, reason=tr("missing"), remedy=remedy)

    def _images(self) -> Iterator[Finding]:
        for purpose, name in self.environment.images.items():
            image = self.cloud.image.find_image(name)
            usable = image is not None and image.status == "active"
            remedy = tr("upload it, or name the cloud's own in the environment's images.{purpose}", purpose=purpose)
            yield found("image", name, usable, tr("missing or not active"), remedy)

    def _quotas(self) -> Iterator[Finding]:
        """Compare the project's limits with what its department needs; an administrator sets them by the foundation."""
        department = self.inventory.departments.get(str(self._access.project_name))
        if department is None or self._administers or self.environment.tenancy:
            return
        need = department_quota(self.inventory, self.environment, department)
        yield from quotas(self.cloud, str(self._access.project_id), need)


def look(cloud: Connection, inventory: Inventory, environment: Environment) -> list[Finding]:
    """Look at a cloud with the access that `cloud` has; nothing is changed."""
    return Look(cloud, inventory, environment).findings()


def quotas(cloud: Any, project: str, need: Quota) -> Iterator[Finding]:
    """Compare a project's limits with what is needed of them."""
    granted = limits(cloud, project)
    for name, needed in asdict(need).items():
        if name in granted:
            enough = granted[name] < 0 or granted[name] >= needed
            said = tr("{granted} granted, {needed} needed", granted=granted[name], needed=needed)
            yield found("quota", name, enough, said, tr("ask the provider for more"))


def limits(cloud: Any, project: str) -> dict[str, int]:
    """Return the limits of a project by our own words; below zero is without limit."""
    compute, volumes = cloud.get_compute_limits(), cloud.block_storage.get_limits().absolute
    network = cloud.network.get_quota(project)
    granted = {
        "instances": compute["max_total_instances"],
        "cores": compute["max_total_cores"],
        "memory_mib": compute["max_total_ram_size"],
        "volumes": volumes.max_total_volumes,
        "volume_gib": volumes.max_total_volume_gigabytes,
        "networks": network.networks,
        "subnets": network.subnets,
        "ports": network.ports,
        "routers": network.routers,
        "floating_addresses": network.floating_ips,
        "security_groups": network.security_groups,
        "security_group_rules": network.security_group_rules,
    }
    return {name: int(limit) for name, limit in granted.items()}


def tried(rule: str, look_at: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """Return what a look finds; one that was refused finds that nothing was tested."""
    try:
        return list(look_at())
    except ForbiddenException:
        reason, remedy = tr("this access may not look"), tr("look with another, or ask the provider")
    except (SDKException, ClientException) as error:
        reason = tr("the cloud says: {error}", error=" ".join(str(error).split())[:200])
        remedy = tr("look again when it answers")
    return [Finding(rule=rule, object="all", verdict="not_tested", reason=reason, remedy=remedy)]


def _well(rule: str, name: str) -> Finding:
    return Finding(rule=rule, object=name, verdict="conform")


def found(rule: str, name: str, there: bool, reason: str, remedy: str) -> Finding:  # noqa: FBT001 - what is told
    """Return that a thing is there, or why not and what to do."""
    if there:
        return _well(rule, name)
    return Finding(rule=rule, object=name, verdict="nonconform", reason=reason, remedy=remedy)
