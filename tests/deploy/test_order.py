"""Units in their order: what needs a failed unit is left out, what does not goes on."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from govcloud.core.errors import GovcloudError
from govcloud.core.model.units import Kind, Unit, of_stack, units
from govcloud.deploy.events import Changes, Outcome
from govcloud.deploy.run import in_order
from tests.sample import SAMPLE

UNITS = [
    Unit(name="foundation", kind=Kind.FOUNDATION),
    Unit(name="a", kind=Kind.DEPARTMENT, needs=("foundation",), department="a"),
    Unit(name="b", kind=Kind.DEPARTMENT, needs=("foundation",), department="b"),
    Unit(name="a-one", kind=Kind.SYSTEM, needs=("a",), department="a", system="one"),
    Unit(name="b-one", kind=Kind.SYSTEM, needs=("b",), department="b", system="one"),
]


def test_a_unit_runs_after_those_it_needs() -> None:
    begun: list[str] = []

    def work(unit: Unit) -> Outcome:
        assert set(unit.needs) <= set(begun)
        begun.append(unit.name)
        return Outcome(ok=True)

    assert set(in_order(UNITS, work).outcomes) == {unit.name for unit in UNITS}


def test_units_without_an_edge_run_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=10)

    def work(unit: Unit) -> Outcome:
        if unit.kind is Kind.DEPARTMENT:
            both.wait()
        return Outcome(ok=True)

    assert len(in_order(UNITS, work).outcomes) == 5


@pytest.mark.parametrize("raised", [True, False])
def test_a_failure_stops_only_what_needs_it(*, raised: bool) -> None:
    def work(unit: Unit) -> Outcome:
        if unit.name == "a" and raised:
            raise GovcloudError("the cloud is full")
        return Outcome(ok=unit.name != "a")

    report = in_order(UNITS, work)
    assert report.left_out == {"a-one": "a"}
    assert {name for name, outcome in report.outcomes.items() if outcome.ok} == {"foundation", "b", "b-one"}
    assert not raised or report.outcomes["a"].errors == ["the cloud is full"]


def test_a_unit_alone_does_not_wait_for_units_that_are_not_wanted() -> None:
    assert set(in_order([UNITS[3]], lambda _: Outcome(ok=True)).outcomes) == {"a-one"}


def test_the_inventory_gives_units_in_an_order_that_works() -> None:
    seen: set[str] = set()
    for unit in units(SAMPLE, SAMPLE.environments["lab"]).values():
        assert set(unit.needs) <= seen
        seen.add(unit.name)


def test_what_an_environment_leaves_out_has_no_unit() -> None:
    smaller = SAMPLE.environments["lab"].model_copy(update={"left_out": ("elicence", "household", "residence")})
    gone = units(SAMPLE, SAMPLE.environments["lab"]).keys() - units(SAMPLE, smaller).keys()
    # Of the police nothing is left to build, of the approval bureau another system is.
    assert gone == {"approval-elicence", "police", "police-household", "police-residence"}
    with pytest.raises(GovcloudError, match="lab-approval-cases"):
        of_stack(replace(SAMPLE, environments={"lab": smaller}), "lab-police")


def test_a_stack_of_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(GovcloudError, match="lab-approval-elicence"):
        of_stack(SAMPLE, "lab-nothing")


def test_changes_are_counted_together() -> None:
    assert Changes(create=1, update=2, replace=3, delete=4).total == 10
