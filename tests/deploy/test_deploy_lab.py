"""What the stacks made of the city: by whom, where, and that no secret stands anywhere in clear text."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from urllib.parse import urlsplit

import openstack.connection
import pytest
import yaml

from govcloud.core.model.inventory import load
from govcloud.core.workspace import Workspace
from govcloud.deploy import access_rules, credentials
from tests.conftest import City

pytestmark = pytest.mark.lab

DEPARTMENT = "approval"


@pytest.fixture(scope="module")
def department(city: City) -> openstack.connection.Connection:
    """Connect with the department's own access."""
    config = openstack.config.OpenStackConfig(
        config_files=[str(city.root / ".lab" / "clouds.yaml")], load_envvars=False
    )
    return openstack.connection.Connection(config=config.get_one(cloud="lab-approval"))


def _outputs(city: City) -> dict[str, Any]:
    text = (city.root / "build" / "lab" / "stack_outputs.json").read_text(encoding="utf-8")
    units: dict[str, Any] = json.loads(text)["units"]
    return units


def test_every_stack_agrees_with_the_cloud(city: City) -> None:
    for unit in ("foundation", "approval", "approval-elicence"):
        command = ["pulumi", "preview", "-s", f"lab-{unit}", "--refresh", "--expect-no-changes", "--non-interactive"]
        city.run(command, check=True)


def test_the_department_made_its_own_servers_and_volumes(cloud: openstack.connection.Connection) -> None:
    user = cloud.identity.find_user("approval-deployer", ignore_missing=False)
    project = cloud.identity.find_project(DEPARTMENT, ignore_missing=False)
    made = {(server.user_id, server.project_id) for server in cloud.compute.servers(all_projects=True)}
    assert (user.id, project.id) in made
    volumes = [one for one in cloud.block_storage.volumes(all_projects=True) if one.project_id == project.id]
    assert {volume.user_id for volume in volumes} == {user.id}
    roles = cloud.identity.role_assignments(user_id=user.id, scope_project_id=project.id, include_names=True)
    assert {one.role["name"] for one in roles} == {"member", "creator", "load-balancer_member"}


def test_the_access_of_a_department_ends_and_is_no_password(
    city: City, department: openstack.connection.Connection
) -> None:
    file = city.root / ".lab" / "clouds.yaml"
    assert file.stat().st_mode & 0o777 == 0o600
    auth = yaml.safe_load(file.read_text(encoding="utf-8"))["clouds"]["lab-approval"]["auth"]
    assert set(auth) == {"auth_url", "application_credential_id", "application_credential_secret"}
    credential = department.identity.get_application_credential(
        department.current_user_id, auth["application_credential_id"]
    )
    end = datetime.fromisoformat(credential.expires_at).replace(tzinfo=UTC)
    assert datetime.now(UTC) < end < datetime.now(UTC) + timedelta(days=31)
    assert not credential.unrestricted
    rules = [{key: one[key] for key in ("service", "method", "path")} for one in credential.access_rules]
    types = [one["type"] for one in department.service_catalog]
    assert sorted(rules, key=str) == sorted(access_rules.of(types), key=str)


def test_what_is_in_no_rule_of_a_departments_access_is_refused(
    city: City, department: openstack.connection.Connection
) -> None:
    """Its roles would allow it: the user itself may ask, by its password."""
    environment = load(city.root / "inventory").environment("lab")
    access = credentials._Access(Workspace(city.root), environment, DEPARTMENT)
    # Copying within the object store is in no rule; what would be copied is not there.
    copy = {"url": "/nothing/there", "method": "COPY", "headers": {"Destination": "nothing/else"}}
    assert department.object_store.request(**copy).status_code == 401
    assert department.object_store.get("/nothing/there").status_code == 404
    with access._as_user(department.current_project_id) as user:
        assert user.object_store.request(**copy).status_code == 404


def test_the_department_may_not_do_what_is_the_administrators(
    department: openstack.connection.Connection,
) -> None:
    with pytest.raises(openstack.exceptions.ForbiddenException):
        department.compute.create_flavor(name="mine", ram=64, vcpus=1, disk=1)
    # What is in none of its rules is refused before its roles are asked.
    with pytest.raises(openstack.exceptions.HttpException) as refused:
        department.identity.create_project(name="mine")
    assert refused.value.status_code == 401


@pytest.mark.parametrize("access", ["lab-admin", "lab-approval"])
def test_a_cloud_says_what_it_has_and_lacks(city: City, access: str) -> None:
    done = city.run(["govcloud", "cloud", "check", access, "--json"])
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["findings"]
    rules = {one["rule"] for one in found}
    assert rules >= {"service", "extension", "role", "external network", "flavor", "image", "volume type"}
    assert ("quota" in rules) == (access == "lab-approval")
    file = city.root / "inventory" / "environments" / "lab.yaml"
    whole = file.read_text(encoding="utf-8")
    try:
        file.write_text(whole.replace("hardened: debian-12-hardened", "hardened: another"), encoding="utf-8")
        done = city.run(["govcloud", "cloud", "check", access])
    finally:
        file.write_text(whole, encoding="utf-8")
    assert done.returncode == 1
    assert "image another: nonconform: missing or not active. Fix: " in done.stderr


def test_the_default_group_allows_nothing(department: openstack.connection.Connection) -> None:
    project = department.current_project_id
    group = next(iter(department.network.security_groups(name="default", project_id=project)))
    assert list(department.network.security_group_rules(security_group_id=group.id)) == []


