"""Audit records: what is read of a service's log, and whether a chain that somebody touched is found to be broken."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from govcloud.core.audit import ELSEWHERE, Archive, concerns, last_done, parse
from govcloud.core.workspace import Workspace
from tests.sample import SAMPLE

ENVIRONMENT = SAMPLE.environment("lab").model_copy(update={"audit_logs": ("log/*.log",)})
SERVER = "5f1012ad-bb05-408f-ac0c-5b61bf211a04"


def line(number: int, *, path: str = f"/v2.1/servers/{SERVER}", project: str = "p", status: str = "204") -> str:
    """Return a line as a service writes it."""
    payload: dict[str, Any] = {
        "id": f"event-{number}",
        "eventTime": f"2026-11-26T12:00:{number:02d}.000000+0000",
        "action": "delete",
        "initiator": {
            "id": "u",
            "name": "approval-deployer",
            "host": {"address": "198.18.1.1"},
            "project_id": project,
        },
        "target": {"name": "nova"},
        "requestPath": path,
        "reason": {"reasonType": "HTTP", "reasonCode": status},
    }
    head = "2026-11-26 12:00:00.000 1 INFO oslo.messaging.notification.audit.http.response [None req-1 u p - - d d] "
    return head + json.dumps({"event_type": "audit.http.response", "payload": payload})


def keystone_line(event: str, outcome: str = "success", **named: str) -> str:
    """Return a line as keystone writes it."""
    payload: dict[str, Any] = {
        "id": f"{event} {outcome}",
        "eventTime": "2026-11-26T12:00:01.000000+0000",
        "action": ".".join(reversed(event.split(".")[1:])),
        "outcome": outcome,
        "initiator": {"id": "u", "name": "admin", "host": {"address": "198.18.1.1"}, "project_id": "another"},
        "target": {"id": "t", "typeURI": "service/security/account/user"},
        **named,
    }
    head = f"2026-11-26 12:00:00.000 1 INFO oslo.messaging.notification.{event} [None req-1 u p - - d d] "
    return head + json.dumps({"event_type": event, "payload": payload})


def archive(root: Path, *lines: str) -> Archive:
    """Return an archive of a checkout whose services have written these lines."""
    log = root / "log" / "nova.log"
    log.parent.mkdir(exist_ok=True)
    log.write_text("".join(f"{one}\n" for one in lines), encoding="utf-8")
    return Archive(Workspace(root), ENVIRONMENT, {"p": "approval"})


def test_only_answered_requests_are_records() -> None:
    asked = line(1).replace("audit.http.response", "audit.http.request").replace('"reason"', '"unreason"')
    unanswered = line(4).replace('"reason"', '"unreason"')
    other = "2026-11-26 12:00:00.000 1 INFO nova.api [req-1] GET /v2.1/servers"
    found = [*parse([asked, unanswered, other, line(2)[:-20], line(3)])]
    assert [(one.id, one.who, one.action, one.status) for one in found] == [
        ("event-3", "approval-deployer", "delete", "204")
    ]


def test_records_are_kept_by_department_and_taken_in_once(tmp_path: Path) -> None:
    made = archive(tmp_path, line(1), line(2, project="another"))
    assert (made.gather(), made.gather()) == (2, 0)
    assert {one.department: len(one.records) for one in made.chains()} == {"approval": 1, ELSEWHERE: 1}
    assert archive(tmp_path, line(1), line(3)).gather() == 1
    assert [one.broken_at for one in made.chains()] == [0, 0]


def test_a_chain_outlives_the_logs_it_came_from(tmp_path: Path) -> None:
    archive(tmp_path, line(1), line(2)).gather()
    made = archive(tmp_path)
    assert made.gather() == 0
    assert len(made.chains()[0].records) == 2


def test_a_line_that_a_killed_run_began_is_written_anew(tmp_path: Path) -> None:
    made = archive(tmp_path, line(1), line(2))
    made.gather()
    file = made.folder / "approval.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole[:-30])
    assert made.gather() == 1
    assert file.read_bytes() == whole
    assert made.chains()[0].broken_at == 0


def _changed(lines: list[str]) -> list[str]:
    return [lines[0].replace("approval-deployer", "somebody-else"), *lines[1:]]


TAMPERING: dict[str, Callable[[list[str]], list[str]]] = {
    "changed": _changed,
    "taken out": lambda lines: [lines[0], *lines[2:]],
    "the first taken out": lambda lines: lines[1:],
    "put in": lambda lines: [lines[0], lines[0], *lines[1:]],
    "two exchanged": lambda lines: [lines[1], lines[0], *lines[2:]],
    "no JSON": lambda lines: ["x", *lines[1:]],
}


@pytest.mark.parametrize("how", TAMPERING)
def test_a_chain_that_somebody_touched_is_broken(tmp_path: Path, how: str) -> None:
    made = archive(tmp_path, *map(line, range(1, 5)))
    made.gather()
    file = made.folder / "approval.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("".join(f"{one}\n" for one in TAMPERING[how](lines)), encoding="utf-8")
    assert made.chains()[0].broken_at


def test_lines_cut_off_at_the_end_show_in_the_last_digest(tmp_path: Path) -> None:
    made = archive(tmp_path, *map(line, range(1, 4)))
    made.gather()
    before = made.chains()[0]
    file = made.folder / "approval.jsonl"
    file.write_text("".join(file.read_text(encoding="utf-8").splitlines(keepends=True)[:-1]), encoding="utf-8")
    after = made.chains()[0]
    assert (before.broken_at, after.broken_at) == (0, 0)
    assert before.digest != after.digest


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_any_flipped_bit_breaks_it_or_was_nothing(tmp_path: Path, position: int, bit: int) -> None:
    made = archive(tmp_path, *map(line, range(1, 4)))
    made.gather()
    file = made.folder / "approval.jsonl"
    whole = file.read_bytes()
    lines = whole.splitlines(keepends=True)
    position %= len(lines[0]) + len(lines[1])  # the last line is bound by nothing but its digest
    data = bytearray(whole)
    data[position] ^= 1 << bit
    before = made.chains()[0].digest
    file.write_bytes(data)
    after = made.chains()[0]
    file.write_bytes(whole)
    assert after.broken_at or after.digest != before


def test_a_thing_is_found_by_its_id_and_by_all_parts_of_what_joins_two() -> None:
    path = f"/v2.1/servers/{SERVER}/os-volume_attachments/volume-1"
    (one,) = parse([line(1, path=path)])
    assert concerns(one, SERVER)
    assert concerns(one, f"{SERVER}/volume-1")
    assert not concerns(one, f"{SERVER}/volume-2")
    assert not concerns(one, SERVER[:-1])


def test_what_keystone_changed_is_found_by_the_parts_of_what_it_joins() -> None:
    made, given, trusted = parse(
        [
            keystone_line("identity.user.created", resource_info="u1"),
            keystone_line("identity.role_assignment.created", project="p1", user="u1", role="r1"),
            keystone_line("identity.OS-TRUST:trust.created", resource_info="t1"),
        ]
    )
    assert (made.who, made.action, made.service, made.status) == ("admin", "created.user", "keystone", "success")
    assert last_done([made], "u1") == made
    assert concerns(given, "/p1//u1/r1")
    assert not concerns(given, "/p2//u1/r1")
    assert trusted.path == "/OS-TRUST:trust?resource_info=t1"


def test_who_could_not_log_in_is_a_record_and_changed_nothing() -> None:
    failed = keystone_line("identity.authenticate", "failure")
    by_nobody = keystone_line("identity.user.created", resource_info="u1").replace('"initiator"', '"noinitiator"')
    (one, bootstrap) = parse([failed, by_nobody])
    assert (one.action, one.status, one.done, one.address) == ("authenticate", "failure", False, "198.18.1.1")
    assert (bootstrap.who, bootstrap.project_id) == ("", "")


def test_what_was_refused_changed_nothing() -> None:
    refused, done, later = parse([line(1, status="403"), line(2), line(3, status="409")])
    assert last_done([refused, done, later], SERVER) == done
    assert last_done([refused, later], SERVER) is None
