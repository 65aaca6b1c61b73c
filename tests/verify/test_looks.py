"""Whole looks at towns of network namespaces: real silence, real answers, faults of each kind in the way between."""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from govcloud.core.model.results import Verdict
from govcloud.core.progress import Phases
from govcloud.core.workspace import Workspace
from govcloud.verify.asking import Look, Plan, Seen
from govcloud.verify.city import endpoints
from govcloud.verify.judging import strange_addresses
from govcloud.verify.lines import Lines
from govcloud.verify.matrix import Path, paths, services
from govcloud.verify.records import Finding
from tests.sample import SAMPLE
from tests.verify.made_up import EVIDENCE, judged, only
from tests.verify.town import Town, town

pytestmark = pytest.mark.slow

LAB = only(SAMPLE.environments["lab"], SAMPLE, "elicence", "household", "residence")
ENDS = list(endpoints(SAMPLE, LAB))
GUESTS = [one for one in ENDS if one.is_guest]
PATHS = [one for one in paths(SAMPLE, LAB, GUESTS) if one.target.is_guest]
WEB, DATABASE = "approval-elicence-web-1", "approval-elicence-database-1"


def look(place: Town, *, wanted: list[Path] = PATHS, waits: float = 0.0, seconds: float = 2.0) -> Seen:
    plan = Plan(
        paths=wanted,
        guests=GUESTS,
        services=services(SAMPLE, LAB),
        commands=place.commands,
        first=frozenset({"approval-bastion"}),
        waits=waits,
        seconds=seconds,
    )
    with Phases("test") as phases:
        return Look(plan, phases).take()


@pytest.fixture(scope="module")
def place() -> Iterator[Town]:
    """Build a town whose router lets through what is listed."""
    with town(GUESTS, "l") as built:
        built.let(one for one in PATHS if one.demand.allowed)
        yield built


def some(source: str, target: str, port: int, *families: int) -> list[Path]:
    """Return the paths of a fault, by parts of names."""
    return [
        one
        for one in PATHS
        if source in one.source.name and target in one.target.name and one.port == port and one.family in families
    ]


def wrong(findings: list[Finding]) -> set[tuple[str, str, int | None, int, str | None]]:
    return {
        (one.result.source, one.result.to, one.result.port, one.result.family, one.result.got)
        for one in findings
        if one.result.verdict is Verdict.NONCONFORM
    }


def test_a_town_as_demanded_conforms_wholly(place: Town) -> None:
    findings = judged(ENDS, PATHS, look(place))
    assert Counter(one.result.verdict for one in findings) == {Verdict.CONFORM: len(PATHS)}
    assert {one.result.listener_alive for one in findings} == {True}