def test_servers_of_a_tier_stand_on_different_machines(cloud: openstack.connection.Connection) -> None:
    hosts: dict[str, set[str]] = {}
    for server in cloud.compute.servers(all_projects=True):
        if server.metadata.get("unit") == "approval-elicence":
            hosts.setdefault(server.metadata["tier"], set()).add(server.compute_host)
    assert {tier: len(found) for tier, found in hosts.items()} == {"web": 2, "application": 2, "database": 2}


def test_a_container_keeps_every_version(city: City, department: openstack.connection.Connection) -> None:
    container = _outputs(city)["approval-elicence"]["containers"]["licences"]
    store = department.object_store
    for text in (b"first", b"second"):
        store.put(f"/{container}/proof", data=text).raise_for_status()
    versions = store.get(f"/{container}?versions&format=json&prefix=proof").json()
    assert len(versions) == 2
    assert store.get(f"/{container}/proof").content == b"second"
    for one in versions:
        store.delete(f"/{container}/proof?version-id={one['version_id']}").raise_for_status()


def test_a_container_takes_its_quota_and_no_more(city: City, department: openstack.connection.Connection) -> None:
    container = _outputs(city)["approval-elicence"]["containers"]["licences"]
    asked = load(city.root / "inventory").departments[DEPARTMENT].systems["elicence"].storage.containers["licences"]
    store = department.object_store
    says = store.head(f"/{container}").headers
    assert int(says["X-Container-Meta-Quota-Bytes"]) == asked.quota_gib * 1024**3
    endpoint = urlsplit(f"{store.get_endpoint()}/{container}/too-large")
    token = {"X-Auth-Token": department.auth_token, "Expect": "100-continue"}
    # Swift answers by the announced length, before anything is sent.
    for size, answer in ((asked.quota_gib * 1024**3 + 1, 413), (5, 201)):
        connection = HTTPConnection(endpoint.netloc, timeout=30)
        connection.request("PUT", endpoint.path, None, {**token, "Content-Length": str(size)})
        if answer == 201:
            connection.send(b"fits!")
        assert connection.getresponse().status == answer
        connection.close()
    versions = store.get(f"/{container}?versions&format=json&prefix=too-large").json()
    for one in versions:
        store.delete(f"/{container}/too-large?version-id={one['version_id']}").raise_for_status()


def test_a_container_is_its_departments_alone(
    city: City, cloud: openstack.connection.Connection, department: openstack.connection.Connection
) -> None:
    store = department.object_store
    address = f"{store.get_endpoint()}/{_outputs(city)['approval-elicence']['containers']['licences']}"
    identity = cloud.identity
    project, password = identity.create_project(name="stranger"), token_urlsafe()
    user = identity.create_user(name="stranger", password=password, default_project_id=project.id)
    try:
        identity.assign_project_role_to_user(project, user, identity.find_role("member", ignore_missing=False))
        auth = {**cloud.config.auth, "username": "stranger", "password": password, "project_name": "stranger"}
        stranger = openstack.connection.Connection(auth=auth, region_name=cloud.config.region_name)
        assert stranger.object_store.get(stranger.object_store.get_endpoint()).status_code in {200, 204}, "its own"
        for method in ("GET", "HEAD", "PUT", "POST", "DELETE"):
            assert stranger.object_store.request(address, method, raise_exc=False).status_code == 403, method
    finally:
        identity.delete_user(user)
        identity.delete_project(project)
    assert store.head(address).status_code in {200, 204}, "the container is there"


def test_a_secret_is_in_the_key_manager_and_nowhere_else(
    city: City, department: openstack.connection.Connection
) -> None:
    reference = _outputs(city)["approval-elicence"]["secrets"]["database-password"]
    payload = department.key_manager.get(f"{reference}/payload", headers={"Accept": "text/plain"})
    payload.raise_for_status()
    assert len(payload.text) == 32
    canaries = {
        "database password": payload.text,
        "passphrase": (city.root / ".lab" / "secrets" / "pulumi_passphrase").read_text().strip(),
        "user's password": (city.root / ".lab" / "secrets" / "user_lab-approval").read_text().strip(),
    }
    kept = {city.root / ".lab" / "secrets"}
    searched = [city.root / name for name in (".lab/pulumi", ".lab/state/log", "build", "stacks", "inventory")]
    for name, canary in canaries.items():
        assert [str(file) for file in _files(searched, kept) if canary.encode() in file.read_bytes()] == [], name
        assert not _in_a_command_line(canary), name


def _files(folders: list[Path], kept: set[Path]) -> list[Path]:
    return [
        file
        for folder in folders
        for file in folder.rglob("*")
        if file.is_file() and not file.is_symlink() and not kept & set(file.parents)
    ]


def _in_a_command_line(text: str) -> bool:
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and text.encode() in (entry / "cmdline").read_bytes():
                return True
        except OSError:
            continue
    return False


def test_a_fault_in_a_file_is_told_with_its_place_and_no_traceback(city: City) -> None:
    file = city.root / "inventory" / "departments" / "approval.yaml"
    whole = file.read_text(encoding="utf-8")
    try:
        file.write_text(whole.replace("size: medium", "size: huge").replace("title: 电子证照", "titel: 电子证照"))
        for command in (["govcloud", "deploy"], ["govcloud", "inventory", "check"]):
            done = city.run(command)
            assert done.returncode == 2, done.stderr
            assert "inventory/departments/approval.yaml:13:5: systems.elicence.titel" in done.stderr
            assert "Traceback" not in done.stderr + done.stdout
        done = city.run(["pulumi", "preview", "-s", "lab-foundation", "--non-interactive"])
        assert done.returncode != 0
        assert "approval.yaml:13:5" in done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
    finally:
        file.write_text(whole, encoding="utf-8")
