"""A cloud is named once and remembered; what is built on it is not moved by naming another."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.model.environment import Environment
from govcloud.core.model.inventory import load
from govcloud.core.workspace import Workspace
from govcloud.deploy import given_access
from govcloud.deploy.chosen_cloud import choose

GIVEN: Environment = load(Path(__file__).parents[1] / "data" / "foreign").environments["given"]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Make a checkout that knows three accesses, two of them to one cloud."""
    made = Workspace(tmp_path)
    auth = {"auth_url": "https://one/v3", "username": "u", "password": "p", "project_name": "mine", "project_id": "1"}
    clouds = {
        "one": {"auth": auth, "region_name": "RegionOne", "cacert": "/ca.pem"},
        "same": {"auth": {**auth, "username": "other"}, "region_name": "RegionOne"},
        "two": {"auth": {**auth, "auth_url": "https://two/v3"}, "region_name": "RegionOne"},
        "fixed": {"auth": {"auth_url": "https://one/v3", "application_credential_id": "1"}},
    }
    made.lab.mkdir()
    made.clouds_yaml.write_text(yaml.safe_dump({"clouds": clouds}), encoding="utf-8")
    return made


def _build(workspace: Workspace) -> None:
    stack = workspace.pulumi_backend / ".pulumi" / "stacks" / "govcloud" / "given-harbour.json"
    stack.parent.mkdir(parents=True)
    stack.write_text("{}")


def test_what_was_named_is_remembered(workspace: Workspace) -> None:
    assert choose(workspace, GIVEN, "").cloud("admin") == "given-admin"
    assert choose(workspace, GIVEN, "one").cloud("admin") == "one"
    assert choose(workspace, GIVEN, "").cloud("admin") == "one"
    assert choose(workspace, GIVEN, "").cloud("harbour") == "given-harbour"


def test_what_is_built_is_not_moved(workspace: Workspace) -> None:
    choose(workspace, GIVEN, "one")
    assert choose(workspace, GIVEN, "two").access == "two", "nothing is built yet"
    choose(workspace, GIVEN, "one")
    _build(workspace)
    assert choose(workspace, GIVEN, "same").access == "same", "another way into the same cloud"
    with pytest.raises(GovcloudError, match="is built on https://one/v3 RegionOne") as refused:
        choose(workspace, GIVEN, "two")
    assert refused.value.status is Exit.SAFETY_RULE


def test_a_cloud_that_is_not_there_is_told_with_those_that_are(workspace: Workspace) -> None:
    with pytest.raises(GovcloudError, match="has no cloud none, it has: fixed, one, same, two"):
        choose(workspace, GIVEN, "none")


def test_a_password_is_narrowed_to_the_project_and_a_credential_is_used_as_it_is(workspace: Workspace) -> None:
    entry = given_access.narrowed(workspace, choose(workspace, GIVEN, "one"), "harbour")
    assert entry["auth"] == {
        "auth_url": "https://one/v3",
        "username": "u",
        "password": "p",
        "project_domain_id": "default",
        "project_name": "somebodys-harbour",
    }
    assert entry["cacert"] == "/ca.pem"
    fixed = given_access.narrowed(workspace, choose(workspace, GIVEN, "fixed"), "harbour")
    assert fixed["auth"]["application_credential_id"] == "1"
