"""The uplink holds together: it is the owner's, stands in networks that exist, and its ranges are nobody else's."""

from __future__ import annotations

from collections.abc import Iterator

from govcloud.core.language import tr
from govcloud.core.located_yaml import Fault
from govcloud.core.model.department import Department, Uplink
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.places import Here, each_department
from govcloud.core.model.reading import Reading

_CLAUSE = "8.1.2.1 c"
_ENDS = 2


def uplinks_fit(inventory: Inventory, reading: Reading) -> Iterator[Fault]:
    """Ask of every uplink that it can be built and joins nothing that it should not."""
    for department, here in each_department(inventory, reading):
        if department.uplink:
            yield from _stands(inventory, department, department.uplink, here / "uplink")
            yield from _ranges(inventory, department, department.uplink, here / "uplink")


def _stands(inventory: Inventory, department: Department, uplink: Uplink, here: Here) -> Iterator[Fault]:
    """Ask that it is the owner's, in two networks of the owner's."""
    if department.key != inventory.city.owner and inventory.city.owner in inventory.departments:
        what = tr("is not the department that runs the cloud")
        fix = tr("move it to departments/{name}.yaml", name=inventory.city.owner)
        yield here.fault(what, clause="8.1.3.1 a", fix=fix, of_key=True)
    for field, zone in (("zone", uplink.zone), ("inside", uplink.inside)):
        if zone not in department.networks:
            what = tr("the department has no network in {zone}", zone=zone)
            yield (here / field).fault(what, clause=_CLAUSE, fix=tr("add it to `networks:`"))
    if uplink.zone == uplink.inside:
        what = tr("is where the tunnel goes out")
        yield (here / "inside").fault(what, clause=_CLAUSE, fix=tr("take the zone that shares data"))


def _ranges(inventory: Inventory, department: Department, uplink: Uplink, here: Here) -> Iterator[Fault]:
    """Ask that the province lies outside the city, and the tunnel in its zone, beside the department's network."""
    zone, network = inventory.plan.zones.get(uplink.zone), department.networks.get(uplink.zone)
    for version in (4, 6):
        family = f"ipv{version}"
        theirs, ours, tunnel = (one.of(version) for one in (uplink.province, inventory.plan.city, uplink.tunnel))
        if theirs.overlaps(ours):
            what = tr("{inner} overlaps {other} of the city", inner=theirs, other=ours)
            yield (here / "province" / family).fault(what, clause=_CLAUSE, fix=tr("ask the province for its ranges"))
        place = here / "tunnel" / family
        if zone and not zone.holds(tunnel):
            what = tr("{inner} is not inside {outer}", inner=tunnel, outer=zone.of(version))
            yield place.fault(what, clause=_CLAUSE, fix=tr("take another range"))
        if network and tunnel.overlaps(network.of(version)):
            what = tr("{inner} overlaps {other} of the city", inner=tunnel, other=network.of(version))
            yield place.fault(what, clause=_CLAUSE, fix=tr("take another range"))
        if tunnel.num_addresses <= _ENDS:
            yield place.fault(tr("has no room for two ends"), fix=tr("take another range"))
