"""What is made of a look: pass, fail, could not look, does not apply; a denial counts only before a living listener."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govcloud.core.errors import Exit
from govcloud.core.model.results import Verdict
from govcloud.core.workspace import Workspace
from govcloud.verify.asking import Seen
from govcloud.verify.city import Kind
from govcloud.verify.judging import Judge, strange_addresses
from govcloud.verify.lines import Lines
from govcloud.verify.matrix import Path
from govcloud.verify.reach import Report, record
from govcloud.verify.records import Finding
from tests.sample import SAMPLE
from tests.verify import made_up
from tests.verify.made_up import AT, EVIDENCE, as_demanded, city, judged, only

LAB = only(SAMPLE.environments["lab"], SAMPLE, "elicence")
ENDS, WANTED = city(SAMPLE, LAB)
LINES = Lines(Workspace.here().inventory)


def which(source: str, target: str, port: int, family: int = 4, protocol: str = "tcp") -> int:
    """Return the number of a path."""
    wanted = (f"approval-{source}", f"approval-{target}", port, family, protocol)
    return next(
        number
        for number, one in enumerate(WANTED)
        if (one.source.name, one.target.name, one.port, one.family, one.protocol) == wanted
    )


LISTED = which("elicence-application-1", "elicence-database-1", 5432)
UNLISTED = which("elicence-web-1", "elicence-database-1", 5432)


def look() -> Seen:
    return as_demanded(SAMPLE, LAB, ENDS, WANTED)


def found(seen: Seen, number: int) -> Finding:
    return judged(ENDS, WANTED, seen)[number]


def test_a_city_as_demanded_has_no_fault_and_nothing_unlooked() -> None:
    findings = judged(ENDS, WANTED, look())
    verdicts = {one.result.verdict for one in findings}
    assert verdicts == {Verdict.CONFORM, Verdict.NOT_TESTED, Verdict.NOT_APPLICABLE}
    assert {one.result.to for one in findings if one.result.verdict is Verdict.NOT_TESTED} == {"metadata"}
    assert Report(findings, ENDS, AT).status == Exit.DONE


@dataclass(frozen=True)
class Case:
    """One thing that a look has seen, and what is to be said of it."""

    number: int
    got: str
    verdict: Verdict
    alive: bool = True
    failed_look: bool = False
    says: str = ""


FAILED = "could not be asked: Too many"
CASES = [
    Case(LISTED, "open", Verdict.CONFORM),
    Case(LISTED, "dropped", Verdict.NONCONFORM, says="is dropped, and inventory/departments/approval.yaml:46:11"),
    Case(LISTED, "refused", Verdict.NONCONFORM, says="is refused"),
    Case(LISTED, "unreachable", Verdict.NONCONFORM, says="is unreachable"),
    Case(LISTED, "refused", Verdict.NOT_TESTED, alive=False, failed_look=True, says="nobody is known to have listened"),
    Case(LISTED, "error", Verdict.NOT_TESTED, failed_look=True, says=FAILED),
    Case(UNLISTED, "open", Verdict.NONCONFORM, says="is open, and inventory/zones.yaml:9:5"),
    Case(UNLISTED, "dropped", Verdict.CONFORM),
    Case(UNLISTED, "refused", Verdict.CONFORM),
    Case(UNLISTED, "unreachable", Verdict.CONFORM),
]


@pytest.mark.parametrize("case", CASES, ids=lambda one: f"{one.number}-{one.got}-{one.verdict}")
def test_a_path_is_judged(case: Case) -> None:
    seen = look()
    if not case.alive:
        silence(seen, WANTED[case.number])
    seen.answers[case.number] = (case.got, "Too many open files" if case.got == "error" else "")
    one = found(seen, case.number)
    assert one.result.verdict is case.verdict
    assert one.failed_look is case.failed_look
    assert case.says in one.result.reason
    assert one.result.listener_alive is case.alive


def test_what_opens_needs_no_other_proof_of_life() -> None:
    seen = look()
    silence(seen, WANTED[UNLISTED])
    seen.answers[UNLISTED] = ("open", "")
    one = found(seen, UNLISTED)
    assert (one.result.verdict, one.result.listener_alive) == (Verdict.NONCONFORM, True)


def silence(seen: Seen, path: Path) -> None:
    """Let nobody have listened behind a path, nor anybody have come in there."""
    seen.alive.discard(path.listener)
    for number, one in enumerate(WANTED):
        if one.listener == path.listener and seen.answers[number][0] == "open":
            seen.answers[number] = ("refused", "")


@given(st.sampled_from(range(len(WANTED))), st.sampled_from(["refused", "dropped", "unreachable"]))
def test_a_denial_never_counts_without_a_listener(number: int, got: str) -> None:
    seen = look()
    seen.answers[number] = (got, "")
    silence(seen, WANTED[number])
    seen.alive.clear()
    seen.witnessed.clear()
    assert found(seen, number).result.verdict in {Verdict.NOT_TESTED, Verdict.NOT_APPLICABLE}


def test_an_allowed_visitor_proves_the_listener_where_the_target_says_nothing() -> None:
    seen = look()
    database = "approval-elicence-database-1"
    seen.alive = {one for one in seen.alive if one[0] != database}
    seen.silent[database] = "Connection timed out"
    assert found(seen, UNLISTED).result.verdict is Verdict.CONFORM
    elsewhere = found(seen, which("elicence-web-1", "elicence-database-1", 8080))
    assert (elsewhere.result.verdict, elsewhere.failed_look) == (Verdict.NOT_TESTED, True)
    assert "Connection timed out" in elsewhere.result.reason


def test_a_guest_that_cannot_be_asked_is_no_fault_and_no_success() -> None:
    seen = look()
    web = "approval-elicence-web-1"
    seen.silent[web] = "Permission denied"
    seen.answers = {number: one for number, one in seen.answers.items() if WANTED[number].source.name != web}
    findings = judged(ENDS, WANTED, seen)
    of_web = [one for one in findings if one.result.source == web]
    assert {one.result.verdict for one in of_web} == {Verdict.NOT_TESTED}
    assert {one.result.got for one in of_web} == {None}
    assert "Permission denied" in of_web[0].result.reason
    assert Report(findings, ENDS, AT).status == Exit.COULD_NOT_CHECK


def test_not_to_have_looked_weighs_more_than_a_fault() -> None:
    seen = look()
    seen.answers[UNLISTED] = ("open", "")
    assert Report(judged(ENDS, WANTED, seen), ENDS, AT).status == Exit.FINDINGS
    del seen.answers[LISTED]
    assert Report(judged(ENDS, WANTED, seen), ENDS, AT).status == Exit.COULD_NOT_CHECK


@pytest.mark.parametrize(("answer", "verdict"), [(True, Verdict.CONFORM), (False, Verdict.NOT_TESTED)])
def test_the_clouds_interfaces_are_closed_only_while_they_answer_somebody(answer: bool, verdict: Verdict) -> None:
    seen = look()
    if not answer:
        seen.witnessed.clear()
    of_api = [one for one in judged(ENDS, WANTED, seen) if one.result.to == made_up.API.name]
    assert {one.result.verdict for one in of_api} == {verdict}


def test_a_balancer_lives_by_the_servers_behind_it() -> None:
    seen = look()
    number = next(n for n, one in enumerate(WANTED) if one.target.kind is Kind.BALANCER and one.source.is_guest)
    assert found(seen, number).result.listener_alive
    behind = {"approval-elicence-web-1", "approval-elicence-web-2"}
    seen.alive = {one for one in seen.alive if one[0] not in behind}
    for other, one in enumerate(WANTED):
        if one.target is WANTED[number].target:
            seen.answers[other] = ("dropped", "")
    assert found(seen, number).result.verdict is Verdict.NOT_TESTED


def test_a_listener_that_nobody_listed_is_a_fault_of_the_balancer() -> None:
    seen = look()
    about = [n for n, one in enumerate(WANTED) if one.target.kind is Kind.BALANCER and one.port == 5432]
    assert {found(seen, number).result.verdict for number in about} == {Verdict.NOT_APPLICABLE}
    seen.answers[about[0]] = ("open", "")
    assert found(seen, about[0]).result.verdict is Verdict.NONCONFORM


def test_a_place_without_a_route_proves_nothing() -> None:
    seen = look()
    number = next(n for n, one in enumerate(WANTED) if one.source is made_up.PUBLIC and one.family == 6)
    seen.answers[number] = ("unreachable", "no route")
    one = found(seen, number)
    assert (one.result.verdict, one.failed_look) == (Verdict.NOT_TESTED, False)


def test_a_path_that_only_one_end_closes_conforms_in_part() -> None:
    half = {UNLISTED: "half", LISTED: "not told of what is open"}
    findings = list(Judge(WANTED, ENDS, look(), LINES, EVIDENCE).findings(half))
    assert (findings[UNLISTED].result.verdict, findings[UNLISTED].result.reason) == (Verdict.PARTIAL, "half")
    assert Report(findings, ENDS, AT).status == Exit.FINDINGS


def test_a_second_address_is_a_way_of_its_own() -> None:
    seen = look()
    seen.addresses["approval-elicence-web-1"] += ["10.19.1.200", "fd00:1301:4:1::200", "172.16.0.9"]
    ways = list(strange_addresses(SAMPLE, ENDS, seen, LINES, EVIDENCE))
    assert [(one.result.to, one.result.family) for one in ways] == [("data", 4), ("data", 6), ("172.16.0.9", 4)]
    assert {one.result.line for one in ways} == {"inventory/departments/approval.yaml:19:13"}


def test_a_record_holds_what_others_read() -> None:
    one = record(found(look(), UNLISTED))
    assert one | {"from": "approval-elicence-web-1", "to": "approval-elicence-database-1"} == one
    assert set(one) == {
        *("schema_version", "rule", "rule_version", "object", "at", "verdict", "reason", "evidence", "evidence_sha256"),
        *("from", "to", "protocol", "port", "family", "expect", "got", "listener_alive", "line"),
    }
    assert (one["expect"], one["got"], one["listener_alive"], one["verdict"]) == ("deny", "dropped", True, "conform")
    assert re.fullmatch(r"inventory/zones\.yaml:\d+:\d+", one["line"])
