"""The plan of what could be done: a shell reads it, and as it is it does nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from govcloud.deploy.drift.compare import Changed, ChangedField, Missing, Report, Unmanaged
from govcloud.deploy.drift.explained import TOLD
from govcloud.deploy.drift.proposal import proposal
from tests.sample import SAMPLE

ENVIRONMENT = SAMPLE.environment("lab")
HOSTILE = "x'; touch done; echo '\n touch done"


def stray(kind: str, **more: str) -> Unmanaged:
    """Return something that no state knows."""
    return Unmanaged(**{"kind": kind, "id": "1-2", "name": "stray", "project": "approval", "unit": "", **more})


def plan(report: Report) -> list[str]:
    """Return the plan's lines."""
    return proposal(report, ENVIRONMENT).splitlines()


@pytest.mark.parametrize("kind", sorted(TOLD))
def test_everything_that_is_told_has_a_way_out(kind: str) -> None:
    lines = plan(Report(unmanaged=(stray(kind),)))
    assert any("openstack --os-cloud lab-" in line for line in lines), lines


def test_as_it_is_it_does_nothing_whatever_things_are_called(tmp_path: Path) -> None:
    report = Report(
        unmanaged=tuple(stray(kind, id=HOSTILE, name=HOSTILE) for kind in TOLD),
        missing=(Missing(unit="approval", kind="Port", name=HOSTILE, id="1"),),
    )
    file = tmp_path / "plan.sh"
    file.write_text(proposal(report, ENVIRONMENT), encoding="utf-8")
    done = subprocess.run(["sh", str(file)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [one.name for one in tmp_path.iterdir()] == ["plan.sh"]


def test_what_is_found_in_a_unit_is_put_back_by_deploying_it() -> None:
    about = {"unit": "approval", "name": "approval-bastion", "id": "1"}
    field = ChangedField(field="mtu", state="1442", cloud="1300")
    report = Report(
        missing=(Missing(**{**about, "kind": "Port"}),),
        changed=(Changed(**{**about, "kind": "Network"}, fields=(field,)),),
    )
    assert plan(report)[-1] == "# govcloud deploy approval --env lab --apply"
    assert "# approval: Network approval-bastion: mtu" in plan(report)


def test_a_role_is_taken_back_where_it_was_given() -> None:
    lines = plan(Report(unmanaged=(stray("role_assignments", id="projects/p/users/u/roles/r"),)))
    assert lines[-1] == "# openstack --os-cloud lab-admin role remove --project p --user u r"


def test_a_server_is_adopted_or_goes() -> None:
    lines = plan(Report(unmanaged=(stray("servers", unit="approval-elicence"),)))
    assert "# govcloud adopt approval-elicence --env lab --as OURS=stray --apply" in lines
    assert lines[-1] == "# openstack --os-cloud lab-admin server delete 1-2"
