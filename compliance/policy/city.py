"""What a rule may ask besides the resource itself: what the inventory says, and the other resources of the stack."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from compliance.policy.resource import CouldNotLook, NotApplicable, Resource
from govcloud.core.language import tr
from govcloud.core.model.city import Zone
from govcloud.core.model.department import Department, System, Uplink
from govcloud.core.model.environment import Environment
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.units import Kind, Unit, of_stack

Network = IPv4Network | IPv6Network
SHARED = "shared"
BASTION, BORDER = "bastion", "border"
# What carries no labels of its own belongs to what it refers to here.
_BELONGS_TO = ("securityGroupId", "poolId", "instanceId", "routerId", "listenerId", "projectId")


@dataclass(frozen=True, eq=False)
class City:
    """The inventory, one of its environments, and the resources of one stack by URN. Two are never equal."""

    inventory: Inventory
    environment: Environment
    unit: Unit
    resources: Mapping[str, Resource]

    @classmethod
    def of(cls, inventory: Inventory, stack: str, resources: Iterable[Resource]) -> City:
        """Return the city as a stack sees it."""
        environment, unit = of_stack(inventory, stack)
        return cls(inventory, environment, unit, {one.urn: one for one in resources})

    @functools.cached_property
    def _by_kind(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for one in self.resources.values():
            found.setdefault(one.kind, []).append(one)
        return found

    @functools.cached_property
    def _referring(self) -> dict[tuple[str, str], list[Resource]]:
        found: dict[tuple[str, str], list[Resource]] = {}
        for one in self.resources.values():
            for name, urns in one.references.items():
                for urn in urns:
                    found.setdefault((urn, name), []).append(one)
        return found

    def every(self, kind: str) -> list[Resource]:
        """Return all resources of a kind."""
        return self._by_kind.get(kind, [])

    def referring(self, one: Resource, name: str, kind: str) -> list[Resource]:
        """Return the resources of a kind whose property comes from this one."""
        return [other for other in self._referring.get((one.urn, name), ()) if other.kind == kind]

    def referred(self, one: Resource, name: str, kind: str) -> list[Resource]:
        """Return the resources of this stack, of a kind, that a property comes from."""
        found = (self.resources.get(urn) for urn in one.references.get(name, ()))
        return [other for other in found if other is not None and other.kind == kind]

    def labels(self, one: Resource) -> Mapping[str, str]:
        """Return the labels of a resource, or of what it belongs to."""
        if "tags" in one.values and one.kind != "compute.Instance":
            pairs = (str(tag).partition("=") for tag in one.many("tags"))
            return {key: value for key, equals, value in pairs if equals}
        if "metadata" in one.values:
            metadata = one.get("metadata", {})
            return {key: str(metadata[key]) for key in metadata}
        for name in _BELONGS_TO:
            for urn in one.references.get(name, ()):
                other = self.resources.get(urn)
                if other is not None and ("tags" in other.values or "metadata" in other.values):
                    return self.labels(other)
        return {}

    def label(self, one: Resource, name: str) -> str:
        """Return one label; what has none is told by the rule of labels, and nothing else can be said of it."""
        found = self.labels(one).get(name)
        if found is None:
            raise NotApplicable(tr("has no label {name}, which another rule tells", name=name))
        return found

    def zone(self, one: Resource) -> tuple[str, Zone]:
        """Return the zone that a resource stands in."""
        name = self.label(one, "zone")
        if name not in self.inventory.zones.zones:
            raise NotApplicable(tr("stands in no zone, but in {name}", name=name))
        return name, self.inventory.zones.zones[name]

    def department(self, one: Resource) -> Department | None:
        """Return the department that owns a resource."""
        return self.inventory.departments.get(self.labels(one).get("owner", ""))

    def system(self, one: Resource) -> System:
        """Return the system that a resource belongs to."""
        name = self.label(one, "system")
        department = self.department(one)
        if name == SHARED or department is None or name not in department.systems:
            raise NotApplicable(tr("belongs to no system, but to {name}", name=name))
        return department.systems[name]

    def zones_of(self, network: Network) -> Iterator[str]:
        """Yield the zone that a range lies in, if it lies in one; the province lies behind the uplink's."""
        for name, block in self.inventory.plan.zones.items():
            if block.holds(network):
                yield name
        if self.uplink and self.of_province(network):
            yield self.uplink.zone

    @property
    def uplink(self) -> Uplink | None:
        """The city's way to the province."""
        return self.inventory.departments[self.inventory.city.owner].uplink

    def of_province(self, network: Network) -> bool:
        """Tell whether a range lies in the province's, to which the uplink leads."""
        return self.uplink is not None and self.uplink.province.holds(network)

    def is_tunnel(self, one: Resource, network: Network, protocol: str, ports: range) -> bool:
        """Tell whether a rule is the border router's and lets its tunnel through to the province's end, no more."""
        access = self.environment.uplink
        return (
            access is not None
            and self.is_border(one)
            and (network, protocol, ports) == (ip_network(access.address), "udp", range(access.port, access.port + 1))
        )

    def in_city(self, network: Network) -> bool:
        """Tell whether a range lies in the city's address plan."""
        return self.inventory.plan.city.holds(network)

    def of_operators(self, network: Network) -> bool:
        """Tell whether a range lies in what operators come from."""
        return any(_inside(network, one) for one in self.environment.operator_networks)

    def shared_service(self, network: Network, protocol: str, ports: range) -> bool:
        """Tell whether a range is that of a service that every server may reach, on its ports."""
        return any(
            service.protocol.value == protocol
            and set(ports) <= set(service.ports)
            and any(_inside(network, one) for one in service.networks)
            for service in self.environment.shared_services.values()
        )

    def is_bastion(self, one: Resource) -> bool:
        """Tell whether a resource is a bastion's; only a department's own unit makes one, whatever labels say."""
        return self.unit.system is None and self.labels(one).get("tier") == BASTION

    def is_border(self, one: Resource) -> bool:
        """Tell whether a resource is the border router's; only the uplink's own unit makes one."""
        return self.unit.kind is Kind.UPLINK and self.labels(one).get("tier") == BORDER

    def remote_groups(self, one: Resource) -> list[Resource]:
        """Return the security group that a rule names as its other side."""
        groups = self.referred(one, "remoteGroupId", "networking.SecGroup")
        if not groups:
            raise CouldNotLook(tr("remoteGroupId is a group of another stack"))
        return groups


def _inside(inner: Network, outer: Network) -> bool:
    if isinstance(inner, IPv4Network):
        return isinstance(outer, IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, IPv6Network) and inner.subnet_of(outer)
