"""Ways that nothing in the inventory speaks of, found in the cloud's own books: what no probe can think of.

A second card, an address that a server may take, a port without its guard, a router that joins what it should not, a
floating address where there should be none, a balancer's listener that nobody listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_address

from govcloud.core.language import tr
from govcloud.core.model.inventory import Inventory
from govcloud.verify.city import Endpoint, Kind
from govcloud.verify.cloud import Laid, Port
from govcloud.verify.judging import Evidence, whole_way
from govcloud.verify.lines import Lines, Place
from govcloud.verify.records import ANY, Finding

_LEG = "network:router_interface"
_SERVER = "compute:"


class Ways:
    """Judges what the cloud has laid."""

    def __init__(
        self, inventory: Inventory, ends: Sequence[Endpoint], laid: Laid, lines: Lines, evidence: Evidence
    ) -> None:
        self._inventory, self._ends, self._laid = inventory, ends, laid
        self._lines, self._evidence = lines, evidence
        self._by_address = {one.addresses[family]: one for one in ends for family in one.addresses}

    def findings(self) -> Iterator[Finding]:
        """Yield a finding for each way that should not be."""
        yield from self._cards()
        yield from self._legs()
        yield from self._floating()
        yield from self._listeners()

    def _cards(self) -> Iterator[Finding]:
        owners = {
            port.device: self._by_address[address]
            for port in self._laid.ports
            for address in port.addresses
            if address in self._by_address and self._by_address[address].is_guest
        }
        for port in self._laid.ports:
            guest = owners.get(port.device) if port.owner.startswith(_SERVER) else None
            if guest is None:
                continue
            place = guest.place / "zone"
            if not set(port.addresses) & {*guest.addresses.values(), *guest.others}:
                where = self._zones(port.addresses)
                what = tr(
                    "has a second card in {where} ({addresses})", where=where, addresses=", ".join(port.addresses)
                )
                yield self._way(guest.name, where, port.addresses, place, what)
            if not port.secured:
                what = tr("has a port without port security: it may send as anybody and is sent anything")
                yield self._way(guest.name, ANY, port.addresses, place, what)
            # What comes from the province goes on from the border router's inner leg, and from no other port.
            passes = guest.passes if set(port.addresses) & set(guest.others) else ()
            strange = [one for one in port.pairs if one not in passes]
            if strange:
                what = tr("may take addresses that are not its own: {addresses}", addresses=", ".join(strange))
                yield self._way(guest.name, self._zones(strange), strange, place, what)

    def _legs(self) -> Iterator[Finding]:
        """Ask that a department has one router, which joins the department's own networks and no other."""
        routers: dict[str, list[Port]] = {}
        for port in self._laid.ports:
            if port.owner.startswith(_LEG):
                routers.setdefault(port.device, []).append(port)
        own: dict[str, str] = {}
        for router, legs in sorted(routers.items()):
            stands_in = {name for leg in legs for address in leg.addresses if (name := self._department(address))}
            for department in sorted(stands_in):
                place = Place(f"departments/{department}", ("networks",))
                for leg in legs:
                    others = [one for one in leg.addresses if self._department(one) != department]
                    if others:
                        addresses = ", ".join(others)
                        what = tr("its router has a leg outside its networks: {addresses}", addresses=addresses)
                        yield self._way(department, self._zones(others), others, place, what)
                if own.setdefault(department, router) != router:
                    what = tr("a second router joins its networks: {router}", router=router)
                    yield self._way(department, ANY, [one for leg in legs for one in leg.addresses], place, what)

    def _floating(self) -> Iterator[Finding]:
        for outer, inner in sorted(self._laid.floating.items()):
            end = self._by_address.get(inner)
            if end and not end.has_door:
                what = tr("is reached from outside by the floating address {address}", address=outer)
                yield self._way("outside", end.name, [inner], end.place, what)

    def _listeners(self) -> Iterator[Finding]:
        for address, ports in sorted(self._laid.listeners.items()):
            end = self._by_address.get(address)
            if end and end.kind is Kind.BALANCER and (more := sorted(ports - set(end.ports))):
                what = tr("listens on {ports} too", ports=", ".join(map(str, more)))
                yield self._way(ANY, end.name, [address], end.place / "listeners", what)

    def _department(self, address: str) -> str:
        one = ip_address(address)
        for key, department in self._inventory.departments.items():
            if any(one in block.of(one.version) for block in department.networks.values()):
                return key
        return ""

    def _zones(self, addresses: Sequence[str]) -> str:
        """Return the zones that addresses are of; one of no zone stands for itself."""
        found = []
        for text in addresses:
            # An address pair may be a range.
            one = ip_address(text.partition("/")[0])
            zones = self._inventory.plan.zones.items()
            found.append(next((key for key, block in zones if one in block.of(one.version)), text))
        return ", ".join(dict.fromkeys(found))

    def _way(self, source: str, target: str, addresses: Sequence[str], place: Place, what: str) -> Finding:
        family = 6 if addresses and all(":" in one for one in addresses) else 4
        line = self._lines.at(place)
        reason = tr("{what}; {line} does not say so", what=what, line=line)
        return whole_way(source, target, family, place, reason, self._lines, self._evidence)
