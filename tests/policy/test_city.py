"""The sample city passes every rule, and what the command says of its files is what the rules say."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from compliance.policy.cli import app
from govcloud.core.errors import GovcloudError
from govcloud.core.model.results import Result, Verdict
from tests.sample import SAMPLE
from tests.stacks.city_under_mocks import CANARY, build_city

pytestmark = pytest.mark.slow

# The lab's driver offers no encrypted volume, and there is no authority for certificates: docs/simulated.md.
SIMULATED = {"data-encrypted", "balancer-encrypted"}


@pytest.fixture(scope="module", params=[False, True], ids=["built", "planned"])
def states(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return the resources of every stack of the city, as an exported state has them."""
    city = build_city(SAMPLE, tmp_path_factory.mktemp("checkout"), preview=request.param)
    found: dict[str, dict[str, Any]] = {}
    for one in city.asked:
        stack = one["urn"].split("::")[0].rpartition(":")[2]
        found.setdefault(stack, {"version": 3, "deployment": {"resources": []}})["deployment"]["resources"].append(one)
    return found


@dataclass(frozen=True)
class Done:
    """How the command ended."""

    returncode: int
    stdout: str
    stderr: str


def check(folder: Path, files: dict[str, Any], *options: str) -> Done:
    """Write files and judge them with the command, in this process: its start costs more than its work."""
    paths = []
    for name, content in files.items():
        path = folder / f"{name}.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        paths.append(str(path))
    ended = CliRunner().invoke(app, ["check", *paths, *options])
    if isinstance(ended.exception, GovcloudError):
        return Done(ended.exception.status, ended.stdout, str(ended.exception))
    assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
    return Done(ended.exit_code, ended.stdout, ended.stderr)


def results(done: Done) -> list[Result]:
    return [Result.model_validate(one) for one in json.loads(done.stdout)]


def test_the_city_passes_every_rule(tmp_path: Path, states: dict[str, dict[str, Any]]) -> None:
    done = check(tmp_path, states, "--json")
    assert done.returncode == 0, done.stderr
    found = results(done)
    assert CANARY not in done.stdout + done.stderr
    count = Counter(one.verdict for one in found)
    assert count[Verdict.NONCONFORM] == 0, done.stderr
    assert count[Verdict.CONFORM] > 500
    assert {one.rule for one in found if one.verdict is Verdict.NOT_TESTED} <= SIMULATED
    assert len({one.rule for one in found}) >= 60, "a rule that nothing is asked of says so"


def _spoilt(states: dict[str, dict[str, Any]], kind: str, **values: object) -> dict[str, Any]:
    """Return the system's state with one value changed in the first resource of a kind."""
    copy: dict[str, Any] = json.loads(json.dumps(states["lab-approval-elicence"]))
    one = next(each for each in copy["deployment"]["resources"] if each["type"].endswith(f":{kind}"))
    one["inputs"].update(values)
    return {"spoilt": copy}


@pytest.mark.parametrize(
    ("kind", "values", "rule"),
    [
        ("Instance", {"imageName": "latest"}, "server-image"),
        ("Instance", {"adminPass": "of the test"}, "server-password"),
        (
            "SecGroupRule",
            {"remoteIpPrefix": "0.0.0.0/1", "direction": "ingress", "portRangeMax": 81},
            "exposure-outside",
        ),
        ("Volume", {"name": "nobody-knows"}, "data-backup"),
        ("Container", {"containerRead": ".r:*"}, "data-private"),
        ("Port", {"portSecurityEnabled": False}, "port-security"),
    ],
)
def test_one_spoilt_value_is_found(
    tmp_path: Path, states: dict[str, dict[str, Any]], kind: str, values: dict[str, object], rule: str
) -> None:
    # A reference would outweigh the range that is put beside it.
    spoilt = _spoilt(states, kind, **values)
    for one in spoilt["spoilt"]["deployment"]["resources"]:
        if "0.0.0.0/1" in one["inputs"].values():
            one["inputs"].pop("remoteGroupId", None)
    done = check(tmp_path, spoilt, "--json")
    assert done.returncode == 1
    assert rule in {one.rule for one in results(done) if one.verdict is Verdict.NONCONFORM}
    assert "inventory/departments/approval.yaml:" in done.stderr
    assert "of the test" not in done.stdout + done.stderr


