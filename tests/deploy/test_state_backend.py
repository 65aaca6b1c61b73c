"""States in a real PostgreSQL: locks are read there, and what cannot be reached is told without a password."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from pydantic import TypeAdapter, ValidationError

from govcloud.core.environment import variables
from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.files import write_atomically
from govcloud.core.model.environment import StateBackend
from govcloud.core.workspace import Workspace
from govcloud.deploy.pulumi_cli import Pulumi
from govcloud.deploy.stacks import free, in_use
from tests.deploy import postgresql

STACK, DEAD = "lab-one", 2**22 + 1


@pytest.fixture(scope="module")
def server() -> Iterator[postgresql.Server]:
    with postgresql.server() as running:
        yield running


@pytest.fixture
def pulumi(tmp_path: Path, server: postgresql.Server) -> Pulumi:
    workspace = Workspace(tmp_path)
    workspace.secrets.mkdir(parents=True)
    workspace.database_passwords.write_text(server.passwords)
    workspace.database_passwords.chmod(0o600)
    return Pulumi(workspace, server.address)


@pytest.mark.slow
def test_a_lock_in_the_database_is_respected(pulumi: Pulumi, server: postgresql.Server) -> None:
    assert in_use(pulumi, STACK) is None, "there is no table yet"
    with psycopg.connect(server.address, password=server.password) as connection:
        connection.execute("CREATE TABLE pulumi_state (key TEXT PRIMARY KEY, data JSON NOT NULL)")
        for number, host in enumerate((socket.gethostname(), "elsewhere")):
            held = json.dumps({"pid": DEAD, "hostname": host}).encode()
            key = f"postgres/.pulumi/locks/organization/govcloud/{STACK}/{number}.json"
            row = json.dumps({"data": base64.b64encode(held).decode()})
            connection.execute("INSERT INTO pulumi_state VALUES (%s, %s)", (key, row))
        connection.execute("INSERT INTO pulumi_state VALUES ('postgres/.pulumi/stacks/of-others.json', '{}')")
    note = pulumi.workspace.lab / "commands" / f"{DEAD}.json"
    write_atomically(note, json.dumps({"boot": "", "started": 1}))
    with pytest.raises(GovcloudError, match="elsewhere") as refused:
        free(pulumi, STACK)
    assert refused.value.status is Exit.SAFETY_RULE
    assert in_use(pulumi, "lab-another") is None
    with psycopg.connect(server.address, password=server.password) as connection:
        connection.execute("DELETE FROM pulumi_state WHERE key LIKE '%1.json'")
    assert in_use(pulumi, STACK) is None, "whoever held it has died"
    # Another machine of this name could hold it: only what we noted ourselves is known to be dead.
    told = note.read_text()
    note.unlink()
    with pytest.raises(GovcloudError, match="when it is dead for certain, pulumi cancel"):
        free(pulumi, STACK)
    write_atomically(note, told)
    free(pulumi, STACK)
    with psycopg.connect(server.address, password=server.password) as connection:
        keys = [row[0] for row in connection.execute("SELECT key FROM pulumi_state")]
    assert keys == ["postgres/.pulumi/stacks/of-others.json"]


@pytest.mark.slow
def test_a_wrong_password_is_told_without_it(pulumi: Pulumi, server: postgresql.Server) -> None:
    pulumi.workspace.database_passwords.write_text(server.passwords.replace(server.password, "of-another-one"))
    with pytest.raises(GovcloudError, match="password authentication failed") as refused:
        in_use(pulumi, STACK)
    assert refused.value.status is Exit.COULD_NOT_CHECK
    assert "of-another-one" not in str(refused.value)


def test_tools_find_the_database_and_its_passwords(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGPASSFILE", raising=False)
    workspace, address = Workspace(tmp_path), "postgres://keeper@db/states"
    assert "PGPASSFILE" not in variables(workspace, address)
    workspace.secrets.mkdir(parents=True)
    workspace.database_passwords.touch(0o600)
    assert variables(workspace, address)["PULUMI_BACKEND_URL"] == address
    assert variables(workspace, address)["PGPASSFILE"] == str(workspace.database_passwords)
    assert variables(workspace)["PULUMI_BACKEND_URL"] == f"file://{workspace.pulumi_backend}"
    assert "PGPASSFILE" not in variables(workspace)
    monkeypatch.setenv("PGPASSFILE", "the caller's")
    assert "PGPASSFILE" not in variables(workspace, address)


@pytest.mark.parametrize(
    "address",
    [
        "postgres://keeper:secret@db/states",
        "postgres://keeper@db/states?password=secret",
        "postgres://keeper@db/states?sslmode=require&password=secret",
        "file:///tmp",
        "postgres://db",
    ],
)
def test_an_address_with_a_password_or_of_another_kind_is_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(StateBackend).validate_python(address)


@pytest.mark.parametrize(
    "address",
    ["postgres://db/states", "postgres://keeper@[::1]:5432/states?sslmode=verify-full&sslrootcert=/etc/ca.pem"],
)
def test_an_address_without_one_is_taken(address: str) -> None:
    assert TypeAdapter(StateBackend).validate_python(address) == address
