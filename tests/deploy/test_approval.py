"""What was approved is what is done: any other digest stops the update before it begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.model.units import units
from govcloud.deploy import policy
from govcloud.deploy.cli import _check_approval
from govcloud.deploy.events import Outcome
from govcloud.deploy.run import Report, _bound
from tests.sample import SAMPLE

ENVIRONMENTS = SAMPLE.environments
SEEN = Report({"approval": Outcome(ok=True, steps=["create urn {}"])})
OTHER = Report({"approval": Outcome(ok=True, steps=["create urn {}", "delete other {}"])})
UNSEEN = Report({"approval": Outcome(ok=False, steps=["create urn {}"])})


@pytest.mark.parametrize("environment", ["lab", "production"])
def test_what_was_approved_is_done(environment: str) -> None:
    _check_approval(ENVIRONMENTS[environment], SEEN, SEEN.digest)


@pytest.mark.parametrize(
    ("environment", "approved"),
    [
        ("production", ""),
        ("production", OTHER.digest),
        ("production", UNSEEN.digest),
        ("production", "0" * 16),
        ("lab", OTHER.digest),
    ],
)
def test_anything_else_is_stopped(environment: str, approved: str) -> None:
    with pytest.raises(GovcloudError, match=SEEN.digest) as raised:
        _check_approval(ENVIRONMENTS[environment], SEEN, approved)
    assert raised.value.status == Exit.SAFETY_RULE


def test_where_everything_may_be_destroyed_nothing_has_to_be_approved() -> None:
    _check_approval(ENVIRONMENTS["lab"], SEEN, "")


@pytest.mark.parametrize(
    ("takes_over", "saved", "approved", "bound"),
    [(False, True, True, True), (False, True, False, False), (False, False, True, False), (True, True, True, False)],
    ids=["read", "nobody has to read", "nothing would change", "something is taken over"],
)
def test_an_update_is_held_to_its_plan(
    tmp_path: Path, *, takes_over: bool, saved: bool, approved: bool, bound: bool
) -> None:
    unit = units(SAMPLE, ENVIRONMENTS["lab"])["approval"]
    plan = policy.plan_of(tmp_path, unit)
    if saved:
        plan.write_text("{}")
    options = _bound(tmp_path if approved else None, unit, Outcome(ok=True, takes_over=takes_over))
    assert options == (["--plan", str(plan)] if bound else [])


@pytest.mark.parametrize(
    ("operation", "kind", "old", "takes_over"),
    [
        ("import", "openstack:networking/network:Network", {}, True),
        ("update", "openstack:networking/network:Network", {"name": "of somebody else"}, True),
        ("update", "openstack:networking/network:Network", {"name": "ours", "__defaults": []}, False),
        ("update", "govcloud:network:DepartmentNetworks", {}, False),
        ("create", "openstack:networking/network:Network", {}, False),
        ("delete", "openstack:networking/network:Network", {"name": "of somebody else"}, False),
    ],
)
def test_what_was_taken_over_is_seen(operation: str, kind: str, old: dict[str, object], *, takes_over: bool) -> None:
    outcome = Outcome(ok=True)
    step = {"op": operation, "urn": "urn", "type": kind, "old": {"inputs": old}, "new": {"inputs": {}}}
    outcome.note({"resourcePreEvent": {"metadata": step}})
    assert outcome.takes_over is takes_over