PLAN_URN = "urn:pulumi:lab-approval-elicence::govcloud::openstack:compute/keypair:Keypair::mine"


def _plan(difference: dict[str, Any], steps: Sequence[str]) -> dict[str, Any]:
    goal = {"type": "openstack:compute/keypair:Keypair", "inputDiff": difference, "protect": False}
    return {"resourcePlans": {PLAN_URN: {"goal": goal, "steps": list(steps)}}}


def _state(inputs: dict[str, Any], **more: object) -> dict[str, Any]:
    one = {"urn": PLAN_URN, "type": "openstack:compute/keypair:Keypair", "inputs": inputs, **more}
    return {"deployment": {"resources": [one]}}


PUBLIC = {"publicKey": "ssh-ed25519 AAAA"}
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}


@pytest.mark.parametrize(
    ("files", "status", "said"),
    [
        ({"plan": _plan({"adds": PUBLIC}, ["create"])}, 0, ""),
        ({"plan": _plan({"adds": {"name": "mine"}}, ["create"])}, 1, "lets the cloud make"),
        ({"plan": _plan({"updates": {"name": "mine"}}, ["update"])}, 3, "exported state"),
        ({"plan": _plan({"updates": {"name": "mine"}}, ["update"]), "state": _state(PUBLIC)}, 0, ""),
        ({"plan": _plan({"deletes": ["publicKey"]}, ["update"]), "state": _state(PUBLIC)}, 1, "lets the cloud make"),
        ({"plan": _plan({"updates": PUBLIC}, ["replace"]), "state": _state({"publicKey": "none"})}, 0, ""),
        ({"plan": {"resourcePlans": {PLAN_URN: {"steps": ["delete"]}}}, "state": _state({})}, 0, ""),
        ({"state": _state({})}, 1, "lets the cloud make"),
        ({"state": _state({}, delete=True)}, 2, "hold no resource"),
        ({"plan": {"resourcePlans": {}}}, 2, "hold no resource"),
        ({"kept": {"checkpoint": {"latest": _state({})["deployment"]}}}, 1, "lets the cloud make"),
        ({"plan": _plan({"adds": PUBLIC}, ["create"]), "kept": {"checkpoint": {"latest": None}}}, 0, ""),
        ({"state": _state({"publicKey": {**SECRET, "ciphertext": "v1:x"}})}, 3, "is a secret"),
        ({"state": _state({"publicKey": {**SECRET, "plaintext": '"ssh-rsa AAAA"'}})}, 0, ""),
        ({"state": '{"deployment": {"resour'}, 2, "is not JSON"),
        ({"state": "[]"}, 2, "neither a saved plan nor an exported state"),
        ({"state": {"some": "thing"}}, 2, "neither a saved plan nor an exported state"),
    ],
)
def test_plans_and_states_are_read(tmp_path: Path, files: dict[str, Any], status: int, said: str) -> None:
    done = check(tmp_path, files)
    assert done.returncode == status, done.stderr
    assert said in done.stderr


def test_a_stack_that_the_inventory_does_not_have_is_told(tmp_path: Path) -> None:
    state = json.loads(json.dumps(_state(PUBLIC)).replace("lab-approval-elicence", "elsewhere"))
    done = check(tmp_path, {"state": state})
    assert done.returncode == 2
    assert "No stack is called elsewhere" in done.stderr


def test_the_rules_are_listed_with_their_clauses() -> None:
    told = json.loads(CliRunner().invoke(app, ["rules", "--json"]).stdout)
    assert len(told) >= 30
    assert all(one["clauses"] for one in told)
