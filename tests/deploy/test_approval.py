"""What was approved is what is done: any other digest stops the update before it begins."""

from __future__ import annotations

import pytest

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.model.inventory import load
from govcloud.deploy.cli import _check_approval
from govcloud.deploy.events import Outcome
from govcloud.deploy.run import Report
from tests.conftest import ROOT

ENVIRONMENTS = load(ROOT / "inventory").environments
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
