"""The command from beginning to end, on a town of namespaces: what it prints, keeps, draws, and how it ends."""

from __future__ import annotations

import hashlib
import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from govcloud.cli import application
from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.workspace import Workspace
from govcloud.verify import cloud, guests, outside, reach_cli
from govcloud.verify.city import endpoints
from govcloud.verify.cloud import Laid
from govcloud.verify.demands import Demands
from govcloud.verify.guests import Hosts, read_host_list
from govcloud.verify.matrix import Around, paths
from govcloud.verify.matrix import Path as Way
from govcloud.verify.outside import Standpoint
from tests.sample import SAMPLE
from tests.verify.made_up import OPERATOR, only
from tests.verify.test_matrix import laid_by_the_rules
from tests.verify.town import Town, town

LAB = only(SAMPLE.environments["lab"], SAMPLE, "elicence")
CITY = replace(SAMPLE, environments={**SAMPLE.environments, "lab": LAB})
ENDS = [one for one in endpoints(CITY, LAB) if one.is_guest]
WAYS = [one for one in paths(CITY, LAB, ENDS, Around(outside=[OPERATOR])) if one.target.is_guest]


@pytest.fixture(scope="module")
def place() -> Iterator[Town]:
    """Build a town with an operator's place outside."""
    with town([*ENDS, OPERATOR], "r") as built:
        built.let(one for one in WAYS if one.demand.allowed)
        yield built


