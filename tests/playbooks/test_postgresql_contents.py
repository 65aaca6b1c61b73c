"""The module that fills a database server: what it sends, what it leaves alone, and that no password is sent."""

from __future__ import annotations

import base64
import importlib.util
from types import ModuleType
from typing import Any

import pytest
from psycopg import sql

from tests.playbooks.harness import PLAYBOOKS

# RFC 7677, section 3.
SALT = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
VERIFIER = (
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
    ":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
)


class Server:
    """Answers questions with what it was told, and notes what it is asked to do."""

    def __init__(self, answers: dict[str, tuple[Any, ...]]) -> None:
        self._answers = answers
        self._row: tuple[Any, ...] | None = None
        self.statements: list[str] = []

    def execute(self, statement: str | sql.Composed, names: tuple[str, ...] = ()) -> Server:
        """Answer, or note."""
        if isinstance(statement, sql.Composed):
            self.statements.append(statement.as_string(None))
        else:
            self._row = self._answers.get(names[0])
        return self

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the answer."""
        return self._row


@pytest.fixture(scope="module")
def module() -> ModuleType:
    path = PLAYBOOKS / "plugins" / "modules" / "postgresql_contents.py"
    spec = importlib.util.spec_from_file_location("postgresql_contents", path)
    assert spec
    assert spec.loader
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_the_verifier_is_the_standards(module: ModuleType) -> None:
    assert module.verifier("pencil", SALT) == VERIFIER
    assert module.matches("pencil", VERIFIER)
    assert not module.matches("crayon", VERIFIER)


@pytest.mark.parametrize("kept", [None, "", "md5d9b1", "SCRAM-SHA-256$x:y$z"])
def test_what_is_no_verifier_matches_nothing(module: ModuleType, kept: str | None) -> None:
    assert not module.matches("pencil", kept)


def test_a_new_server_is_filled_and_no_password_is_sent(module: ModuleType) -> None:
    server = Server({})
    contents = module.Contents(server, check=False)
    contents.account("licences", "pencil", replication=False)
    contents.account("follower", "crayon", replication=True)
    contents.database("licences")
    told = "\n".join(server.statements)
    assert "pencil" not in told
    assert "crayon" not in told
    assert 'create role "licences" login' in told
    assert 'alter role "follower" login replication' in told
    assert 'create database "licences" owner "licences"' in told
    assert 'revoke connect, temporary on database "licences" from public' in told


def test_a_server_that_is_right_is_left_alone(module: ModuleType) -> None:
    server = Server({"owner": (VERIFIER, False, True), "licences": (False,)})
    contents = module.Contents(server, check=False)
    contents.account("owner", "pencil", replication=False)
    contents.database("licences")
    assert (contents.done, server.statements) == ([], [])


def test_a_check_tells_and_does_nothing(module: ModuleType) -> None:
    server = Server({"owner": (VERIFIER, True, True), "licences": (True,)})
    contents = module.Contents(server, check=True)
    contents.account("owner", "crayon", replication=False)
    contents.database("licences")
    assert contents.done == ["rights of owner", "password of owner", "rights on licences"]
    assert server.statements == []
