"""The real `pulumi` runs the pack over the city's own program, and comes to the verdicts of the command."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from compliance.policy.cli import app
from govcloud.core.model.results import Result, Verdict
from govcloud.core.workspace import Workspace
from tests.toolchain.project import Project

pytestmark = pytest.mark.slow
ROOT = Workspace.here().root
PACK = ROOT / "compliance" / "policy_pack"
STACK = "lab-approval-elicence"
CANARY = "canary-of-the-policies"
# Asks nobody anything: a preview of what is still to be made reaches no cloud.
CLOUDS = """\
clouds:
  lab-approval:
    auth: {auth_url: "http://127.0.0.1:1/v3", username: nobody, password: none, project_name: none}
    region_name: RegionOne
"""
# Breaks rules of both sorts: of one resource, and of several together.
BROKEN = """\
import pulumi
import pulumi_openstack as openstack

labels = {"city": "shijiazhuang", "unit": "approval-elicence", "system": "elicence", "tier": "database",
          "zone": "data", "level": "3", "owner": "approval", "xinchuang": "false"}
tags = [f"{key}={value}" for key, value in labels.items()]
group = openstack.networking.SecGroup("open", name="open", delete_default_rules=True, tags=tags)
for prefix in ("0.0.0.0/1", "128.0.0.0/1"):
    openstack.networking.SecGroupRule(
        f"from-{prefix}", security_group_id=group.id, direction="ingress", ethertype="IPv4", protocol="tcp",
        port_range_min=5432, port_range_max=5432, remote_ip_prefix=prefix, description="of the test",
    )
port = openstack.networking.Port(
    "lonely", name="lonely", network_id=pulumi.Output.from_input("net"), security_group_ids=[group.id], tags=tags,
    fixed_ips=[{"ip_address": "10.19.1.20"}, {"ip_address": "fd00:1301:4:1::14"}],
)
openstack.compute.Instance(
    "lonely", name="lonely", flavor_name="any", image_name="latest", networks=[{"port": port.id}], metadata=labels,
    admin_pass=pulumi.Output.secret("CANARY"),
)
"""


@pytest.fixture
def city(project: Project) -> Project:
    """Return a project with the city's program, one stack of it, and a cloud that nobody answers for."""
    root = project.workspace.root
    (root / "stacks").rename(root / "of-the-test")
    (root / "stacks").symlink_to(ROOT / "stacks")
    (root / "Pulumi.yaml").write_text("name: govcloud\nruntime: python\nmain: stacks/\n")
    (root / "clouds.yaml").write_text(CLOUDS)
    project.variables["OS_CLIENT_CONFIG_FILE"] = str(root / "clouds.yaml")
    for stack in ("lab-approval", STACK):
        project.pulumi("stack", "init", stack)
    project.pulumi("config", "set", "openstack:cloud", "lab-approval", "--stack", STACK)
    project.pulumi("config", "set", "--secret", "database-password", CANARY, "--stack", STACK)
    return project


def _offline(plan: Path, verdict: Verdict = Verdict.NONCONFORM) -> set[tuple[str, str]]:
    """Return of which rule the command comes to a verdict about which resource."""
    done = CliRunner().invoke(app, ["check", str(plan), "--json"])
    assert done.exit_code in {0, 1}, done.stderr
    assert CANARY not in done.stdout + done.stderr
    found = [Result.model_validate(one) for one in json.loads(done.stdout)]
    return {(one.rule, one.object.rpartition("::")[2]) for one in found if one.verdict is verdict}


def _told(shown: str, level: str) -> set[tuple[str, str]]:
    """Return of which rule `pulumi` tells about which resource."""
    return set(re.findall(rf"\[{level}\]\s+(\S+)\s+\(\S+: (\S+?)\)", shown))


def test_the_city_is_planned_with_the_pack(city: Project) -> None:
    plan = city.workspace.root / "plan.json"
    options = ("--refresh", "--policy-pack", str(PACK), "--save-plan", str(plan))
    shown = city.pulumi("preview", "--stack", STACK, *options).stdout
    assert "govcloud@v1.0.0" in shown
    assert "[mandatory]" not in shown
    assert "data-encrypted" in shown, "what cannot be looked at is told, and stops nothing"
    assert CANARY not in shown
    assert _offline(plan) == set()
    assert _told(shown, "advisory") == _offline(plan, Verdict.NOT_TESTED) != set()


def test_the_pack_stops_what_the_command_finds_in_the_plan(city: Project) -> None:
    (city.workspace.root / "stacks").unlink()
    city.write(BROKEN.replace("CANARY", CANARY))
    (city.workspace.root / "Pulumi.yaml").write_text("name: govcloud\nruntime: python\nmain: stacks/\n")
    plan = city.workspace.root / "plan.json"
    city.pulumi("preview", "--stack", STACK, "--save-plan", str(plan))
    offline = _offline(plan)
    shown = city.pulumi("preview", "--stack", STACK, "--policy-pack", str(PACK), succeeds=False).stdout
    assert _told(shown, "mandatory") == offline
    rules = {rule for rule, _ in offline}
    assert rules >= {"exposure-outside", "exposure-internet", "server-password", "server-image", "server-two"}
    assert "inventory/departments/approval.yaml:" in shown
    assert CANARY not in shown
