"""What is named exists: sizes, tiers, volumes, secrets, departments, systems."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from govcloud.core.language import tr
from govcloud.core.located_yaml import Fault
from govcloud.core.model.department import PUBLIC, System
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.milestones import DEPARTMENTS
from govcloud.core.model.places import Here, each_department, each_group, each_system
from govcloud.core.model.reading import Reading


def references_exist(inventory: Inventory, reading: Reading) -> Iterator[Fault]:
    """Sizes, volumes, secrets and tiers that are named exist."""
    sizes = inventory.city.sizes
    for department, here in each_department(inventory, reading):
        for key, shared in (("bastion", department.bastion), ("uplink", department.uplink)):
            if shared and shared.size not in sizes:
                yield (here / key / "size").fault(tr("is not a size"), fix=_known(sizes))
    for _, _, _, group, here in each_group(inventory, reading):
        if group.size not in sizes:
            yield (here / "size").fault(tr("is not a size"), fix=_known(sizes))
    for _, system, here in each_system(inventory, reading):
        parts = [(here / "storage" / "volumes" / key, one.tier) for key, one in system.storage.volumes.items()]
        parts += [
            (here / "network" / "load_balancers" / key, one.tier) for key, one in system.network.load_balancers.items()
        ]
        for place, tier in parts:
            if tier not in system.compute:
                what = tr("the system has no {tier} tier", tier=tier.value)
                yield (place / "tier").fault(what, fix=_known(one.value for one in system.compute))
        yield from _listeners(system, here)
        yield from _openings(system, here / "security" / "access")
        yield from _mounts(system, here / "storage" / "volumes")
        yield from _database(system, here / "database")


def _listeners(system: System, here: Here) -> Iterator[Fault]:
    """Ask that what a balancer passes on is let in: otherwise it stands there in vain."""
    for key, balancer in system.network.load_balancers.items():
        open_ports = {port for access in system.security.access if access.to is balancer.tier for port in access.ports}
        for name, port in balancer.listeners.items():
            if port not in open_ports:
                what = tr("nobody may reach port {port} of the {tier} tier", port=port, tier=balancer.tier.value)
                place = here / "network" / "load_balancers" / key / "listeners" / name
                yield place.fault(what, fix=tr("list who may in security.access"))


def _openings(system: System, here: Here) -> Iterator[Fault]:
    """Ask that the public comes through a balancer, never to a server itself."""
    balanced = {
        (balancer.tier, port)
        for balancer in system.network.load_balancers.values()
        if balancer.floating_address
        for port in balancer.listeners.values()
    }
    for number, access in enumerate(system.security.access):
        for port in access.ports if access.source == PUBLIC else ():
            if (access.to, port) not in balanced:
                values = {"port": port, "tier": access.to.value}
                what = tr("no load balancer with a floating address passes port {port} to the {tier} tier", **values)
                fix = tr("add one to network.load_balancers")
                yield (here / number / "ports").fault(what, clause="8.1.3.1 a", fix=fix)


def _mounts(system: System, here: Here) -> Iterator[Fault]:
    seen: dict[tuple[str, str], str] = {}
    for key, volume in system.storage.volumes.items():
        first = seen.setdefault((volume.tier.value, volume.mount), key)
        if first != key:
            what = tr("{mount} is where {first} is mounted", mount=volume.mount, first=first)
            yield (here / key / "mount").fault(what, fix=tr("take another place"))


def _database(system: System, here: Here) -> Iterator[Fault]:
    database = system.database
    if database is None:
        return
    volume = system.storage.volumes.get(database.volume)
    if database.tier not in system.compute:
        what = tr("the system has no {tier} tier", tier=database.tier.value)
        yield (here / "tier").fault(what, fix=_known(one.value for one in system.compute))
    if volume is None or volume.tier is not database.tier:
        what = tr("the {tier} tier has no such volume", tier=database.tier.value)
        yield (here / "volume").fault(what, fix=tr("add it to storage.volumes"))
    elif volume.backup is None:
        what = tr("its volume has no backup")
        yield (here / "volume").fault(what, clause="8.1.4.9 a", fix=tr("add `backup:` to the volume"))
    if database.secret not in system.security.secrets:
        what = tr("is not a secret of the system")
        yield (here / "secret").fault(what, fix=tr("add it to security.secrets"))


def milestones_are_answered_for(inventory: Inventory, reading: Reading) -> Iterator[Fault]:
    """Ask that whoever answers for a milestone exists, and so do the systems that it is about."""
    if reading.faults:
        return  # they may stand in a file that could not be read, which has been told
    here = Here(reading.sources["milestones"]) / "milestones"
    for key, milestone in inventory.milestones.milestones.items():
        for number, name in enumerate(milestone.responsible):
            if name != DEPARTMENTS and name not in inventory.departments:
                what = tr("{name} is not a department", name=name)
                fix = _near(name, [*inventory.departments, DEPARTMENTS])
                yield (here / key / "responsible" / number).fault(what, fix=fix)
        for number, name in enumerate(milestone.systems):
            if inventory.system(name) is None:
                systems = [one for department in inventory.departments.values() for one in department.systems]
                what = tr("{name} is not a system", name=name)
                yield (here / key / "systems" / number).fault(what, fix=_near(name, systems))


def _known(names: Iterable[str]) -> str:
    return tr("one of: {known}", known=", ".join(names))


def _near(name: str, names: list[str]) -> str:
    """Return what was meant, or the first names that there are: a city may have a thousand."""
    near = difflib.get_close_matches(name, names, 1)
    return tr("did you mean `{name}`?", name=near[0]) if near else _known(names[:8])
