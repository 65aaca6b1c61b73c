"""The matrix: every way from one end to another, with what the inventory demands of it.

Every pair of guests is asked for every port that the inventory knows anywhere, over IPv4 and IPv6: a hole is rarely
where somebody thought of one. Around them the internet side, the metadata service and the cloud's own interfaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from govcloud.core.model.base import Protocol
from govcloud.core.model.environment import Environment
from govcloud.core.model.inventory import Inventory
from govcloud.verify.city import FAMILIES, Endpoint, Kind
from govcloud.verify.demands import SSH, Demand, Demands
from govcloud.verify.lines import Place

METADATA = Endpoint(
    name="metadata", kind=Kind.METADATA, addresses={4: "169.254.169.254"}, place=Place("zones"), ports=(80,)
)


@dataclass(frozen=True, kw_only=True)
class Path:
    """One way from an end to another. The probe goes to `address`, which differs from the target's own outside."""

    source: Endpoint
    target: Endpoint
    protocol: str
    port: int
    family: int
    address: str
    demand: Demand

    @property
    def listener(self) -> tuple[str, str, int, int]:
        """What has to be alive for a denial to count."""
        return self.target.name, self.protocol, self.port, self.family


@dataclass(frozen=True, kw_only=True)
class Around:
    """What stands around the guests; it is found in the cloud, not in the inventory."""

    outside: Sequence[Endpoint] = ()
    """The internet side, with the addresses that its probes come from."""
    apis: Sequence[Endpoint] = ()
    """The cloud's own interfaces."""
    doors: dict[str, str] | None = None
    """The floating IPv4 addresses of bastions and balancers, by name."""
    province: Endpoint | None = None
    asks: bool = False
    """Whether somebody knocks from the province, too."""


def services(inventory: Inventory, environment: Environment) -> list[tuple[str, int]]:
    """Return every protocol and port that the inventory knows anywhere."""
    found = {(Protocol.TCP.value, SSH)}
    for zone in inventory.zones.zones.values():
        found |= {(flow.protocol.value, port) for flow in zone.flows for port in flow.ports}
    for department in inventory.departments.values():
        for system in department.systems.values():
            found |= {(one.protocol.value, port) for one in system.security.access for port in one.ports}
            balancers = system.network.load_balancers.values()
            found |= {(Protocol.TCP.value, port) for one in balancers for port in one.listeners.values()}
            found |= {(Protocol.TCP.value, system.database.port)} if system.database else set()
    for service in environment.shared_services.values():
        found |= {(service.protocol.value, port) for port in service.ports}
    return sorted(found)


def paths(
    inventory: Inventory, environment: Environment, ends: Iterable[Endpoint], around: Around | None = None
) -> Iterator[Path]:
    """Yield every path between the ends, and between them and what stands around."""
    all_ends, known = list(ends), services(inventory, environment)
    guests = [one for one in all_ends if one.is_guest]
    balancers = [one for one in all_ends if one.kind is Kind.BALANCER]
    makes = _Maker(Demands(inventory, environment))
    around = around or Around()
    for source in guests:
        for target in guests:
            if source is not target:
                yield from makes.paths(source, target, known)
        for target in (*balancers, METADATA, *around.apis, *([around.province] if around.province else [])):
            yield from makes.paths(source, target, [(Protocol.TCP.value, port) for port in target.ports])
    if around.province and around.asks:
        for target in guests:
            yield from makes.paths(around.province, target, known)
    doors = around.doors or {}
    for source in around.outside:
        for target in (*guests, *balancers):
            yield from makes.from_outside(source, target, known, doors.get(target.name))


@dataclass(frozen=True)
class _Maker:
    demands: Demands

    def paths(self, source: Endpoint, target: Endpoint, known: Sequence[tuple[str, int]]) -> Iterator[Path]:
        for family in FAMILIES:
            if family in source.addresses and family in target.addresses:
                yield from self._family(source, target, known, family, target.addresses[family])

    def from_outside(
        self, source: Endpoint, target: Endpoint, known: Sequence[tuple[str, int]], door: str | None
    ) -> Iterator[Path]:
        """IPv4 comes in by floating addresses only, IPv6 has none and is routed."""
        if door and 4 in source.addresses:  # noqa: PLR2004 - a version of IP
            yield from self._family(source, target, known, 4, door)
        if 6 in source.addresses and 6 in target.addresses:  # noqa: PLR2004 - a version of IP
            yield from self._family(source, target, known, 6, target.addresses[6])

    def _family(
        self, source: Endpoint, target: Endpoint, known: Sequence[tuple[str, int]], family: int, address: str
    ) -> Iterator[Path]:
        for protocol, port in known:
            yield Path(
                source=source,
                target=target,
                protocol=protocol,
                port=port,
                family=family,
                address=address,
                demand=self.demands.of(source, target, protocol, port, family),
            )
