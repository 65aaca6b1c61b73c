"""What a provider has given and what it has not: per department its project, roles, networks and limits."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from keystoneauth1.exceptions.base import ClientException
from openstack.exceptions import SDKException

from govcloud.core.language import tr
from govcloud.core.model.department import Department
from govcloud.core.model.environment import Environment
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.quotas import Quota, department_need
from govcloud.core.model.tenancy import GivenProject
from govcloud.core.model.units import system_of, units
from govcloud.core.workspace import Workspace
from govcloud.deploy import clouds_file, given_access
from govcloud.deploy.cloud_check import Finding, found, quotas, tried

_JOINED = "network:router_interface"


def look(workspace: Workspace, inventory: Inventory, environment: Environment) -> list[Finding]:
    """Look at every department's project with the operator's own access; nothing is changed."""
    findings: list[Finding] = []
    shares: dict[str, Quota] = {}
    given = environment.tenancy.projects if environment.tenancy else {}
    for key, project in given.items():
        department = inventory.departments[key]
        shares[project.project] = shares.get(project.project, Quota()) + _need(inventory, environment, department)
    for key, project in given.items():
        with given_access.connect(workspace, environment, key) as cloud:
            refused = _refused(cloud, project)
            if refused:
                findings.append(refused)
                continue
            department = inventory.departments[key]
            looks: dict[str, Callable[[], Iterator[Finding]]] = {
                "role": functools.partial(_roles, cloud, inventory, environment, department),
                "network": functools.partial(_networks, cloud, department, project),
                "quota": functools.partial(quotas, cloud, str(cloud.current_project_id), shares[project.project]),
            }
            for rule, one in looks.items():
                findings += [
                    replace(finding, object=f"{project.project} {finding.object}") for finding in tried(rule, one)
                ]
    return findings


def _refused(cloud: Any, project: GivenProject) -> Finding | None:
    remedy = tr("ask the provider for a role there, or name another project in the environment's tenancy")
    try:
        name = cloud.session.auth.get_access(cloud.session).project_name
    except (SDKException, ClientException) as error:
        reason = tr("your access does not open it: {error}", error=" ".join(str(error).split())[:160])
        return found("project", project.project, there=False, reason=reason, remedy=remedy)
    reason = tr("your access is one to {name}", name=name)
    one = found("project", project.project, name == project.project, reason, remedy)
    return one if one.verdict != "conform" else None


def _need(inventory: Inventory, environment: Environment, department: Department) -> Quota:
    """Count what a department makes: what it is given counts for nobody."""
    built = {key: one for key, one in department.systems.items() if key not in environment.left_out}
    need = department_need(inventory, environment, department.model_copy(update={"systems": built}))
    tenancy = environment.tenancy
    if tenancy and tenancy.projects[department.key].networks:
        return replace(need, networks=0, subnets=0, routers=0)
    return need


def _roles(cloud: Any, inventory: Inventory, environment: Environment, department: Department) -> Iterator[Finding]:
    built = units(inventory, environment).values()
    systems = [system_of(inventory, unit) for unit in built if unit.system and unit.department == department.key]
    needed = {
        "member": True,
        "creator": any(one.security.secrets for one in systems),
        "load-balancer_member": any(one.network.load_balancers for one in systems),
    }
    granted = clouds_file.roles_of(cloud)
    for role in (role for role, wanted in needed.items() if wanted):
        yield found("role", role, role in granted, tr("missing"), tr("ask the provider for it on this project"))


def _networks(cloud: Any, department: Department, project: GivenProject) -> Iterator[Finding]:
    for zone, name in project.networks.items():
        network = cloud.network.find_network(name)
        remedy = tr("name a network of this project for {zone}", zone=zone)
        yield found("network", name, network is not None, tr("missing"), remedy)
        if network is None:
            continue
        own = network.project_id == cloud.current_project_id
        # In another's network the cloud lets nobody choose a port's address, and every address is planned.
        reason = tr("belongs to another project, where no address may be chosen")
        yield found("network", name, own, reason, tr("ask the provider to make it in this project"))
        subnets = {str(one.cidr): one.id for one in cloud.network.subnets(network_id=network.id)}
        for block in map(str, (department.networks[zone].ipv4, department.networks[zone].ipv6)):
            there = block in subnets
            change = tr("ask the provider for it, or write the network's own range in the department's networks")
            yield found("network", f"{name} {block}", there, tr("has no such subnet"), change)
            if there:
                ports = cloud.network.ports(network_id=network.id)
                joined = any(
                    fixed["subnet_id"] == subnets[block]
                    for port in ports
                    if str(port.device_owner).startswith(_JOINED)
                    for fixed in port.fixed_ips
                )
                yield found(
                    "network", f"{name} {block}", joined, tr("no router joins it"), tr("ask the provider to join it")
                )
