"""What a unit would create and the cloud has already: found by name, or by what it belongs to.

Only what holds data or addresses is looked for: networks, subnets, routers, ports, servers, volumes. Security groups,
keys and balancers are made anew: nothing is lost with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from govcloud.core.language import tr

Inputs = Mapping[str, Any]


@dataclass(frozen=True)
class Wanted:
    """One resource that a unit would create."""

    urn: str
    inputs: Inputs

    @property
    def kind(self) -> str:
        """The last part of its type."""
        return self.urn.split("::")[-2].rpartition(":")[2]

    @property
    def name(self) -> str:
        """Its name in the inventory's words."""
        return self.urn.rpartition("::")[2]


@dataclass
class Search:
    """One search in one project; `names` are the cloud's names by ours, where they differ."""

    cloud: Any  # openstacksdk declares two versions of several APIs at once
    names: Mapping[str, str]
    found: dict[tuple[str, str], Any] = field(default_factory=dict)
    """What was found, by kind and our name."""
    ids: dict[tuple[str, str], str] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    """Why something that bears the name was left alone."""

    def run(self, wanted: list[Wanted]) -> None:
        """Look for all, each kind after those that it belongs to."""
        finders: dict[str, Callable[[Wanted], Iterator[tuple[str, Any]]]] = {
            "Network": self._networks,
            "Subnet": self._subnets,
            "Router": self._routers,
            "RouterInterface": self._interfaces,
            "Instance": self._servers,
            "Port": self._ports,
            "Volume": self._volumes,
            "VolumeAttach": self._attachments,
        }
        for kind, find in finders.items():
            for one in (one for one in wanted if one.kind == kind):
                there = [*find(one)]
                if len(there) == 1:
                    self.ids[kind, one.name], self.found[kind, one.name] = there[0]
                elif there:
                    self._leave(one, tr("there are {number} of that name", number=len(there)))
        for kind, name in [key for key in self.found if key[0] == "Instance"]:
            if ("Port", name) not in self.found:
                del self.found[kind, name], self.ids[kind, name]

    def _leave(self, one: Wanted, reason: str) -> None:
        self.reasons.append(f"{one.kind} {one.name}: {reason}")

    def _named(self, listed: Iterator[Any], one: Wanted) -> Iterator[tuple[str, Any]]:
        name = self.names.get(one.name, one.name)
        return ((str(thing.id), thing) for thing in listed if thing.name == name)

    def _of_project(self, kind: str) -> Iterator[Any]:
        yield from getattr(self.cloud.network, kind)(project_id=self.cloud.current_project_id)

    def _networks(self, one: Wanted) -> Iterator[tuple[str, Any]]:
        return self._named(self._of_project("networks"), one)

    def _routers(self, one: Wanted) -> Iterator[tuple[str, Any]]:
        return self._named(self._of_project("routers"), one)

    def _subnets(self, one: Wanted) -> Iterator[tuple[str, Any]]:
        """Find a subnet in its network, which is found, by its range: what it is called can be changed."""
        network = self.found.get(("Network", one.name.rpartition("-")[0]))
        if network is None:
            return
        version = int(one.inputs["ipVersion"])
        for subnet in self.cloud.network.subnets(network_id=network.id, ip_version=version):
            if subnet.cidr != one.inputs["cidr"]:
                self._leave(
                    one,
                    tr(
                        "{has} cannot become {wanted}; write it in the department's networks",
                        has=subnet.cidr,
                        wanted=one.inputs["cidr"],
                    ),
                )
            elif one.inputs.get("subnetpoolId") and not subnet.subnet_pool_id:
                self._leave(one, tr("does not come out of the zone's pool, and cannot be put there"))
            else:
                yield str(subnet.id), subnet

    def _interfaces(self, one: Wanted) -> Iterator[tuple[str, Any]]:
        subnet = self.found.get(("Subnet", one.name))
        for (kind, _), router in [*self.found.items()]:
            if kind == "Router" and subnet is not None:
                for port in self.cloud.network.ports(device_id=router.id):
                    if any(fixed["subnet_id"] == subnet.id for fixed in port.fixed_ips):
                        yield str(port.id), port

    def _servers(self, one: Wanted) -> Iterator[tuple[str, Any]]:
        for known, server in self._named(self.cloud.compute.servers(), one):
            if one.inputs.get("schedulerHints"):
                self._leave(one, tr("cannot be put into the group that keeps the servers of its tier apart"))
            elif server.status not in {"ACTIVE", "SHUTOFF"}:
                self._leave(one, tr("is {status}", status=server.status))
            else:
                yield known, server

    def _ports(self, one: Wanted) -> Iterator[tuple[str, Any]]:
        """Find the port of a server that is found, with the address that the plan gives it."""
        server = self.found.get(("Instance", one.name))
        if server is None:
            return
        ports = [*self.cloud.network.ports(device_id=server.id)]
        wanted = {str(fixed.get("ipAddress")) for fixed in one.inputs.get("fixedIps") or ()}
        has = [str(fixed["ip_address"]) for port in ports for fixed in port.fixed_ips]
        if len(ports) != 1:
            self._leave(one, tr("its server has {number} ports, and ours have one", number=len(ports)))
        elif not set(has) <= wanted:
            told = {"has": ", ".join(has), "wanted": ", ".join(sorted(wanted))}
            what = tr("has {has}, and the inventory gives it {wanted}; write its number as first_host", **told)
            self._leave(one, what)
        else:
            yield str(ports[0].id), ports[0]

    def _volumes(self, one: Wanted) -> Iterator[tuple[str, Any]]:
        return self._named(self.cloud.block_storage.volumes(), one)

    def _attachments(self, one: Wanted) -> Iterator[tuple[str, Any]]:
        volume = self.found.get(("Volume", one.name))
        if volume is None:
            return
        for attachment in volume.attachments:
            server = str(attachment["server_id"])
            if server in {self.ids.get(key) for key in self.ids if key[0] == "Instance"}:
                yield f"{server}/{volume.id}", attachment
            else:
                self._leave(one, tr("is attached to a server that is not adopted"))
