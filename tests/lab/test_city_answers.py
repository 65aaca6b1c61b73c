"""The city is up: its services, its servers, and the way to them."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import openstack.connection
import pytest

from govcloud.core.model.inventory import load
from govcloud.core.model.units import Kind, department_of, system_of, units
from tests.conftest import City
from tests.sampling import WHOLE

pytestmark = pytest.mark.lab


def test_every_service_is_up(city: City) -> None:
    status = json.loads(city.run([".venv/bin/govcloud", "lab", "status", "--json"], check=True).stdout)
    assert [one["name"] for one in status["services"] if not one["up"]] == []
    assert status["guests"] >= len(_servers(city))
    assert sum(one["memory_mib"] for one in status["services"]) < 8192


def test_every_server_of_the_inventory_is_active(city: City, cloud: openstack.connection.Connection) -> None:
    hosts = json.loads(city.run(["inventory/hosts.py", "--list"], check=True).stdout)
    states = {server.name: server.status for server in cloud.compute.servers(all_projects=True)}
    assert set(hosts["_meta"]["hostvars"]) == _servers(city)
    assert len(_servers(city)) >= (30 if WHOLE else 7)
    assert {name: states.get(name) for name in hosts["_meta"]["hostvars"]} == dict.fromkeys(
        hosts["_meta"]["hostvars"], "ACTIVE"
    )


def test_every_host_answers_over_ssh_through_the_bastion(city: City) -> None:
    done = city.run(["ansible", "all", "-i", "inventory/hosts.py", "-m", "ping", "-o"])
    hosts = json.loads(city.run(["inventory/hosts.py", "--list"], check=True).stdout)["_meta"]["hostvars"]
    assert done.returncode == 0, done.stdout + done.stderr
    assert {line.split(" | ")[0] for line in done.stdout.splitlines() if "SUCCESS" in line} == set(hosts)


def test_nothing_of_it_changes_when_nothing_changed(city: City) -> None:
    done = city.run(["govcloud", "deploy", "--json"])
    assert done.returncode == 0, done.stdout + done.stderr
    found, inventory = json.loads(done.stdout)["units"], load(city.root / "inventory")
    assert [unit["unit"] for unit in found] == list(units(inventory, inventory.environments["lab"]))
    assert {unit["changes"] for unit in found} == {0}


def test_a_second_up_by_hand_changes_nothing(city: City) -> None:
    """Asked of Pulumi's own account of the update, not of its exit status alone."""
    city.run(["pulumi", "up", "-s", "lab-approval-elicence", "--yes", "--expect-no-changes"], check=True)
    told = city.run(
        ["pulumi", "stack", "history", "-s", "lab-approval-elicence", "--json", "--page-size", "1"], check=True
    )
    (last,) = json.loads(told.stdout)
    assert (last["kind"], last["result"]) == ("update", "succeeded")
    assert set(last["resourceChanges"]) == {"same"}
    assert last["resourceChanges"]["same"] > 40


def test_new_projects_get_their_quotas_at_once(cloud: openstack.connection.Connection) -> None:
    """Each looks for a row not yet there and inserts it: under repeatable read they deadlock, and one gets a 500."""
    projects = [uuid.uuid4().hex for _ in range(40)]

    def give(project: str) -> int:
        body = {"quota": {"load_balancer": 4}}
        return int(cloud.load_balancer.put(f"/lbaas/quotas/{project}", json=body).status_code)

    with ThreadPoolExecutor(8) as several:
        given = list(several.map(give, projects))
        list(several.map(lambda project: cloud.load_balancer.delete(f"/lbaas/quotas/{project}"), projects))
    assert set(given) == {202}


def _servers(city: City) -> set[str]:
    """Return the names that the inventory gives to all servers of all units."""
    inventory = load(city.root / "inventory")
    environment = inventory.environments["lab"]
    found: set[str] = set()
    for unit in units(inventory, environment).values():
        if unit.kind is Kind.DEPARTMENT and department_of(inventory, unit).bastion:
            found.add(f"{unit.name}-bastion")
        if unit.kind is Kind.UPLINK:
            found.add(f"{unit.name}-border")
        if unit.kind is Kind.SYSTEM:
            for tier, group in system_of(inventory, unit).compute.items():
                found |= {f"{unit.name}-{tier.value}-{n + 1}" for n in range(environment.servers(group))}
    return found
