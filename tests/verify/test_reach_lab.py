"""Who reaches whom in the real city: as the inventory says, also after a move and a reboot; every fault is found.

The internet side is the lab's own edge, with addresses of two ranges for documentation that no operator has.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openstack.connection
import pytest

from govcloud.core.errors import Exit
from govcloud.core.workspace import Workspace
from lab.namespace import holder, run_inside
from tests.conftest import City
from tests.lab.guest_site import wait_for
from tests.verify.faults_of_reach import BASTION, FAULTS, UNIT, WEB, server

pytestmark = pytest.mark.lab

STRANGERS = ("203.0.113.7", "2001:db8:7::7")
UNITS = ("approval", UNIT)
MINUTE = 60


@pytest.fixture(scope="module")
def outside(city: City) -> Iterator[list[str]]:
    """Give the lab's edge the addresses of strangers; return the options that lead there and to the province."""
    workspace = Workspace(city.root)
    running = holder(workspace)
    assert running
    for address in STRANGERS:
        run_inside(workspace, ["ip", "address", "replace", address, "dev", "lo"])
    options = ["--outside", f"nsenter --target {running.inner} --net sh -c"]
    options += ["--province", city.run(["govcloud", "lab", "province"], check=True).stdout.strip()]
    yield options + [part for address in STRANGERS for part in ("--outside-address", address)]
    if holder(workspace):
        for address in STRANGERS:
            run_inside(workspace, ["ip", "address", "del", address, "dev", "lo"])


def look(city: City, outside: list[str], *units: str) -> tuple[int, dict[str, Any], str]:
    """Run the command; return its status, what it printed and what it told."""
    done = city.run(["govcloud", "verify", "reach", *units, "--json", *outside], timeout=600)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr


def holds(city: City, outside: list[str], *units: str) -> dict[str, Any]:
    """Look, and find every path as it should be."""
    status, found, told = look(city, outside, *units)
    wrong = [one for one in found["paths"] if one["verdict"] in {"nonconform", "partial"}]
    assert (status, wrong[:5]) == (Exit.DONE, []), told
    return found


def test_the_city_is_as_its_inventory_says(city: City, outside: list[str]) -> None:
    found = holds(city, outside)
    summary = found["summary"]
    print(f"{summary['paths']} paths on {summary['guests']} servers: {summary['seconds']} s")
    assert summary["paths"] > 1000
    assert summary["seconds"] < max(MINUTE, MINUTE * summary["paths"] / 2000)
    # Nobody may reach the metadata service, so nobody can prove that it lives.
    untested = {one["to"] for one in found["paths"] if one["verdict"] == "not_tested"}
    assert untested <= {"metadata"}
    asked = {(one["from"], one["family"]) for one in found["paths"]}
    assert {("here", 4), ("outside", 4), ("outside", 6), (f"{WEB}-1", 4), (f"{WEB}-1", 6)} <= asked
    assert {("province", 4), ("province", 6)} <= asked
    shares = {
        (one["from"], one["family"]) for one in found["paths"] if (one["to"], one["expect"]) == ("province", "reach")
    }
    assert {family for _, family in shares} == {4, 6}
    opened = [one for one in found["paths"] if one["expect"] == "reach"]
    assert {one["got"] for one in opened} == {"open"}
    assert {*STRANGERS} <= {*summary["asked_from"]["outside"]}
    assert any(one["to"].startswith("api-") and one["listener_alive"] for one in found["paths"])


def test_nothing_is_left_on_a_server(city: City, outside: list[str]) -> None:
    holds(city, outside, UNIT)
    listens = ["ansible", f"{WEB}-1", "-i", "inventory/hosts.py", "-b", "-m", "command", "-a"]
    done = city.run([*listens, "ss --no-header --listening --tcp --udp --numeric --processes"], check=True)
    assert ":22" in done.stdout
    for gone in (":5432", ":8443", ":123", "python3"):
        assert gone not in done.stdout


@pytest.mark.sample(3)
@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_fault_is_found_with_its_line(
    city: City, cloud: openstack.connection.Connection, outside: list[str], name: str
) -> None:
    fault = FAULTS[name]
    with fault.make(city, cloud):
        missing = list(fault.traces)
        # The cloud takes its time to carry a change out, and the first look may come too early.
        for _ in range(3):
            status, found, told = look(city, outside, *UNITS)
            missing = [one for one in fault.traces if not any(map(one.fits, found["paths"]))]
            if not missing:
                break
        assert missing == [], told
        assert status == Exit.FINDINGS, told
        assert any(one.line in told for one in fault.traces)
        if name.startswith("port security off"):
            crossed = {
                (one["to"].rpartition("-")[0], one["port"])
                for one in found["paths"]
                if (one["expect"], one["got"]) == ("deny", "open") and _crosses(one)
            }
            # The other end still holds between zones; only the public's own door is open to whoever can send.
            assert crossed <= {(to, 80) for to, _ in crossed if to.endswith("-web")}


def _crosses(one: dict[str, Any]) -> bool:
    """Tell whether a path leads from a server to one of another zone."""
    start, end = _zone(one["from"]), _zone(one["to"])
    return one["port"] is not None and bool(start and end) and start != end


def _zone(name: str) -> str:
    tiers = {"-web-": "internet", "-database-": "data", "-bastion": "management"}
    return next((zone for tier, zone in tiers.items() if tier in name), "extranet" if "-application-" in name else "")


def test_after_all_faults_nothing_is_left_of_them(city: City, outside: list[str]) -> None:
    holds(city, outside, *UNITS)


def test_a_server_that_moved_is_as_closed_as_before(
    city: City, cloud: openstack.connection.Connection, outside: list[str]
) -> None:
    compute: Any = cloud.compute
    guest = server(cloud, BASTION)
    before = guest.compute_host
    compute.live_migrate_server(guest.id, block_migration="auto")

    def moved() -> bool:
        now = compute.get_server(guest.id)
        return bool(now.compute_host != before and now.status == "ACTIVE" and not now.task_state)

    wait_for("another host", moved, 120)
    holds(city, outside, *UNITS)


def test_a_server_that_started_anew_is_as_closed_as_before(
    city: City, cloud: openstack.connection.Connection, outside: list[str]
) -> None:
    compute: Any = cloud.compute
    name = f"{UNIT}-application-1"
    guest = server(cloud, name)
    compute.reboot_server(guest.id, "SOFT")
    wait_for("ACTIVE", lambda: compute.get_server(guest.id).task_state is None, 120)
    ansible = ["ansible", name, "-i", "inventory/hosts.py", "-m"]
    city.run([*ansible, "wait_for_connection"], check=True)
    # Its service comes first: a listener of ours would be in its way.
    city.run([*ansible, "wait_for", "-a", "host={{ govcloud.ipv4 }} port=8080 timeout=120"], check=True)
    holds(city, outside, *UNITS)
