"""What the inventory demands of one path: that it is open, or that it is closed, and which line says so.

Read straight from zones, access lists and the environment. `govcloud.core.model.rules`, of which the stacks make
security groups, is not used on purpose: whoever judges the rules must not have made them.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from govcloud.core.model.base import Protocol
from govcloud.core.model.department import PUBLIC, Access
from govcloud.core.model.environment import Environment
from govcloud.core.model.inventory import Inventory
from govcloud.verify.city import Endpoint, Kind
from govcloud.verify.lines import ZONES, Place, system_place

SSH = 22


@dataclass(frozen=True)
class Demand:
    """Whether a path has to be open, and the part of the inventory that says so."""

    allowed: bool
    place: Place


@dataclass(frozen=True)
class Demands:
    """The demands of an inventory on an environment."""

    inventory: Inventory
    environment: Environment

    def of(self, source: Endpoint, target: Endpoint, protocol: str, port: int, family: int) -> Demand:
        """Return what is demanded of a path. There is an answer for every path: what nothing lists is denied."""
        if Kind.PROVINCE in {source.kind, target.kind}:
            return self._province(source, target, protocol, port)
        if target.kind in {Kind.METADATA, Kind.API}:
            return self._platform(source, target, protocol, port, family)
        if target.kind is Kind.BASTION:
            return self._bastion(source, target, protocol, port, family)
        for number, access in enumerate(self._accesses(target)):
            listed = (access.to, access.protocol) == (target.tier, protocol) and port in access.ports
            if (
                listed
                and self._is_named(access, source, target, family)
                and self._flows(source, target, protocol, port)
            ):
                system = system_place(self.inventory, target.department, target.system)
                return Demand(allowed=True, place=system / "security" / "access" / number)
        operated = target.kind in {Kind.SERVER, Kind.BORDER} and self._operates(source, target, protocol, port)
        if operated and (flow := self._flow(source.zone, target.zone, protocol, port)):
            return Demand(allowed=True, place=flow)
        return Demand(allowed=False, place=self._denial(source, target, protocol, port))

    def may_leave(self, source: Endpoint, target: Endpoint, protocol: str, port: int, family: int) -> bool:
        """Tell whether a source's own side of a path may be open, whatever the other side says."""
        return (
            self.of(source, target, protocol, port, family).allowed
            or self._flow(source.zone, target.zone, protocol, port) is not None
            or self._service(target.addresses[family], protocol, port) is not None
        )

    def may_enter(self, source: Endpoint, target: Endpoint, protocol: str, port: int, family: int) -> bool:
        """Tell whether a target's own side of a path may be open, whatever the other side says."""
        public = any(
            access.source == PUBLIC and (access.to, access.protocol) == (target.tier, protocol) and port in access.ports
            for access in self._accesses(target)
        )
        return public or self.of(source, target, protocol, port, family).allowed

    def is_operator(self, address: str) -> bool:
        """Tell whether operators come from an address."""
        one = ip_address(address)
        return any(one in network for network in self.environment.operator_networks if network.version == one.version)

    def _accesses(self, target: Endpoint) -> tuple[Access, ...]:
        if target.kind not in {Kind.SERVER, Kind.BALANCER}:
            return ()
        return self.inventory.departments[target.department].systems[target.system].security.access

    def _is_named(self, access: Access, source: Endpoint, target: Endpoint, family: int) -> bool:
        if access.source == PUBLIC:
            # The public comes to the balancer; where that has no address of a family, to the servers themselves.
            direct = target.kind is Kind.SERVER and family == 6  # noqa: PLR2004 - a version of IP
            return source.kind is Kind.OUTSIDE and (target.kind is Kind.BALANCER or direct)
        named = (access.source_system or target.system, access.source_tier)
        return source.kind is Kind.SERVER and (source.system, source.tier) == named

    def _flows(self, source: Endpoint, target: Endpoint, protocol: str, port: int) -> bool:
        if source.kind is Kind.OUTSIDE:
            return self.inventory.zones.zones[target.zone].public
        return source.zone == target.zone or self._flow(source.zone, target.zone, protocol, port) is not None

    def _flow(self, start: str, end: str, protocol: str, port: int) -> Place | None:
        """Return the flow of zones.yaml that lets a port pass from one zone to another."""
        zone = self.inventory.zones.zones.get(start)
        for number, flow in enumerate(zone.flows if zone else ()):
            if (flow.to, flow.protocol) == (end, protocol) and port in flow.ports:
                return ZONES / start / "flows" / number
        return None

    def _operates(self, source: Endpoint, target: Endpoint, protocol: str, port: int) -> bool:
        own = source.kind is Kind.BASTION and source.department == target.department
        return own and (protocol, port) == (Protocol.TCP, SSH)

    def _bastion(self, source: Endpoint, target: Endpoint, protocol: str, port: int, family: int) -> Demand:
        operators = Place(f"environments/{self.environment.key}", ("operator_networks",))
        if source.kind is not Kind.OUTSIDE:
            return Demand(allowed=False, place=self._denial(source, target, protocol, port))
        operator = self.is_operator(source.addresses[family])
        return Demand(allowed=operator and (protocol, port) == (Protocol.TCP, SSH), place=operators)

    def _province(self, source: Endpoint, target: Endpoint, protocol: str, port: int) -> Demand:
        """Let the province and the one zone that the uplink joins with it reach each other, as the flows say."""
        city, province = (target, source) if source.kind is Kind.PROVINCE else (source, target)
        uplink = self.inventory.departments[province.department].uplink
        inside = uplink is not None and (city.department, city.zone) == (province.department, uplink.inside)
        flow = self._flow(source.zone, target.zone, protocol, port)
        if flow is None:
            return Demand(allowed=False, place=ZONES / source.zone / "flows")
        joined = city.kind is Kind.SERVER and inside
        return Demand(allowed=joined, place=flow if joined else province.place.around / "inside")

    def _platform(self, source: Endpoint, target: Endpoint, protocol: str, port: int, family: int) -> Demand:
        service = self._service(target.addresses[family], protocol, port)
        return Demand(allowed=service is not None, place=service or ZONES / source.zone / "flows")

    def _service(self, address: str, protocol: str, port: int) -> Place | None:
        """Return the shared service that lets every server reach an address."""
        one = ip_address(address)
        for key, service in self.environment.shared_services.items():
            if service.protocol == protocol and port in service.ports and any(one in net for net in service.networks):
                return Place(f"environments/{self.environment.key}", ("shared_services", key))
        return None

    def _denial(self, source: Endpoint, target: Endpoint, protocol: str, port: int) -> Place:
        """Return the list in which a path would have to stand to be allowed, and does not."""
        inside = source.kind is not Kind.OUTSIDE
        if inside and source.zone != target.zone and not self._flow(source.zone, target.zone, protocol, port):
            return ZONES / source.zone / "flows"
        if target.kind in {Kind.BASTION, Kind.BORDER}:
            return target.place
        return system_place(self.inventory, target.department, target.system) / "security" / "access"
