"""Whatever is changed behind the states is told, and nothing else: by chance, over every type and every field.

Changes are made by the API with the access of whoever owns the thing, many at once and each on a thing of its own.
"""

from __future__ import annotations

import json
import random
import secrets
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from govcloud.core.workspace import Workspace
from govcloud.deploy.drift.kinds import KINDS
from govcloud.deploy.drift.states import Resource
from govcloud.deploy.drift.watch import ALARM
from tests.conftest import City
from tests.deploy.drift_changes import Catalogue, Change
from tests.deploy.hands import Hands, drift, known
from tests.lab.guest_site import wait_for
from tests.sampling import SEED, WHOLE

pytestmark = pytest.mark.lab

CHANGES = 50 if WHOLE else 12


def chosen(resources: list[Resource]) -> list[tuple[str, Change, Resource]]:
    """Return changes by chance, first each type once and then as it comes, no thing twice."""
    seeded = random.Random(SEED)  # noqa: S311 - a sample
    catalogue = Catalogue()
    changes = {**catalogue.by_department, **catalogue.by_administrator}
    free = {kind: [one for one in resources if one.kind.endswith(f":{kind}")] for kind in {_kind(n) for n in changes}}
    names = seeded.sample(sorted(changes), len(changes))
    firsts = {_kind(name): name for name in names}
    order = [*seeded.sample(sorted(firsts.values()), len(firsts)), *names, *names]
    found: list[tuple[str, Change, Resource]] = []
    for name in order:
        left = [one for one in free[_kind(name)] if changes[name].fits(one)]
        if left and len(found) < CHANGES:
            thing = seeded.choice(left)
            free[_kind(name)].remove(thing)
            found.append((name, changes[name], thing))
    return found


def _kind(name: str) -> str:
    return name.partition(".")[0]


def test_every_type_of_our_states_is_compared(city: City) -> None:
    assert {one.kind for one in known(city)} <= set(KINDS)


def test_everything_that_is_changed_is_told_and_nothing_else(city: City, hands: Hands) -> None:
    status, before = drift(city)
    assert (status, before["unmanaged"], before["missing"], before["changed"]) == (0, [], [], [])
    # With its type: a project's quotas of several services have one id.
    expected: dict[tuple[str, str], tuple[str, Change]] = {}
    with ExitStack() as undoing:
        for name, change, thing in chosen(known(city)):
            print(name, thing.name)
            undo = change.act(hands.of(thing.department), thing)
            expected[_kind(name), thing.id] = (name, change)
            if undo:
                undoing.callback(undo)
        status, found = drift(city)
        assert status == 1
        told = {(one["kind"], one["id"]): {part["field"] for part in one["fields"]} for one in found["changed"]}
        gone = {(one["kind"], one["id"]) for one in found["missing"]}
        print(f"{len(expected)} changes, {found['api_calls']} calls, {found['seconds']} s")
        assert gone == {thing for thing, (_, change) in expected.items() if not change.fields}
        wrong = {
            name: (told.get(thing), change.fields)
            for thing, (name, change) in expected.items()
            if not change.fields <= told.get(thing, set())
        }
        assert {name: both for name, both in wrong.items() if both[1]} == {}
        assert set(told) <= set(expected), f"told although nobody touched it: {set(told) - set(expected)}"
        assert found["unmanaged"] == []
    if any(not change.fields for _, change in expected.values()):
        city.run(["govcloud", "deploy", "--apply"], check=True)
    status, after = drift(city)
    assert (status, after["changed"], after["missing"]) == (0, [], [])


