"""Who did what through the cloud's interfaces is known, whichever service it was, and what was taken out is missed."""

from __future__ import annotations

import json
import secrets
from typing import Any

import openstack.connection
import openstack.exceptions
import pytest

from govcloud.core.workspace import Workspace
from tests.conftest import City
from tests.deploy.hands import Hands, drift, known

pytestmark = pytest.mark.lab


def test_the_audit_says_who_deleted_a_server_and_who_changed_a_port(city: City, hands: Hands) -> None:
    cloud: Any = hands.of("approval")
    name = f"deleted-{secrets.token_hex(3)}"
    image = hands.admin.image.find_image("debian-12", ignore_missing=False)
    flavor = min(cloud.compute.flavors(), key=lambda one: one.ram)
    server = cloud.compute.create_server(name=name, image_id=image.id, flavor_id=flavor.id, networks="none")
    cloud.compute.wait_for_server(server, interval=0.5, wait=60)
    cloud.compute.delete_server(server)
    cloud.compute.wait_for_delete(server, interval=0.5, wait=60)
    done = city.run(["govcloud", "audit", server.id, "--department", "approval", "--json"], check=True)
    deleted = [one for one in json.loads(done.stdout)["records"] if one["action"] == "delete"]
    assert {(one["who"], one["status"]) for one in deleted} == {("approval-deployer", "204")}
    port = next(one for one in known(city) if one.name == "approval-bastion" and one.kind.endswith(":Port"))
    cloud.network.update_port(port.id, description="by hand")
    try:
        _, found = drift(city, "approval")
        (told,) = found["changed"]
        assert (told["name"], told["by"]) == ("approval-bastion", "approval-deployer")
    finally:
        cloud.network.update_port(port.id, description="")
    named = city.run(["govcloud", "audit", "approval-bastion"], check=True)
    assert f"update /v2.0/ports/{port.id}" in named.stderr


def _audited(city: City, thing: str) -> list[tuple[str, str, str, str]]:
    done = city.run(["govcloud", "audit", thing, "--json"], check=True)
    said = ("department", "who", "action", "status")
    return [tuple(one[key] for key in said) for one in json.loads(done.stdout)["records"]]


def test_the_audit_knows_users_secrets_balancers_and_who_could_not_log_in(city: City, hands: Hands) -> None:
    cloud: Any = hands.of("approval")
    identity: Any = hands.admin.identity
    user = identity.create_user(name="audited", password=secrets.token_hex())
    try:
        auth = {**hands.admin.config.auth, "username": user.name, "password": "wrong"}
        with pytest.raises(openstack.exceptions.SDKException, match="401"):
            openstack.connection.Connection(auth=auth, region_name="RegionOne").authorize()
    finally:
        identity.delete_user(user)
    assert _audited(city, user.id) == [
        ("provider", "admin", "created.user", "success"),
        ("provider", user.name, "authenticate", "failure"),
        ("provider", "admin", "deleted.user", "success"),
    ]
    secret = cloud.key_manager.create_secret(name="audited", payload="nothing", payload_content_type="text/plain")
    cloud.key_manager.delete_secret(secret.secret_id)
    assert _audited(city, secret.secret_id) == [("approval", "approval-deployer", "delete", "204")]
    cloud.object_store.create_container("audited")
    cloud.object_store.delete_container("audited")
    assert [one[1:] for one in _audited(city, "audited")[-2:]] == [
        ("approval-deployer", "update", "201"),
        ("approval-deployer", "delete", "204"),
    ]
    balancer = next(iter(cloud.load_balancer.load_balancers()))
    for description in ("by hand", balancer.description):
        cloud.load_balancer.update_load_balancer(balancer.id, description=description)
        cloud.load_balancer.wait_for_load_balancer(balancer.id, interval=1, wait=60)
    assert _audited(city, balancer.id)[-2:] == [("approval", "approval-deployer", "update", "200")] * 2


def test_an_audit_record_that_was_taken_out_is_missed(city: City) -> None:
    assert city.run(["govcloud", "audit"]).returncode == 0
    file = Workspace(city.root).lab / "audit" / "lab" / "approval.jsonl"
    kept = file.read_text(encoding="utf-8")
    lines = kept.splitlines(keepends=True)
    file.write_text("".join([*lines[:1], *lines[2:]]), encoding="utf-8")
    done = city.run(["govcloud", "audit"])
    file.write_text(kept, encoding="utf-8")
    assert done.returncode == 1
    assert "approval.jsonl: line 2 does not follow" in done.stderr
