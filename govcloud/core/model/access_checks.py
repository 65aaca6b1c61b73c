"""Access follows the zones: what no flow lists is refused; another system's data comes through the exchange."""

from __future__ import annotations

from collections.abc import Iterator

from govcloud.core.language import tr
from govcloud.core.located_yaml import Fault
from govcloud.core.model.base import Tier
from govcloud.core.model.department import PUBLIC, Access, ComputeGroup, System
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.places import Here, each_system
from govcloud.core.model.reading import Reading

EXCHANGE = "exchange"


def access_follows_the_zones(inventory: Inventory, reading: Reading) -> Iterator[Fault]:
    """Let access pass only between zones whose flow is listed; from outside only into a public zone."""
    for _, system, here in each_system(inventory, reading):
        for number, access in enumerate(system.security.access):
            yield from _access(inventory, reading, system, access, here / "security" / "access" / number)


def _access(inventory: Inventory, reading: Reading, system: System, access: Access, here: Here) -> Iterator[Fault]:
    target = system.compute.get(access.to)
    if target is None:
        what, fix = tr("the system has no {tier} tier", tier=access.to), tr("one of its tiers")
        yield (here / "to").fault(what, fix=fix)
        return
    if access.source == PUBLIC:
        zone = inventory.zones.zones.get(target.zone)
        if zone and not zone.public:
            what, fix = (
                tr("{zone} is not reached from outside", zone=target.zone),
                tr("name the tier that stands in front"),
            )
            yield (here / "from").fault(what, clause="8.1.3.1 a", fix=fix)
        return
    found = inventory.system(access.source_system) if access.source_system else (None, system)
    if found is None and reading.faults:
        return  # it may stand in a file that could not be read, which has been told
    if found is None or (found[1] is system and access.source_system):
        what, fix = tr("{name} is not another system", name=access.source_system), tr("write <system>.<tier>")
        yield (here / "from").fault(what, fix=fix)
        return
    source = next((group for tier, group in found[1].compute.items() if tier == access.source_tier), None)
    if source is None:
        what = tr("the system has no {tier} tier", tier=access.source_tier)
        yield (here / "from").fault(what, fix=tr("one of its tiers, or {public}", public=PUBLIC))
        return
    if access.source_system and access.to is Tier.DATABASE and source.zone != EXCHANGE:
        what = tr("another system's database is reached from the zone {zone} only", zone=EXCHANGE)
        yield (here / "from").fault(what, clause="8.1.3.1 a", fix=tr("let a platform in that zone pass the data on"))
        return
    yield from _flow(inventory, access, source, target, here)


def _flow(
    inventory: Inventory, access: Access, source: ComputeGroup, target: ComputeGroup, here: Here
) -> Iterator[Fault]:
    start = inventory.zones.zones.get(source.zone)
    if start is None or source.zone == target.zone:
        return
    allowed = {
        port
        for flow in start.flows
        if (flow.to, flow.protocol) == (target.zone, access.protocol)
        for port in flow.ports
    }
    denied = sorted(set(access.ports) - allowed)
    if denied:
        values = {"protocol": access.protocol.value, "ports": ", ".join(map(str, denied))}
        what = tr(
            "{protocol} {ports} from {source} to {to} is not listed", **values, source=source.zone, to=target.zone
        )
        yield (here / "ports").fault(what, clause="8.1.3.2 a", fix=tr("use a listed port, or have zones.yaml changed"))
