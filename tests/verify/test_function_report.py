"""What is told of a run: JSON, page, table, records, times over runs; and how the command ends."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from govcloud.cli import application
from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.language import mark
from govcloud.core.model.outputs import AttachedVolume, LoadBalancer, NetworkIds, Server, StackOutputs, UnitOutputs
from govcloud.core.model.results import Result, Verdict
from govcloud.core.workspace import Workspace
from govcloud.verify.function import foreign, history, report, words
from govcloud.verify.function.steps import Said, Step
from govcloud.verify.function.suite import SCENARIOS, status
from govcloud.verify.function.words import StepName
from tests.verify.conftest import DEPARTMENT, Try

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def step(name: str, seconds: float | None, verdict: Verdict = Verdict.CONFORM, said: Said | None = None) -> Step:
    scenario, _, rest = name.partition(" ")
    return Step(scenario=scenario, step=rest, seconds=seconds, verdict=verdict, said=said or Said())


def run_of(*steps: Step) -> report.Run:
    return report.Run(
        cloud="lab-approval",
        run="261123080000-abcd",
        at=AT,
        seconds=61.5,
        image="debian-12",
        flavor="small",
        operator="",
        steps=steps,
    )


SEEN = (
    step("server create", 3.21),
    step("server resize", 9.0, Verdict.NONCONFORM, Said(mark("the cloud says: {error}"), {"error": "=1+1 <b>no</b>"})),
    step(
        "server snapshot",
        None,
        Verdict.NOT_TESTED,
        Said(mark("not begun: {step} did not succeed"), {"step": StepName("server", "resize")}),
    ),
    step("secret store", None, Verdict.NOT_APPLICABLE),
    step("secret clean up", 0.1),
)


def test_all_forms_tell_the_same(tmp_path: Path) -> None:
    page, table, data, records = report.write(tmp_path, run_of(*SEEN))
    told = json.loads(data.read_text(encoding="utf-8"))
    assert told == report.document(SEEN)
    assert told["steps"][0] == {
        "scenario": "server",
        "step": "create",
        "seconds": 3.21,
        "verdict": "conform",
        "reason": "",
    }
    assert told["steps"][2]["reason"] == "not begun: resize did not succeed"
    html = page.read_text(encoding="utf-8")
    for word in (
        "通过",
        "未通过",
        "未测",
        "不适用",
        "没有进行：“调整规格”没有成功",
        "=1+1 &lt;b&gt;no&lt;/b&gt;",
        "清理",
    ):
        assert word in html
    sheet = openpyxl.load_workbook(table)["功能测试"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=4)]
    assert [row[2] for row in rows] == ["通过", "未通过", "未测", "不适用", "通过"]
    assert rows[0][:7] == ["云服务器", "创建", "通过", 3.21, 3.21, 3.21, 1]
    assert str(rows[1][7]).endswith("=1+1 <b>no</b>")
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    results = [Result.model_validate_json(line) for line in records.read_text(encoding="utf-8").splitlines()]
    assert [one.rule for one in results][:2] == ["function.server.create", "function.server.resize"]
    assert {one.evidence_sha256 for one in results} == {hashlib.sha256(data.read_bytes()).hexdigest()}


def test_what_a_cloud_says_is_never_a_formula(tmp_path: Path) -> None:
    said = Said(mark("{what}: refused with {status}"), {"what": "=cmd|x", "status": "\x07"})
    _, table, *_ = report.write(tmp_path, run_of(step("quota servers", 1.0, said=said)))
    cell = openpyxl.load_workbook(table)["功能测试"].cell(4, 8)
    assert cell.data_type == "s"
    assert str(cell.value).startswith("=cmd|x")


def test_times_are_kept_over_runs_and_only_of_what_went_well(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    for seconds in range(1, 21):
        history.add(file, AT, [step("server create", float(seconds)), step("server resize", 99, Verdict.NONCONFORM)])
    with file.open("a", encoding="utf-8") as handle:
        handle.write('{"of": "another version"}\ncut in the mid')
    times = history.add(file, AT, [])
    assert set(times) == {("server", "create")}
    known = times["server", "create"]
    assert (known.within(50), known.within(95), len(known.seconds)) == (10.0, 19.0, 20)
    assert history.Times([]).within(50) is None
    assert history.Times([2.5]).within(95) == 2.5


def test_only_the_newest_runs_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_RUNS", 3)
    for seconds in range(5):
        times = history.add(tmp_path / "history", AT, [step("server create", float(seconds))])
    assert times["server", "create"].seconds == [2.0, 3.0, 4.0]


def test_every_step_has_its_words() -> None:
    for name, kind in SCENARIOS.items():
        assert name in words.SCENARIOS
        for one in kind.steps:
            assert (name, one) in words.STEPS


@pytest.mark.parametrize(
    ("verdicts", "looked", "ends"),
    [
        ([Verdict.CONFORM, Verdict.NOT_APPLICABLE], False, Exit.DONE),
        ([Verdict.CONFORM, Verdict.NOT_TESTED], False, Exit.DONE),
        ([Verdict.NONCONFORM, Verdict.NOT_TESTED], False, Exit.FINDINGS),
        ([Verdict.NONCONFORM, Verdict.NOT_TESTED], True, Exit.COULD_NOT_CHECK),
    ],
)
def test_how_the_command_ends(verdicts: list[Verdict], looked: bool, ends: Exit) -> None:
    steps = [
        Step(scenario="a", step="b", seconds=1, verdict=one, looked=looked and one is Verdict.NOT_TESTED)
        for one in verdicts
    ]
    assert status(steps) == ends


def command(tried: Try, monkeypatch: pytest.MonkeyPatch, *options: str) -> tuple[int, str, str]:
    monkeypatch.setattr(Workspace, "here", classmethod(lambda _: tried.workspace))
    done = CliRunner().invoke(application(), ["verify", "function", *options])
    if isinstance(done.exception, GovcloudError):
        return int(done.exception.status), done.stdout, str(done.exception)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def test_the_command_prints_json_and_writes_the_report(tried: Try, monkeypatch: pytest.MonkeyPatch) -> None:
    ended, out, err = command(tried, monkeypatch, "--scenario", "secret", "--scenario", "object", "--json")
    assert ended == 0, err
    told = json.loads(out)
    assert list(told) == ["steps"]
    assert {tuple(one) for one in told["steps"]} == {("scenario", "step", "seconds", "verdict", "reason")}
    folder = tried.workspace.root / "build" / "verify" / DEPARTMENT
    assert sorted(path.name for path in folder.iterdir()) == [
        "function.html",
        "function.json",
        "function.xlsx",
        "function_history.jsonl",
        "function_results.jsonl",
    ]
    assert f"{DEPARTMENT}: 9 conform" in err


def test_the_command_ends_with_one_where_something_is_found(tried: Try, monkeypatch: pytest.MonkeyPatch) -> None:
    tried.cloud.faults.add("secret changes")
    ended, _, err = command(tried, monkeypatch, "--scenario", "secret")
    assert ended == Exit.FINDINGS
    assert "secret read back: nonconform: another value came back than was stored" in err


def test_the_command_ends_with_three_where_it_could_not_look(tried: Try, monkeypatch: pytest.MonkeyPatch) -> None:
    tried.cloud.down.add("key-manager")
    ended, _, err = command(tried, monkeypatch, "--scenario", "secret")
    assert ended == Exit.COULD_NOT_CHECK
    assert "secret store: not_tested: the cloud says" in err
    tried.cloud.down.add("identity")
    ended, _, err = command(tried, monkeypatch, "--scenario", "secret")
    assert ended == Exit.COULD_NOT_CHECK
    assert f"{DEPARTMENT}: the cloud says" in err


@pytest.mark.parametrize(
    ("options", "said", "ends"),
    [
        (("--scenario", "servers"), "No scenario is called servers", Exit.BAD_INPUT),
        (("--foreign", "sever=1"), "--foreign sever=1: is not KIND=ID", Exit.BAD_INPUT),
        (("--cloud", "elsewhere"), "has no cloud elsewhere", Exit.COULD_NOT_CHECK),
        (("--operator", "nobody"), "has no cloud nobody", Exit.COULD_NOT_CHECK),
    ],
)
def test_a_wrong_argument_is_told(
    tried: Try, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], said: str, ends: Exit
) -> None:
    ended, _, err = command(tried, monkeypatch, *options)
    assert (ended, said in err) == (ends, True), err


def unit(department: str, server: str) -> UnitOutputs:
    volume = AttachedVolume(id=f"{server}-volume", device="/dev/vdb", size_gib=1, mount="/data")
    made = Server(id=server, ipv4="10.0.0.1", ipv6="fd00::1", tier="web", zone="internet", level=3)
    return UnitOutputs(
        unit=department,
        kind="department",
        department=department,
        servers={"one": made.model_copy(update={"volumes": {"data": volume}})},
        networks={"data": NetworkIds(network_id="n", ipv4_subnet_id="4", ipv6_subnet_id="6", security_group_id="g")},
        secrets={"password": "http://keys/v1/secrets/s-1"},
        containers={"papers": "papers"},
        load_balancers={"web": LoadBalancer(address="10.0.0.2", listeners={"web": 80})},
    )


def test_what_other_departments_have_comes_out_of_the_citys_own_files(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    assert foreign.of_the_city(workspace, "lab", "lab-approval", "lab-admin", []) == []
    foundation = UnitOutputs(unit="foundation", kind="foundation", projects={"bureau": "p-bureau", "approval": "p-own"})
    units = {"a": unit("approval", "own"), "b": unit("bureau", "theirs"), "foundation": foundation}
    StackOutputs(environment="lab", units=units).write(workspace.build("lab"))
    found = foreign.of_the_city(workspace, "lab", "lab-approval", "lab-admin", ["lab-bureau"])
    assert {one.kind: (one.id, one.project, one.witness) for one in found} == {
        "server": ("theirs", "p-bureau", "lab-bureau"),
        "volume": ("theirs-volume", "p-bureau", "lab-bureau"),
        "network": ("n", "p-bureau", "lab-bureau"),
        "security group": ("g", "p-bureau", "lab-bureau"),
        "secret": ("s-1", "p-bureau", "lab-bureau"),
        "container": ("papers", "p-bureau", "lab-bureau"),
        "load balancer": ("", "p-bureau", "lab-bureau"),
    }
    assert {one.witness for one in foreign.of_the_city(workspace, "lab", "lab-approval", "lab-admin", [])} == {
        "lab-admin"
    }
    # Of another cloud the city's files say nothing.
    assert foreign.of_the_city(workspace, "lab", "elsewhere", "lab-admin", ["lab-bureau"]) == []
    given = foreign.named(["server=one", "container=p/papers"], "lab-admin")
    assert [(one.kind, one.id, one.project) for one in given] == [("server", "one", ""), ("container", "papers", "p")]
    assert {one.id for one in foreign.both(given, found) if one.kind == "server"} == {"one"}
