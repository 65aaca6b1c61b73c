"""The one host list, for Ansible and testinfra alike: every server that the stacks report, reached through its bastion.

A host's key is remembered under the server's id, not its address: a server that is made anew at the same address is a
new host, and one that changes its key is refused.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from govcloud.core.model.outputs import Server, StackOutputs, UnitOutputs
from govcloud.core.workspace import Workspace

USER = "debian"
_LONGEST_SOCKET = 107
# What the control path ends in: a server's id, and ssh's suffix while it binds.
_ID_AND_SUFFIX = 36 + 17


@dataclass(frozen=True)
class HostList:
    """The hosts of one environment."""

    workspace: Workspace
    outputs: StackOutputs

    def ansible(self) -> dict[str, Any]:
        """Return the list in Ansible's form, host variables included."""
        groups: dict[str, list[str]] = {}
        variables: dict[str, dict[str, Any]] = {}
        for name, unit, server in self._servers():
            variables[name] = self._variables(unit, server)
            for group in _groups(unit, server):
                groups.setdefault(group, []).append(name)
        listed: dict[str, Any] = {name: {"hosts": sorted(hosts)} for name, hosts in sorted(groups.items())}
        for unit in self.outputs.units.values():
            if unit.system:
                listed[_group("system", unit.system)]["vars"] = {"govcloud_system": _system(unit)}
        listed["all"] = {"children": ["ungrouped", *sorted(groups)], "hosts": sorted(variables)}
        listed["_meta"] = {"hostvars": dict(sorted(variables.items()))}
        return listed

    def _servers(self) -> Iterator[tuple[str, UnitOutputs, Server]]:
        for unit in self.outputs.units.values():
            for name, server in unit.servers.items():
                yield name, unit, server

    def _variables(self, unit: UnitOutputs, server: Server) -> dict[str, Any]:
        bastion = self._bastion(unit)
        direct = server.floating_address if bastion is None or bastion.id == server.id else None
        border = {"govcloud_border_router": unit.border_router.model_dump(mode="json")} if unit.border_router else {}
        return {
            **border,
            "ansible_host": direct or server.ipv4,
            "ansible_user": USER,
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_ssh_private_key_file": str(self.workspace.ssh_key),
            "ansible_ssh_common_args": shlex.join(self._options(server.id, None if direct else bastion)),
            "govcloud": {
                "unit": unit.unit,
                "department": unit.department,
                **server.model_dump(mode="json"),
            },
        }

    def _bastion(self, unit: UnitOutputs) -> Server | None:
        shared = self.outputs.units.get(unit.department or "")
        return shared.servers.get(shared.bastion) if shared and shared.bastion else None

    def _options(self, server_id: str, bastion: Server | None) -> list[str]:
        options = [*self._trust(server_id), *self._shared_connection(server_id)]
        if bastion:
            reached = [*self._trust(bastion.id), *self._shared_connection(bastion.id)]
            jump = ["ssh", "-i", str(self.workspace.ssh_key), *reached]
            command = shlex.join([*jump, "-W", "%h:%p", f"{USER}@{bastion.floating_address}"])
            options += ["-o", f"ProxyCommand={command}"]
        return options

    def _trust(self, server_id: str) -> list[str]:
        return [
            *("-o", "IdentitiesOnly=yes"),
            *("-o", "StrictHostKeyChecking=accept-new"),
            *("-o", f"UserKnownHostsFile={self.workspace.lab / 'known_hosts'}"),
            *("-o", f"HostKeyAlias={server_id}"),
            *("-o", "ConnectTimeout=10"),
        ]

    def _shared_connection(self, server_id: str) -> list[str]:
        """Share one connection to a server, where the checkout's path leaves room for its socket.

        The socket bears the server's id: two cities on one machine have the same addresses, and a server that is made
        anew must not be looked for in its predecessor's connection.
        """
        folder = self.workspace.lab / "ssh"
        if len(str(folder)) + 1 + _ID_AND_SUFFIX > _LONGEST_SOCKET:
            return ["-o", "ControlPath=none"]
        return [
            *("-o", "ControlMaster=auto"),
            *("-o", "ControlPersist=60s"),
            *("-o", f"ControlPath={folder / server_id}"),
        ]

    def make_room(self) -> None:
        """Make the folder of the shared connections."""
        (self.workspace.lab / "ssh").mkdir(mode=0o700, parents=True, exist_ok=True)


def _groups(unit: UnitOutputs, server: Server) -> Iterator[str]:
    if unit.department:
        yield _group("department", unit.department)
    if server.system:
        yield _group("system", server.system)
    yield _group("tier", server.tier)
    yield _group("zone", server.zone)
    yield _group("level", str(server.level))


def _group(kind: str, key: str) -> str:
    """Return a group's name; Ansible wants no hyphen in it."""
    return f"{kind}_{key}".replace("-", "_")


def _system(unit: UnitOutputs) -> dict[str, Any]:
    whole = unit.model_dump(mode="json")
    return {key: whole[key] for key in ("databases", "load_balancers", "containers", "secrets")}
