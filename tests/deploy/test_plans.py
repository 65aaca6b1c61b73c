"""What was read is what is done: digests of plans and of removals."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.model.environment import Environment
from govcloud.core.model.units import Unit, units
from govcloud.core.workspace import Workspace
from govcloud.deploy import removal
from govcloud.deploy.events import Outcome
from govcloud.deploy.pulumi_cli import Pulumi
from govcloud.deploy.run import Report
from tests.sample import SAMPLE

ENVIRONMENT = SAMPLE.environments["lab"]
UNITS = units(SAMPLE, SAMPLE.environments["lab"])
SYSTEM = next(name for name, unit in UNITS.items() if unit.system)


def _step(urn: str, operation: str, **inputs: object) -> dict[str, Any]:
    return {"resourcePreEvent": {"metadata": {"op": operation, "urn": urn, "new": {"inputs": inputs}}}}


def _digest(*steps: dict[str, Any]) -> str:
    outcome = Outcome(ok=True)
    for step in steps:
        outcome.note(step)
    return Report({"one": outcome}).digest


@given(order=st.permutations(range(3)))
def test_a_plan_is_the_same_in_any_order(order: list[int]) -> None:
    steps = [_step(f"urn:{number}", "create", size=number) for number in range(3)]
    assert _digest(*steps) == _digest(*(steps[place] for place in order))


@pytest.mark.parametrize(
    "other",
    [
        [_step("urn:1", "create", size=2)],
        [_step("urn:1", "update", size=1)],
        [_step("urn:2", "create", size=1)],
        [_step("urn:1", "create", size=1), _step("urn:2", "delete")],
        [],
    ],
)
def test_any_other_step_is_another_plan(other: list[dict[str, Any]]) -> None:
    assert _digest(*other) != _digest(_step("urn:1", "create", size=1))


def test_what_stays_is_no_part_of_a_plan() -> None:
    step = _step("urn:1", "create", size=1)
    assert _digest(step, _step("urn:2", "same", size=1), _step("urn:3", "read")) == _digest(step)


class _Stacks(Pulumi):
    """Has the stacks that a folder has exports of, and notes what is done."""

    def stacks(self) -> set[str]:
        return {file.stem for file in self.workspace.root.glob("*.json")}

    def text(self, *arguments: str, given: str = "") -> str:
        del given
        if arguments[:2] == ("stack", "export"):
            return (self.workspace.root / f"{arguments[-1]}.json").read_text()
        self._done(" ".join(arguments))
        return ""

    def operate(self, verb: str, stack: str, *options: str) -> Outcome:
        del options
        self._done(f"{verb} {stack}")
        return Outcome(ok=True)

    def _done(self, what: str) -> None:
        with (self.workspace.root / "done").open("a") as file:
            file.write(f"{what}\n")


def _stack(folder: Path, unit: Unit, *resources: dict[str, Any]) -> None:
    listed = [{"type": "openstack:compute/instance:Instance", "custom": True, **one} for one in resources]
    (folder / f"{unit.stack('lab')}.json").write_text(json.dumps({"deployment": {"resources": listed}}))


def test_a_unit_that_others_need_stays(tmp_path: Path) -> None:
    pulumi = _Stacks(Workspace(tmp_path))
    for unit in UNITS.values():
        _stack(tmp_path, unit, {"urn": "urn:1", "id": "1"})
    with pytest.raises(GovcloudError, match="is needed by") as refused:
        removal.look(pulumi, SAMPLE, ENVIRONMENT, UNITS["foundation"])
    assert refused.value.status is Exit.SAFETY_RULE


def test_only_what_was_read_goes(tmp_path: Path) -> None:
    pulumi, unit = _Stacks(Workspace(tmp_path)), UNITS[SYSTEM]
    _stack(tmp_path, unit, {"urn": "urn:1", "id": "1"})
    read = removal.look(pulumi, SAMPLE, ENVIRONMENT, unit).digest
    _stack(tmp_path, unit, {"urn": "urn:1", "id": "1"}, {"urn": "urn:2", "id": "2", "protect": True})
    now = removal.look(pulumi, SAMPLE, ENVIRONMENT, unit)
    assert now.protected == {"urn:2": "what holds data stands on it"}
    with pytest.raises(GovcloudError, match="approve that digest") as refused:
        removal.carry_out(pulumi, ENVIRONMENT, now, read, pytest.fail)
    assert refused.value.status is Exit.SAFETY_RULE
    assert not (tmp_path / "done").exists()
    assert not (tmp_path / "build").exists()


def test_components_and_providers_are_not_counted(tmp_path: Path) -> None:
    pulumi, unit = _Stacks(Workspace(tmp_path)), UNITS[SYSTEM]
    _stack(
        tmp_path,
        unit,
        {"urn": "urn:1", "custom": False},
        {"urn": "urn:2", "type": "pulumi:providers:openstack"},
        {"urn": "urn:3", "external": True},
    )
    assert removal.look(pulumi, SAMPLE, ENVIRONMENT, unit).resources == {}


PRODUCTION = SAMPLE.environments["production"]
VOLUME = {"urn": "urn:2", "id": "2", "protect": True, "type": "openstack:blockstorage/volume:Volume"}


class _Failing(_Stacks):
    """Loses one resource and fails at the next."""

    def operate(self, verb: str, stack: str, *options: str) -> Outcome:
        super().operate(verb, stack, *options)
        _stack(self.workspace.root, UNITS[SYSTEM], VOLUME)
        return Outcome(ok=False)


def test_what_a_failed_removal_leaves_is_protected_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal.credentials, "ensure", lambda *_: None)
    pulumi, unit = _Failing(Workspace(tmp_path)), UNITS[SYSTEM]
    _stack(tmp_path, unit, {"urn": "urn:1", "id": "1", "protect": True}, VOLUME)
    found = removal.look(pulumi, SAMPLE, ENVIRONMENT, unit)
    assert not removal.carry_out(pulumi, ENVIRONMENT, found, found.digest, pytest.fail).ok
    done = (tmp_path / "done").read_text().splitlines()
    stack = unit.stack("lab")
    assert done == [
        f"state unprotect --all --yes --stack {stack}",
        f"destroy {stack}",
        f"state protect urn:2 --yes --stack {stack}",
    ]


@pytest.mark.parametrize(
    ("environment", "file"),
    [
        (ENVIRONMENT, "build/lab/removals.jsonl"),
        (PRODUCTION, "inventory/removals/production.jsonl"),
    ],
)
def test_a_removal_is_noted_with_what_was_protected_and_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: Environment, file: str
) -> None:
    """Where things last the note does too: `make clean` removes build/."""
    monkeypatch.setattr(removal.credentials, "ensure", lambda *_: None)
    pulumi, unit = _Stacks(Workspace(tmp_path)), UNITS[SYSTEM]
    name = f"{unit.stack(environment.key)}.json"
    (tmp_path / name).write_text(json.dumps({"deployment": {"resources": [{"custom": True, **VOLUME}]}}))
    found = removal.look(pulumi, SAMPLE, environment, unit)
    removal.carry_out(pulumi, environment, found, found.digest, lambda _: None)
    (line,) = (tmp_path / file).read_text(encoding="utf-8").splitlines()
    told = json.loads(line)
    assert datetime.fromisoformat(told["at"]).tzinfo
    assert (told["unit"], told["digest"]) == (unit.name, found.digest)
    assert told["protected"] == [{"urn": "urn:2", "reason": "holds a tier's data"}]
