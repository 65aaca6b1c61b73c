"""A department's access: made although keystone forgets for a moment which roles it has given; with rules that hold."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
from openstack.connection import Connection
from openstack.exceptions import BadRequestException

from govcloud.deploy import access_rules, application_credentials
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


def test_each_call_of_the_stacks_is_allowed_and_no_other() -> None:
    rules = access_rules.of(["network", "volumev3", "image", "object-store", "placement", "of-a-vendor"])
    allowed = {(one["service"], one["method"]) for one in rules}
    assert {service for service, _ in allowed} == {"network", "volumev3", "image", "object-store"}
    assert ("volumev3", "DELETE") in allowed, "by the name that the cloud itself gives the service"
    assert ("object-store", "HEAD") in allowed
    assert ("object-store", "COPY") not in allowed
    assert ("network", "PATCH") not in allowed
    assert {one["path"] for one in rules} == {"/**"}
    assert len(allowed) == len(rules)


class _Cloud:
    """A cloud of two services, of which one answers as it is told to."""

    def __init__(self, status: int) -> None:
        self.compute, self.network = _Service(200), _Service(status)

    def has_service(self, kind: str) -> bool:
        return kind in {"compute", "network"}


class _Service:
    def __init__(self, status: int) -> None:
        self.status = status

    def get(self, path: str, params: dict[str, int]) -> SimpleNamespace:
        assert path
        assert params == {"limit": 1}
        return SimpleNamespace(status_code=self.status)


@pytest.mark.parametrize(("status", "refusing"), [(200, []), (401, ["network"]), (503, []), (403, [])])
def test_only_a_service_that_does_not_know_whoever_has_rules_is_told(status: int, refusing: list[str]) -> None:
    """What else goes wrong goes wrong without rules too."""
    assert access_rules.refusing(cast("Connection", _Cloud(status))) == refusing
