"""Every rule of the inventory, each broken once: the fault names the place, the clause and the way out."""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from govcloud.core.errors import GovcloudError
from govcloud.core.located_yaml import Fault
from govcloud.core.model.inventory import examine, load
from govcloud.core.workspace import Workspace
from tests.inventory import large_city
from tests.inventory.cases import APPROVAL, CASES, EXCHANGE, Case
from tests.inventory.conftest import Spoil


def test_the_sample_has_no_fault() -> None:
    assert examine(Workspace.here().inventory)[1] == []


FILES = ["city", "zones", "address_plan", "milestones", APPROVAL, EXCHANGE, "environments/lab"]


def test_the_department_of_the_drills_fits_into_the_sample(inventory: Path) -> None:
    shutil.copy(Workspace.here().root / "tests" / "deploy" / "drill.yaml", inventory / "departments" / "drill.yaml")
    assert examine(inventory)[1] == []


def test_a_large_city_has_no_fault_either(tmp_path: Path) -> None:
    lines = large_city.write(tmp_path / "inventory", 5)
    assert lines > 1500
    assert examine(tmp_path / "inventory")[1] == []


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "zh_CN")


def _of(case: Case, faults: list[Fault]) -> list[Fault]:
    return [fault for fault in faults if not case.subject or fault.subject == case.subject]


@pytest.mark.parametrize("case", CASES, ids=[f"{one.subject}-{one.words[:20]}" for one in CASES])
def test_a_fault_is_told_at_its_place(spoil: Spoil, inventory: Path, case: Case) -> None:
    faults = spoil(case.file, case.old, case.new)
    told = [fault for fault in _of(case, faults) if case.words in str(fault)]
    assert told, [str(fault) for fault in faults]
    lines = (inventory.parent / told[0].file).read_text(encoding="utf-8").splitlines()
    assert lines[told[0].line - 1][told[0].column - 1 :].startswith(case.at)


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize("case", CASES, ids=[f"{one.subject}-{one.words[:20]}" for one in CASES])
def test_a_fault_is_told_in_chinese(spoil: Spoil, case: Case) -> None:
    for fault in _of(case, spoil(case.file, case.old, case.new)):
        for part in (fault.what, fault.why, fault.fix):
            assert not part or re.search("[\u4e00-\u9fff]", part), fault


def test_there_are_many_cases_and_they_reach_every_kind_of_file() -> None:
    assert len(CASES) >= 60
    kinds = {case.file.partition("/")[0] for case in CASES}
    assert kinds == {"address_plan", "city", "departments", "environments", "milestones", "platforms", "zones"}


def test_the_sentence_has_all_parts_in_both_languages(spoil: Spoil, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "C")
    place = "inventory/departments/approval.yaml:19:36: systems.elicence.compute.web.count:"
    faults = spoil(APPROVAL, "count: 2, size: small", "count: 1, size: small")
    assert str(faults[0]) == f"{place} level 3 needs at least 2 (8.1.2.1 e); fix: write 2"
    monkeypatch.setenv("LANGUAGE", "zh_CN")
    assert str(spoil(APPROVAL, "count: 1", "count: 1")[0]) == f"{place} 3 级至少要 2 台（8.1.2.1 e）；改法：写成 2"


def test_the_place_is_that_of_the_value(spoil: Spoil) -> None:
    fault = spoil(APPROVAL, "size: medium", "size: huge")[0]
    line = (Workspace.here().inventory / f"{APPROVAL}.yaml").read_text(encoding="utf-8").splitlines()[fault.line - 1]
    assert line[fault.column - 1 :].startswith("medium")


def test_faults_of_all_files_are_told_at_once(spoil: Spoil, inventory: Path) -> None:
    spoil("zones", "tiers: [web]", "tiers: [web, database]")
    spoil("city", "owner: bureau", "owner: nobody")
    faults = spoil(APPROVAL, "size: medium", "size: huge")
    assert {Path(fault.file).stem for fault in faults} == {"zones", "city", "approval"}
    with pytest.raises(GovcloudError) as caught:
        load(inventory)
    assert len(caught.value.messages) == len(faults)


def test_a_missing_file_is_a_fault(inventory: Path) -> None:
    (inventory / "zones.yaml").unlink()
    assert [str(fault) for fault in examine(inventory)[1]] == [
        "inventory/zones.yaml:1:1: cannot be read: No such file or directory"
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(FILES),
    seed=st.integers(0, 2**32),
)
def test_no_mutation_of_a_file_raises(inventory: Path, name: str, seed: int) -> None:
    file = inventory / f"{name}.yaml"
    original = file.read_bytes()
    try:
        file.write_bytes(_mutated(original, random.Random(seed)))  # noqa: S311 - the seed makes a failure repeatable
        for fault in examine(inventory)[1]:
            assert re.match(r"inventory/[a-z_/-]+\.yaml:\d+:\d+: ", str(fault))
    finally:
        file.write_bytes(original)


def _mutated(data: bytes, chance: random.Random) -> bytes:
    """Spoil a file as people and disks do: words swapped, cut, repeated, lines moved, bytes lost."""
    words = re.split(rb"(\s+|[{}\[\],:])", data)
    for _ in range(chance.randint(1, 4)):
        here, there = chance.randrange(len(words)), chance.randrange(len(words))
        match chance.randrange(6):
            case 0:
                words[here], words[there] = words[there], words[here]
            case 1:
                words[here] = chance.choice(
                    [b"", b"-1", b"null", b"[]", b"{}", b"0.5", b"true", b'"', b"&a", b"*a", b"\xff"]
                )
            case 2:
                words[here:here] = words[there : there + 8]
            case 3:
                del words[here : here + chance.randint(1, 12)]
            case 4:
                words[here] = words[there]
            case _:
                words[here] = bytes(chance.randrange(256) for _ in range(3))
    return b"".join(words)
