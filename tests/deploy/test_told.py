"""What `govcloud deploy --json` says of units that went well, failed, or were left out."""

from __future__ import annotations

import json

import pytest

from govcloud.core.model.units import units
from govcloud.deploy.cli import _tell
from govcloud.deploy.events import Changes, Outcome
from govcloud.deploy.run import Report
from tests.sample import SAMPLE

UNITS = units(SAMPLE, SAMPLE.environments["lab"])
GOOD, FAILED, LEFT = (UNITS[name] for name in ("foundation", "approval", "approval-elicence"))


def test_of_a_unit_that_failed_no_number_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report(
        {
            GOOD.name: Outcome(ok=True, changes=Changes(create=2, delete=1)),
            FAILED.name: Outcome(ok=False, errors=["no"]),
        },
        left_out={LEFT.name: FAILED.name},
    )
    _tell(report, [GOOD, FAILED, LEFT], applied=False, json_=True)
    told = capsys.readouterr()
    good, failed, left = json.loads(told.out)["units"]
    assert good == {"unit": "foundation", "create": 2, "update": 0, "replace": 0, "delete": 1, "changes": 3}
    assert set(failed) == set(left) == set(good)
    assert [value for row in (failed, left) for key, value in row.items() if key != "unit"] == [None] * 10
    assert "approval: failed\n  no\n" in told.err
    assert "approval-elicence: left out, because approval failed" in told.err
