"""Looks that nobody took: a city that is as it should be, for tests to spoil."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from govcloud.core.model.environment import Environment
from govcloud.core.model.inventory import Inventory
from govcloud.core.workspace import Workspace
from govcloud.verify.asking import Seen
from govcloud.verify.city import FAMILIES, Endpoint, Kind, endpoints, province
from govcloud.verify.judging import Evidence, Judge
from govcloud.verify.lines import Lines, Place
from govcloud.verify.matrix import Around, Path, paths, services
from govcloud.verify.records import Finding

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
EVIDENCE = Evidence(at=AT, file="build/lab/reach/evidence.jsonl", sha256="0" * 64)
OPERATOR = Endpoint(name="here", kind=Kind.OUTSIDE, addresses={4: "198.18.7.1", 6: "fd19:7:1::1"}, place=Place("zones"))
PUBLIC = Endpoint(
    name="outside", kind=Kind.OUTSIDE, addresses={4: "203.0.113.7", 6: "2001:db8:7::1"}, place=Place("zones")
)
API = Endpoint(name="api-identity", kind=Kind.API, addresses={4: "198.18.7.2"}, place=Place("zones"), ports=(5000,))


def only(environment: Environment, inventory: Inventory, *systems: str) -> Environment:
    """Return an environment with these systems."""
    others = {key for one in inventory.departments.values() for key in one.systems} - set(systems)
    return environment.model_copy(update={"left_out": tuple(sorted(others))})


def around(inventory: Inventory, environment: Environment, ends: Iterable[Endpoint]) -> Around:
    """Stand an operator, the public and the province outside, with floating addresses as the inventory gives them."""
    doors = {one.name: f"198.19.7.{10 + number}" for number, one in enumerate(ends) if one.has_door}
    return Around(
        outside=[OPERATOR, PUBLIC], apis=[API], doors=doors, province=province(inventory, environment), asks=True
    )


def city(inventory: Inventory, environment: Environment) -> tuple[list[Endpoint], list[Path]]:
    """Return all ends and all paths."""
    ends = list(endpoints(inventory, environment))
    return ends, list(paths(inventory, environment, ends, around(inventory, environment, ends)))


def as_demanded(inventory: Inventory, environment: Environment, ends: list[Endpoint], wanted: list[Path]) -> Seen:
    """Return a look at a city that is as the inventory says, with every listener alive."""
    seen = Seen(witnessed={(API.name, 4)})
    for guest in (one for one in ends if one.is_guest):
        seen.alive |= {
            (guest.name, protocol, port, family)
            for protocol, port in services(inventory, environment)
            for family in FAMILIES
        }
        seen.addresses[guest.name] = [*guest.addresses.values()]
    seen.alive |= {(Kind.PROVINCE.value, "tcp", 8443, family) for family in FAMILIES}
    seen.answers = {number: ("open" if one.demand.allowed else "dropped", "") for number, one in enumerate(wanted)}
    return seen


def judged(ends: list[Endpoint], wanted: list[Path], seen: Seen) -> list[Finding]:
    """Judge a look."""
    lines = Lines(Workspace.here().inventory)
    return list(Judge(wanted, ends, seen, lines, EVIDENCE).findings({}))
