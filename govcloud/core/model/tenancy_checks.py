"""What a provider gives is given to somebody, for something, and whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from govcloud.core.language import tr
from govcloud.core.located_yaml import Fault
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.places import Here
from govcloud.core.model.reading import Reading


def tenancies_fit(inventory: Inventory, reading: Reading) -> Iterator[Fault]:
    """Ask that all names of a tenancy are the inventory's, and that a department's networks are given all or none."""
    for key, environment in inventory.environments.items():
        if environment.tenancy is None:
            continue
        here = Here(reading.sources[f"environments/{key}"]) / "tenancy"
        yield from _known(here / "flavors", environment.tenancy.flavors, inventory.city.sizes)
        yield from _known(here / "volume_types", environment.tenancy.volume_types, environment.volume_types)
        yield from _projects(inventory, reading, key, here / "projects")


def _projects(inventory: Inventory, reading: Reading, key: str, here: Here) -> Iterator[Fault]:
    tenancy = inventory.environments[key].tenancy
    for name, given in tenancy.projects.items() if tenancy else ():
        department = inventory.departments.get(name)
        if department is None:
            # Its file may be there with a fault of its own, which has been told.
            if f"departments/{name}" not in reading.sources:
                fix = tr("one of: {known}", known=", ".join(inventory.departments))
                yield (here / name).fault(tr("{name} is not a department", name=name), fix=fix, of_key=True)
            continue
        place = here / name / "networks"
        yield from _known(place, given.networks, department.networks)
        missing = [zone for zone in department.networks if zone not in given.networks]
        if given.networks and missing:
            what = tr("has no network for {zones}", zones=", ".join(missing))
            why = tr("one router joins them all")
            yield place.fault(what, why=why, fix=tr("name a network for every zone, or none"), of_key=True)
        for zone, network in given.networks.items():
            if [*given.networks.values()].count(network) > 1:
                what = tr("{name} is named for two zones", name=network)
                yield (place / zone).fault(what, clause="8.1.2.1 c", fix=tr("name one network for each"))


def _known(here: Here, given: Iterable[str], known: Iterable[str]) -> Iterator[Fault]:
    names = list(known)
    for name in given:
        if name not in names:
            fix = tr("one of: {known}", known=", ".join(names))
            yield (here / name).fault(tr("is not a name of the inventory"), fix=fix, of_key=True)
