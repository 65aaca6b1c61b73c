"""The licence service without its database: what it answers, whom it lets issue, what it refuses."""

from __future__ import annotations

import importlib.util
import io
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest

from tests.playbooks.harness import PLAYBOOKS

ISSUER, READER = "192.0.2.1", "192.0.2.7"
Ask = Callable[..., tuple[str, str]]


class Records:
    """Records in memory."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.down = False

    def newest(self) -> list[dict[str, Any]]:
        """Return them, newest first."""
        self._look()
        return self.rows[::-1]

    def add(self, kind: str, holder: str, kept_on: str, digest: str) -> dict[str, Any]:
        """Keep one."""
        self._look()
        told = {"kind": kind, "holder": holder, "kept_on": kept_on, "document_sha256": digest}
        self.rows.append({**told, "number": len(self.rows) + 1, "issued_at": datetime(2019, 8, 1, tzinfo=UTC)})
        return self.rows[-1]

    def health(self) -> dict[str, Any]:
        """Tell how many there are."""
        self._look()
        return {"licences": len(self.rows), "database": "192.0.2.8"}

    def _look(self) -> None:
        if self.down:
            raise psycopg.OperationalError("connection refused")


@pytest.fixture(scope="module")
def program() -> ModuleType:
    path = PLAYBOOKS / "roles" / "application_server" / "files" / "licences.py"
    spec = importlib.util.spec_from_file_location("licences", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    # Its dataclasses look their module up by name.
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "licences", module)
        spec.loader.exec_module(module)
    return module


@pytest.fixture
def records() -> Records:
    return Records()


@pytest.fixture
def ask(program: ModuleType, records: Records, tmp_path: Path) -> Ask:
    service = program.Service("one", ISSUER, records, program.Documents(tmp_path))

    def send(method: str, path: str, body: bytes = b"", source: str = READER) -> tuple[str, str]:
        status: list[str] = []
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "REMOTE_ADDR": source,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }
        answer = b"".join(service(environ, lambda line, _: status.append(line)))
        return status[0], answer.decode()

    return send


def _licence(**changes: object) -> bytes:
    return json.dumps({"kind": "营业执照", "holder": "示例单位", "document": "text", **changes}).encode()


def test_what_was_issued_is_listed_and_its_document_is_found(ask: Ask) -> None:
    status, issued = ask("POST", "/licences", _licence(), ISSUER)
    assert status == "201 Created"
    listed = json.loads(ask("GET", "/licences")[1])
    assert listed == [json.loads(issued)]
    assert ask("GET", listed[0]["document"]) == ("200 OK", "text")
    assert "示例单位" in ask("GET", "/")[1]
    assert json.loads(ask("GET", "/healthz")[1]) == {"licences": 1, "database": "192.0.2.8", "application": "one"}


def test_only_who_is_on_the_server_issues(ask: Ask, records: Records) -> None:
    assert ask("POST", "/licences", _licence())[0] == "403 Forbidden"
    assert records.rows == []


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"\xff", _licence(holder=""), _licence(kind=7), json.dumps({"kind": "x"}).encode()]
)
def test_half_a_licence_is_refused(ask: Ask, records: Records, body: bytes) -> None:
    assert ask("POST", "/licences", body, ISSUER)[0] == "400 Bad Request"
    assert records.rows == []


def test_a_licence_that_is_too_long_is_refused(ask: Ask, program: ModuleType) -> None:
    assert ask("POST", "/licences", b" " * (program.LARGEST_BODY + 1), ISSUER)[0] == "413 Content Too Large"


@pytest.mark.parametrize(
    "path", ["/other", "/documents/two/" + "0" * 64, "/documents/one/" + "0" * 64, "/documents/one/../../etc/passwd"]
)
def test_what_is_not_there_is_not_found(ask: Ask, path: str) -> None:
    assert ask("GET", path)[0] == "404 Not Found"


def test_a_holder_cannot_write_the_page(ask: Ask) -> None:
    ask("POST", "/licences", _licence(holder="<script>alert(1)</script>"), ISSUER)
    assert "<script>" not in ask("GET", "/")[1]


def test_a_question_for_the_head_gets_no_body(ask: Ask) -> None:
    assert ask("HEAD", "/licences") == ("200 OK", "")


def test_without_its_database_it_is_not_well_and_says_no_more_than_that(ask: Ask, records: Records) -> None:
    records.down = True
    status, answer = ask("GET", "/healthz")
    assert status == "503 Service Unavailable"
    assert "refused" not in answer