@pytest.fixture
def root(tmp_path: Path, place: Town, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a checkout whose city is the town."""
    (tmp_path / "inventory").symlink_to(Workspace.here().inventory)
    hosts = Hosts(commands=place.commands, bastions=frozenset({"approval-bastion"}), doors={})
    # A door has no IPv4 in a town: there is nobody to translate it.
    here = Standpoint(end=replace(OPERATOR, addresses={6: OPERATOR.addresses[6]}), command=place.commands["here"])
    monkeypatch.setattr(Workspace, "here", lambda: Workspace(tmp_path))
    monkeypatch.setattr(reach_cli, "load", lambda _: CITY)
    monkeypatch.setattr(guests, "host_list", lambda *_: hosts)
    monkeypatch.setattr(cloud, "look", lambda *_: books())
    monkeypatch.setattr(outside, "here", lambda *_: here)
    return tmp_path


def books() -> Laid:
    return laid_by_the_rules(CITY, LAB, list(endpoints(CITY, LAB)))


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(application(), ["verify", "reach", *arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def some(source: str, target: str, port: int) -> list[Way]:
    return [one for one in WAYS if source in one.source.name and target in one.target.name and one.port == port]


@pytest.mark.slow
def test_a_city_as_demanded(root: Path) -> None:
    status, printed, told = run("--json")
    found = json.loads(printed)
    assert status == Exit.DONE, told
    summary: dict[str, Any] = found["summary"]
    assert summary["nonconform"] == summary["partial"] == 0
    assert summary["paths"] == len(found["paths"]) > 500
    assert summary["conform"] + summary["not_tested"] == summary["paths"]
    assert summary["asked_from"] == {"here": [OPERATOR.addresses[6]]}
    assert "Asked as an operator only" in told
    # Nothing in a town is a metadata service or a balancer.
    untested = {one["to"] for one in found["paths"] if one["verdict"] == "not_tested"}
    assert untested == {"metadata"}
    folder = root / "build" / "lab" / "reach"
    kept = [json.loads(line) for line in (folder / "paths.jsonl").read_text(encoding="utf-8").splitlines()]
    assert kept == found["paths"]
    evidence = (folder / "evidence.jsonl").read_bytes()
    assert {one["evidence_sha256"] for one in kept} == {hashlib.sha256(evidence).hexdigest()}
    assert {one["evidence"] for one in kept} == {"build/lab/reach/evidence.jsonl"}
    assert {json.loads(line).get("asked") for line in evidence.splitlines()} >= {"listen", "knock", "check"}


@pytest.mark.slow
def test_a_fault_is_told_with_its_line_and_drawn(root: Path, place: Town) -> None:
    about = some("elicence-web-", "elicence-database-", 5432)
    place.open(about)
    try:
        status, _, told = run()
    finally:
        place.mend()
    assert status == Exit.FINDINGS
    line = "inventory/zones.yaml:9:5: nonconform: elicence web > elicence database tcp 5432 IPv4/IPv6: is open"
    assert [one for one in told.splitlines() if one.startswith(line)], told
    page = (root / "build" / "lab" / "reach" / "index.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2
    for picture in page.split("<svg")[1:]:
        ET.fromstring("<svg" + picture.split("</svg>")[0] + "</svg>")  # noqa: S314 - our own page
    assert "互联网区 → 核心数据区" in page
    assert "http://" not in page.replace('xmlns="http://www.w3.org/2000/svg"', "")


@pytest.mark.slow
def test_only_what_was_asked_for_is_looked_at(root: Path) -> None:
    status, printed, _ = run("approval", "--json")
    assert root
    assert status == Exit.DONE
    assert {"approval-bastion"} <= {end for one in json.loads(printed)["paths"] for end in (one["from"], one["to"])}
    between = [one for one in json.loads(printed)["paths"] if "approval-bastion" not in {one["from"], one["to"]}]
    assert between == []


@pytest.mark.slow
def test_what_the_cloud_did_not_tell_is_not_taken_for_well(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud, "look", lambda *_: replace(books(), unseen={"lab-admin": "401"}))
    status, _, told = run("approval")
    assert root
    assert status == Exit.COULD_NOT_CHECK
    assert "lab-admin could not be asked: 401" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nobody"], "No unit is called nobody"),
        (["--env", "moon"], "No environment is called moon"),
        (["--outside", "ssh x"], "--outside needs --outside-address"),
        (["--outside-address", "192.0.2.1"], "--outside needs --outside-address"),
        (["--outside", "ssh x", "--outside-address", "x"], "x is not an address"),
    ],
)
def test_what_does_not_exist_is_refused(arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach_cli, "load", lambda _: CITY)
    with pytest.raises(GovcloudError, match=told):
        application()(["verify", "reach", *arguments], standalone_mode=False)


def test_this_machine_asks_over_ipv6_only_as_an_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    demands = Demands(CITY, LAB)
    found = outside.here(demands, ["127.0.0.1"], ["::1"])
    assert found
    assert found.end.addresses == {4: "127.0.0.1"}
    monkeypatch.setattr(Demands, "is_operator", lambda *_: True)
    found = outside.here(demands, ["127.0.0.1"], ["::1"])
    assert found
    assert found.end.addresses == {4: "127.0.0.1", 6: "::1"}
    assert outside.here(demands, [], []) is None
    assert outside.own_address("127.0.0.1") == "127.0.0.1"


def test_ways_and_doors_come_from_the_one_host_list() -> None:
    def host(unit: str, tier: str, floating: str | None) -> dict[str, Any]:
        return {
            "ansible_host": floating or "10.0.0.1",
            "ansible_user": "debian",
            "ansible_ssh_private_key_file": "/key",
            "ansible_ssh_common_args": "-o 'ProxyCommand=ssh -W %h:%p x'",
            "govcloud": {"unit": unit, "tier": tier, "floating_address": floating},
        }

    balancers = {"front": {"floating_address": "198.51.100.2"}, "inner": {"floating_address": None}}
    found = read_host_list(
        {
            "_meta": {
                "hostvars": {
                    "approval-bastion": host("approval", "bastion", "198.51.100.1"),
                    "approval-elicence-web-1": host("approval-elicence", "web", None),
                }
            },
            "tier_web": {"hosts": ["approval-elicence-web-1"]},
            "system_elicence": {
                "hosts": ["approval-elicence-web-1"],
                "vars": {"govcloud_system": {"load_balancers": balancers}},
            },
        }
    )
    assert found.doors == {"approval-bastion": "198.51.100.1", "approval-elicence-front": "198.51.100.2"}
    assert found.bastions == {"approval-bastion"}
    command = found.commands["approval-elicence-web-1"]
    assert command[0] == "ssh"
    assert command[-1] == "debian@10.0.0.1"
    assert "ProxyCommand=ssh -W %h:%p x" in command