FAULTS: dict[str, tuple[Callable[[Town, list[Path]], None], list[Path], str]] = {
    "a rule too wide": (Town.open, some("web-", "database-", 5432, 4, 6), "open"),
    "too wide over IPv6 only": (Town.open, some("web-", "database-", 5432, 6), "open"),
    "time is asked of everybody": (Town.open, some("application-", "bastion", 123, 4), "open"),
    "a missing rule": (Town.stop, some("elicence-application-", "elicence-database-1", 5432, 4, 6), "dropped"),
    "IPv6 forgotten": (Town.stop, some("web-", "elicence-application-", 8080, 6), "dropped"),
    "the way back is lost": (Town.stop_answers, some("household-application-", "residence-", 8443, 4), "dropped"),
    "a router that refuses": (
        lambda place, some_paths: place.stop(some_paths, "prohibit"),
        some("approval-bastion", "elicence-web-1", 22, 4, 6),
        "unreachable",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_nothing_else(place: Town, name: str) -> None:
    spoil, about, got = FAULTS[name]
    assert about
    spoil(place, about)
    try:
        findings = judged(ENDS, PATHS, look(place))
    finally:
        place.mend()
    assert wrong(findings) == {(one.source.name, one.target.name, one.port, one.family, got) for one in about}
    lines = {one.result.line for one in findings if one.result.verdict is Verdict.NONCONFORM}
    assert lines == {Lines(Workspace.here().inventory).at(one.demand.place) for one in about}


def test_a_way_that_only_answers_take_is_no_way_in(place: Town) -> None:
    """Packets that arrive and are not answered are silence to whoever sent them."""
    about = some("web-", "database-", 5432, 4)
    place.let(about, answers=False, order="spoilt")
    try:
        assert wrong(judged(ENDS, PATHS, look(place))) == set()
    finally:
        place.mend()


def test_a_guest_that_is_gone_is_not_taken_for_closed(place: Town) -> None:
    commands = {**place.commands, DATABASE: ["sh", "-c", "echo No route to host >&2; exit 255"]}
    gone = _Redirected(place.prefix, place.guests, redirected=commands)
    findings = judged(ENDS, PATHS, look(gone))
    about = [one for one in findings if DATABASE in {one.result.source, one.result.to}]
    assert {one.result.verdict for one in about} == {Verdict.NOT_TESTED}
    assert all(one.failed_look for one in about)
    assert {one.result.verdict for one in findings if one not in about} == {Verdict.CONFORM}
    assert any("No route to host" in one.result.reason for one in about)


class _Redirected(Town):
    """A town to some of whose guests other ways lead."""

    def __init__(self, prefix: str, guests: list, *, redirected: dict[str, list[str]]) -> None:  # type: ignore[type-arg]
        super().__init__(prefix, guests)
        self._redirected = redirected

    @property
    def commands(self) -> dict[str, list[str]]:
        return self._redirected


def test_a_second_card_is_seen_on_the_guest(place: Town) -> None:
    space = place.namespace(next(one for one in GUESTS if one.name == WEB))
    address = ["address", "add", "10.19.1.200/32", "dev", "eth0"]
    subprocess.run(["ip", "-n", space, *address], check=True)
    try:
        seen = look(place, wanted=some("web-1", "database-1", 22, 4))
    finally:
        subprocess.run(["ip", "-n", space, *address[:1], "del", *address[2:]], check=True)
    ways = [one.result for one in strange_addresses(SAMPLE, ENDS, seen, Lines(Workspace.here().inventory), EVIDENCE)]
    assert [(one.source, one.to, one.port) for one in ways] == [(WEB, "data", None)]
    assert "10.19.1.200" in ways[0].reason


def test_what_opens_late_is_waited_for(place: Town) -> None:
    about = some("web-1", "elicence-application-1", 8080, 4)
    place.stop(about)
    began = time.monotonic()

    class Late(Look):
        """A look in whose pause the way opens, as a balancer's does."""

        def _is_missing(self, number: int) -> bool:
            place.mend()
            return super()._is_missing(number)

    plan = Plan(
        paths=about,
        guests=GUESTS,
        services=services(SAMPLE, LAB),
        commands=place.commands,
        first=frozenset(),
        waits=10.0,
        seconds=0.5,
    )
    with Phases("test") as phases:
        seen = Late(plan, phases).take()
    assert {one.result.verdict for one in judged(ENDS, about, seen)} == {Verdict.CONFORM}
    assert time.monotonic() - began < 20


def test_two_thousand_paths_on_twenty_guests_take_less_than_a_minute() -> None:
    environment = SAMPLE.environments["lab"]
    guests = [one for one in endpoints(SAMPLE, environment) if one.is_guest][:20]
    wanted = [one for one in paths(SAMPLE, environment, guests) if one.target.is_guest]
    assert len(wanted) > 2000
    with town(guests, "w") as whole:
        whole.let(one for one in wanted if one.demand.allowed)
        plan = Plan(
            paths=wanted,
            guests=guests,
            services=services(SAMPLE, environment),
            commands=whole.commands,
            first=frozenset(),
        )
        began = time.monotonic()
        with Phases("test") as phases:
            seen = Look(plan, phases).take()
        took = time.monotonic() - began
    assert {one.result.verdict for one in judged(guests, wanted, seen)} == {Verdict.CONFORM}
    print(f"{len(wanted)} paths on {len(guests)} guests: {took:.1f} s")
    assert took < 60
