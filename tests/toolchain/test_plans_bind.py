"""`pulumi up --plan` holds an update to what was read, as `govcloud deploy --apply --approve` relies on.

The engine calls it experimental: what is relied on is proved here. No cloud: providers are resources too.
"""

from __future__ import annotations

import pytest

from tests.toolchain.project import Project

pytestmark = pytest.mark.slow

PROGRAM = """\
import pulumi_openstack as openstack

first = openstack.Provider("first", region={region!r}, auth_url="http://127.0.0.1:1/v3")
"""
SECOND = 'second = openstack.Provider("second", region="two", auth_url="http://127.0.0.1:1/v3")\n'
READ = PROGRAM.format(region="one")


@pytest.fixture
def plan(project: Project) -> str:
    """Save what would be done, as somebody reads and approves it."""
    project.write(READ)
    file = str(project.workspace.root / "plan.json")
    project.pulumi("preview", "--stack", "test", "--save-plan", file)
    return file


def up(project: Project, plan: str, *, succeeds: bool) -> str:
    """Do it and return what was said."""
    options = ("--yes", "--skip-preview", "--refresh", "--plan", plan)
    done = project.pulumi("up", "--stack", "test", *options, succeeds=succeeds)
    return done.stdout + done.stderr


def things(project: Project) -> list[str]:
    """Return what the stack has now."""
    told = project.pulumi("stack", "--stack", "test", "--show-urns").stdout
    return [name for name in ("first", "second") if f"providers:openstack::{name}" in told]


def test_what_was_read_is_done(project: Project, plan: str) -> None:
    up(project, plan, succeeds=True)
    assert things(project) == ["first"]


@pytest.mark.parametrize(
    "program", [READ + SECOND, PROGRAM.format(region="another")], ids=["one more", "another value"]
)
def test_a_step_that_nobody_read_stops_the_update(project: Project, plan: str, program: str) -> None:
    project.write(program)
    assert "plan" in up(project, plan, succeeds=False)
    assert "second" not in things(project)


def test_what_changed_in_between_stops_the_update(project: Project, plan: str) -> None:
    """Somebody else has made it meanwhile: to create it is what was read, to update it is not."""
    project.write(PROGRAM.format(region="another"))
    project.pulumi("up", "--stack", "test", "--yes", "--skip-preview")
    project.write(READ)
    assert "plan" in up(project, plan, succeeds=False)
