"""A unit whose state is in a real PostgreSQL: made, killed, reconciled and brought to its end as with files."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from govcloud.core.workspace import Workspace
from tests.conftest import TEST_CITY, City
from tests.deploy import postgresql
from tests.deploy.kills import kill_at
from tests.deploy.yard import yard
from tests.sampling import OF_THE_LONG

pytestmark = pytest.mark.lab


@OF_THE_LONG
def test_a_killed_update_converges_with_its_state_in_a_database(city: City) -> None:
    root = TEST_CITY.parent / "yard-database"
    with postgresql.server() as server, yard(city.root, root, "drillz", "127.66.0.9") as files:
        ground = replace(files, state_backend=server.address)
        workspace = Workspace(root)
        workspace.database_passwords.write_text(server.passwords, encoding="ascii")
        workspace.database_passwords.chmod(0o600)
        with (workspace.inventory / "environments" / "lab.yaml").open("a", encoding="utf-8") as environment:
            environment.write(f"state_backend: {server.address}\n")
        kill_at(ground, 3, "after")
        with psycopg.connect(server.address, password=server.password) as connection:
            keys = [row[0] for row in connection.execute("SELECT key FROM pulumi_state")]
        assert [key for key in keys if "/locks/" in key], keys
        assert not (workspace.pulumi_backend / ".pulumi").exists()
        found = ground.run("deploy", ground.unit, "--reconcile")
        assert found.status == 0, found.told
        assert ground.orphans() == [], found.told
        ground.converges()
        assert server.password not in found.told
