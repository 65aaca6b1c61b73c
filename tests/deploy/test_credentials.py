"""A department's access is made although keystone forgets for a moment which roles it has just given."""

from __future__ import annotations

import pytest
from openstack.exceptions import BadRequestException

from govcloud.deploy import application_credentials
from govcloud.deploy.application_credentials import _once_assigned

UNASSIGNED = "Invalid application credential: Cannot create an application credential with unassigned role"


class _Keystone:
    """Refuses as often as it is told to, and counts how often roles are assigned."""

    def __init__(self, refusals: int, message: str = UNASSIGNED) -> None:
        self.refusals, self.message, self.assigned = refusals, message, 0

    def create(self) -> str:
        if self.refusals:
            self.refusals -= 1
            raise BadRequestException(self.message)
        return "made"

    def assign(self) -> None:
        self.assigned += 1


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application_credentials.time, "sleep", lambda _: None)


def test_roles_are_assigned_again_until_they_are_known() -> None:
    keystone = _Keystone(refusals=3)
    assert _once_assigned(keystone.create, keystone.assign) == "made"
    assert keystone.assigned == 3


@pytest.mark.parametrize(("refusals", "message"), [(1, "Invalid input"), (99, UNASSIGNED)])
def test_what_stays_refused_is_told(refusals: int, message: str) -> None:
    keystone = _Keystone(refusals, message)
    with pytest.raises(BadRequestException, match=message):
        _once_assigned(keystone.create, keystone.assign)
