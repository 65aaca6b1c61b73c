"""What could be done about what was found, as a plan to read: nothing of it is done here.

For what no state knows there are two ways out, and only its owner knows which is right: it becomes a unit's, or it
goes. For the rest there is one: the unit is deployed again, or somebody writes into the inventory what was meant.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from govcloud.core.language import tr
from govcloud.core.model.environment import Environment
from govcloud.deploy.drift.compare import Report, Unmanaged

# The type that a state knows it by, and what the client calls it.
_KINDS = {
    "containers": ("objectstorage/container:Container", "container"),
    "flavors": ("compute/flavor:Flavor", "flavor"),
    "floating_addresses": ("networking/floatingIp:FloatingIp", "floating ip"),
    "images": ("images/image:Image", "image"),
    "key_pairs": ("compute/keypair:Keypair", "keypair"),
    "listeners": ("loadbalancer/listener:Listener", "loadbalancer listener"),
    "load_balancers": ("loadbalancer/loadBalancer:LoadBalancer", "loadbalancer"),
    "monitors": ("loadbalancer/monitor:Monitor", "loadbalancer healthmonitor"),
    "networks": ("networking/network:Network", "network"),
    "pools": ("loadbalancer/pool:Pool", "loadbalancer pool"),
    "ports": ("networking/port:Port", "port"),
    "projects": ("identity/project:Project", "project"),
    "routers": ("networking/router:Router", "router"),
    "secrets": ("keymanager/secretV1:SecretV1", "secret"),
    "security_group_rules": ("networking/secGroupRule:SecGroupRule", "security group rule"),
    "security_groups": ("networking/secGroup:SecGroup", "security group"),
    "server_groups": ("compute/serverGroup:ServerGroup", "server group"),
    "servers": ("compute/instance:Instance", "server"),
    "subnet_pools": ("networking/subnetPool:SubnetPool", "subnet pool"),
    "subnets": ("networking/subnet:Subnet", "subnet"),
    "users": ("identity/user:User", "user"),
    "volume_types": ("blockstorage/volumeTypeV3:VolumeTypeV3", "volume type"),
    "volumes": ("blockstorage/volume:Volume", "volume"),
}
# `govcloud adopt` takes these over together with what joins them.
_ADOPTED = {"networks", "servers", "volumes"}


def proposal(report: Report, environment: Environment) -> str:
    """Return the plan: shell commands, each behind a `#` that whoever has read it takes away."""
    # Names are anybody's choice: a line break in one must not begin a command.
    told = ["".join(one if one.isprintable() else "?" for one in line) for line in _lines(report, environment)]
    return "\n".join(["set -eu", *(f"# {line}".rstrip() for line in told)]) + "\n"


def _lines(report: Report, environment: Environment) -> Iterator[str]:
    yield tr("Nothing of this was done. Read it, take the # from one way of each, and run it with `sh`.")
    for one in report.unmanaged:
        yield ""
        yield f"{one.kind} {one.name} {one.id} ({one.project or '-'})"
        yield from _ways(one, environment)
    for unit in sorted({one.unit for one in (*report.missing, *report.changed)}):
        yield ""
        for missing in (one for one in report.missing if one.unit == unit):
            yield f"{unit}: {missing.kind} {missing.name}: " + tr("is gone")
        for changed in (one for one in report.changed if one.unit == unit):
            yield f"{unit}: {changed.kind} {changed.name}: {', '.join(part.field for part in changed.fields)}"
        yield tr("put back what the inventory says; or write there what is meant, first:")
        yield f"govcloud deploy {unit} --env {environment.key} --apply"


def _ways(one: Unmanaged, environment: Environment) -> Iterator[str]:
    kind, noun = _KINDS.get(one.kind, ("", ""))
    unit = one.unit or "UNIT"
    if one.kind in _ADOPTED:
        yield tr("make it a unit's, when it is in the inventory under the name OURS:")
        yield f"govcloud adopt {unit} --env {environment.key} --as {shlex.quote(f'OURS={one.name}')} --apply"
    elif kind:
        identity = shlex.quote(one.id.rpartition("/")[2])
        yield tr("make it a unit's, when the unit's program asks for it under the name OURS:")
        yield f"pulumi import -s {environment.key}-{unit} openstack:{kind} OURS {identity}"
    yield tr("or let it go:")
    yield _removal(one, noun, environment)


def _removal(one: Unmanaged, noun: str, environment: Environment) -> str:
    holder = one.project if one.kind in {"containers", "key_pairs", "secrets"} else "admin"
    client = f"openstack --os-cloud {environment.cloud(holder)}"
    if one.kind == "role_assignments":
        # `projects/ID/users/ID/roles/ID`, or the same of a domain, the system, a group.
        named = {name.removesuffix("s"): what for name, what in zip(*[iter(one.id.split("/"))] * 2, strict=False)}
        role = named.pop("role", "ROLE")
        options = " ".join(f"--{name} {shlex.quote(what)}" for name, what in named.items())
        return f"{client} role remove {options} {shlex.quote(role)}"
    if one.kind == "application_credentials":
        return f"{client} application credential delete {shlex.quote(one.id)}"
    if one.kind == "attachments":
        server, _, volume = one.id.partition("/")
        return f"{client} server remove volume {shlex.quote(server)} {shlex.quote(volume)}"
    if one.kind == "members":
        return f"{client} loadbalancer member delete POOL {shlex.quote(one.id)}"
    return f"{client} {noun} delete {shlex.quote(one.id.rpartition('/')[2])}"
