"""`govcloud deploy` judges all plans before it applies the first."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.workspace import Workspace
from govcloud.deploy import cli, credentials, orphans, policy, run, unfinished
from govcloud.deploy.events import Changes, Outcome
from govcloud.deploy.pulumi_cli import Pulumi

UNIT = "approval"
KEY = {"publicKey": "ssh-ed25519 AAAA operator"}


def _plan(unit: str, inputs: dict[str, Any], step: str = "create") -> dict[str, Any]:
    urn = f"urn:pulumi:lab-{unit}::govcloud::openstack:compute/keypair:Keypair::operator"
    goal = {"type": "openstack:compute/keypair:Keypair", "inputDiff": {"adds": inputs}}
    return {"resourcePlans": {urn: {"goal": goal, "steps": [step]}}}


class _Planned(Pulumi):
    """Has plans ready, and notes what is asked of it."""

    done: list[list[str]]
    plans: dict[str, dict[str, Any] | None]

    def operate(self, verb: str, stack: str, *options: str) -> Outcome:
        self.done.append([verb, stack, *options])
        plan = self.plans.get(stack.removeprefix("lab-"))
        if verb == "preview":
            if plan is None:
                return Outcome(ok=False, errors=["of the test"])
            Path(options[options.index("--save-plan") + 1]).write_text(json.dumps(plan))
        return Outcome(ok=True, changes=Changes(create=1))


Deploy = Callable[..., tuple[int, str, list[list[str]]]]


@pytest.fixture
def deploy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deploy:
    """Return a way to run `govcloud deploy` on plans; no tool and no cloud is asked."""

    def started(plans: dict[str, dict[str, Any] | None], *options: str) -> tuple[int, str, list[list[str]]]:
        made = _Planned(Workspace(tmp_path))
        object.__setattr__(made, "done", [])
        object.__setattr__(made, "plans", plans)
        monkeypatch.setattr(cli, "Pulumi", lambda *_: made)
        monkeypatch.setattr(cli.stacks, "prepare", lambda *_: None)
        monkeypatch.setattr(run, "known", lambda *_: set())
        monkeypatch.setattr(cli, "gather", lambda *_: None)
        monkeypatch.setattr(credentials, "known", lambda *_: True)
        monkeypatch.setattr(credentials, "ensure", lambda *_: None)
        monkeypatch.setattr(orphans.Search, "settle", lambda *_: 0)
        monkeypatch.setattr(orphans.Search, "connect", lambda _: None)
        monkeypatch.setattr(unfinished, "begin", lambda *_: None)
        app = typer.Typer(pretty_exceptions_enable=False)
        app.command()(cli.deploy)
        ended = CliRunner().invoke(app, [*plans, *options])
        if isinstance(ended.exception, GovcloudError):
            return ended.exception.status, str(ended.exception), made.done
        return ended.exit_code, ended.output, made.done

    return started


def test_a_broken_rule_stops_everything_before_it_begins(deploy: Deploy) -> None:
    status, said, done = deploy(
        {UNIT: _plan(UNIT, {"name": "operator"}), "foundation": {"resourcePlans": {}}}, "--apply"
    )
    assert status == Exit.SAFETY_RULE
    assert "lets the cloud make the private half" in said
    assert "[key-own]" in said
    assert {one[0] for one in done} == {"preview"}


def test_what_breaks_no_rule_is_applied(deploy: Deploy) -> None:
    status, said, done = deploy({UNIT: _plan(UNIT, KEY)}, "--apply")
    assert (status, [one[0] for one in done]) == (Exit.DONE, ["preview", "up"]), said
    assert "--policy-pack" not in done[-1]


def test_a_preview_tells_what_is_broken(deploy: Deploy) -> None:
    status, said, done = deploy({UNIT: _plan(UNIT, {"name": "operator"})})
    assert status == Exit.FINDINGS
    assert "breaks a rule: inventory/" in said
    assert [one[0] for one in done] == ["preview"]


def test_what_could_not_be_seen_is_told_and_is_no_pass(deploy: Deploy) -> None:
    _, said, _ = deploy({UNIT: _plan(UNIT, {}, "update")})
    assert "could not be judged: inventory/" in said


def test_a_state_completes_a_plan(deploy: Deploy, tmp_path: Path) -> None:
    state = Pulumi(Workspace(tmp_path)).state(f"lab-{UNIT}")
    state.parent.mkdir(parents=True)
    (urn,) = _plan(UNIT, {})["resourcePlans"]
    resource = {"urn": urn, "type": "openstack:compute/keypair:Keypair", "inputs": KEY}
    state.write_text(json.dumps({"checkpoint": {"latest": {"resources": [resource]}}}))
    _, said, _ = deploy({UNIT: _plan(UNIT, {}, "update")})
    assert "could not be judged" not in said


def test_a_unit_without_a_plan_is_judged_by_pulumi_itself(deploy: Deploy, tmp_path: Path) -> None:
    _, _, done = deploy({UNIT: None}, "--apply")
    assert done[-1][0] == "up"
    assert done[-1][-2:] == ["--policy-pack", str(tmp_path / "compliance" / "policy_pack")]
    assert (Workspace.here().root / "compliance" / "policy_pack" / "PulumiPolicy.yaml").is_file()


def test_without_rules_nothing_is_applied(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "_RULES", "govcloud.of-the-test")
    status, said, done = deploy({UNIT: _plan(UNIT, KEY)}, "--apply")
    assert status == Exit.COULD_NOT_CHECK
    assert "No rules for plans" in said
    assert [one[0] for one in done] == ["preview"]