def _added(hands: Hands, department: str) -> dict[str, tuple[str, Callable[[], object]]]:
    """Make one of each thing beside the states: by list, its id and how it goes."""
    cloud: Any = hands.of(department)
    admin: Any = hands.admin
    name = f"stray-{secrets.token_hex(3)}"
    made: dict[str, tuple[str, Callable[[], object]]] = {}
    network = cloud.network.create_network(name=name)
    made["networks"] = (network.id, lambda: cloud.network.delete_network(network))
    subnet = cloud.network.create_subnet(network_id=network.id, name=name, ip_version=4, cidr="10.31.0.0/24")
    made["subnets"] = (subnet.id, lambda: cloud.network.delete_subnet(subnet))
    port = cloud.network.create_port(network_id=network.id, name=name)
    made["ports"] = (port.id, lambda: cloud.network.delete_port(port))
    router = cloud.network.create_router(name=name)
    made["routers"] = (router.id, lambda: cloud.network.delete_router(router))
    group = cloud.network.create_security_group(name=name)
    made["security_groups"] = (group.id, lambda: cloud.network.delete_security_group(group))
    ours = cloud.network.find_security_group(f"{department}-management", ignore_missing=False)
    rule = cloud.network.create_security_group_rule(
        security_group_id=ours.id, direction="ingress", ether_type="IPv4", protocol="tcp", remote_ip_prefix="0.0.0.0/0"
    )
    made["security_group_rules"] = (rule.id, lambda: cloud.network.delete_security_group_rule(rule))
    external = cloud.network.find_network("internet", ignore_missing=False)
    address = cloud.network.create_ip(floating_network_id=external.id)
    made["floating_addresses"] = (address.id, lambda: cloud.network.delete_ip(address))
    volume = cloud.block_storage.create_volume(name=name, size=1)
    cloud.block_storage.wait_for_status(volume, status="available", interval=0.5, wait=60)
    made["volumes"] = (volume.id, lambda: cloud.block_storage.delete_volume(volume))
    secret = cloud.key_manager.create_secret(name=name, payload="nothing", payload_content_type="text/plain")
    secret_id = secret.secret_id or str(secret.secret_ref).rpartition("/")[2]
    made["secrets"] = (secret_id, lambda: cloud.key_manager.delete_secret(secret_id))
    cloud.object_store.put(f"/{name}").raise_for_status()
    made["containers"] = (f"{department}/{name}", lambda: cloud.object_store.delete(f"/{name}").raise_for_status())
    cloud.compute.create_keypair(name=name, public_key=_KEY)
    made["key_pairs"] = (f"{department}/{name}", lambda: cloud.compute.delete_keypair(name))
    image = cloud.compute.get("/flavors").json()["flavors"][0]["id"]
    server = cloud.compute.create_server(
        name=name, image_id=admin.image.find_image("debian-12").id, flavor_id=image, networks="none"
    )
    made["servers"] = (server.id, lambda: cloud.compute.delete_server(server, force=False))
    placed = cloud.compute.create_server_group(name=name, policy="affinity")
    made["server_groups"] = (placed.id, lambda: cloud.compute.delete_server_group(placed))
    user = admin.identity.create_user(name=name, password=secrets.token_urlsafe(24))
    made["users"] = (user.id, lambda: admin.identity.delete_user(user))
    project = admin.identity.create_project(name=name)
    made["projects"] = (project.id, lambda: admin.identity.delete_project(project))
    theirs = admin.identity.find_project(department, ignore_missing=False)
    role = admin.identity.find_role("member", ignore_missing=False)
    admin.identity.assign_project_role_to_user(theirs, user, role)
    assignment = f"projects/{theirs.id}/users/{user.id}/roles/{role.id}"
    made["role_assignments"] = (
        assignment,
        lambda: admin.identity.unassign_project_role_from_user(theirs, user, role),
    )
    return made


_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH7zJh53UNgWghNhdy4/D7vcOpK0UMRY0L/3LlW2n6HD other"


def test_whatever_is_made_beside_the_states_is_told(city: City, hands: Hands) -> None:
    with ExitStack() as undoing:
        made = _added(hands, "approval")
        for _, go in made.values():
            undoing.callback(go)
        status, found = drift(city)
        told: dict[str, set[str]] = {}
        for one in found["unmanaged"]:
            told.setdefault(one["kind"], set()).add(one["id"])
        assert status == 1
        assert {listed: {made[listed][0]} - told.get(listed, set()) for listed in made} == {one: set() for one in made}
        extra = {listed: ids - {made.get(listed, ("",))[0]} for listed, ids in told.items()}
        # A group that is made by hand comes with rules of its own, which let everything out.
        assert {listed for listed, ids in extra.items() if ids} == {"security_group_rules"}
        assert len(extra["security_group_rules"]) == 2
        assert (found["missing"], found["changed"]) == ([], [])
        assert "server stray-" in city.run(["govcloud", "drift"]).stderr
    status, after = drift(city)
    assert (status, after["unmanaged"]) == (0, [])


def test_what_cannot_be_looked_at_is_said_and_is_no_drift(city: City) -> None:
    """Of one department only: what the others answered must not make its things missing."""
    clouds = Workspace(city.root).clouds_yaml
    kept = clouds.read_text(encoding="utf-8")
    try:
        named = "application_credential_secret: "
        clouds.write_text(kept.replace(named, f"{named}x", 1), encoding="utf-8")
        done = city.run(["govcloud", "drift", "--json"])
    finally:
        clouds.write_text(kept, encoding="utf-8")
    found = json.loads(done.stdout)
    assert done.returncode == 3, done.stderr
    assert found["could_not_look"]
    assert found["missing"] == []
    assert "Traceback" not in done.stderr


def test_a_server_that_nobody_allowed_raises_an_alarm_within_a_minute(city: City, hands: Hands) -> None:
    cloud: Any = hands.of("approval")
    alarm = city.root / "build" / "lab" / ALARM
    image = hands.admin.image.find_image("debian-12", ignore_missing=False)
    flavor = min(cloud.compute.flavors(), key=lambda one: one.ram)
    command = ["govcloud", "drift", "--watch", "5"]
    with subprocess.Popen(command, cwd=city.root, env=dict(city.env), stderr=subprocess.DEVNULL) as watching:
        try:
            server = cloud.compute.create_server(
                name="unauthorised", image_id=image.id, flavor_id=flavor.id, networks="none"
            )
            began = time.monotonic()
            wait_for("the alarm", alarm.exists, 60)
            print(f"alarm after {time.monotonic() - began:.1f} s")
            told = json.loads(alarm.read_text(encoding="utf-8"))["unmanaged"]
            assert [(one["kind"], one["id"]) for one in told] == [("servers", server.id)]
            assert city.run(["govcloud", "drift", "--fix"]).returncode == 1
            plan = (city.root / "build" / "lab" / "drift-proposal.sh").read_text(encoding="utf-8")
            assert f"# openstack --os-cloud lab-admin server delete {server.id}" in plan
            cloud.compute.delete_server(server)
            wait_for("the alarm's end", lambda: not alarm.exists(), 60)
        finally:
            watching.send_signal(signal.SIGINT)
            assert watching.wait(60) == 0
