"""A small city on a cloud that belongs to somebody else, from a checkout without a lab of its own.

The cloud is the lab of the tests' city: once its administrator builds there, once a plain member of a project that was
given, who can make neither projects nor flavors.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openstack.connection
import pytest
import yaml

from govcloud.core.files import write_atomically
from govcloud.core.workspace import Workspace
from govcloud.deploy import clouds_file
from tests.conftest import ROOT, City, copy_checkout, environment_of, of_the_tests, outside

pytestmark = pytest.mark.lab

OWNER, MEMBER = "somebodys", "somebodys-member"
PROJECT, FLAVOR = "somebodys-harbour", "somebodys-smallest"


@dataclass(frozen=True)
class Own:
    """A checkout whose cloud is another's."""

    root: Path
    env: dict[str, str]

    def run(self, *command: str, status: Sequence[int] = (0,)) -> subprocess.CompletedProcess[str]:
        """Run one of the field's commands there."""
        done = subprocess.run(
            command, cwd=self.root, env=self.env, capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode in status, f"{' '.join(command)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def deploy(self, *options: str, status: Sequence[int] = (0,)) -> subprocess.CompletedProcess[str]:
        """Run `govcloud deploy`."""
        return self.run("govcloud", "deploy", *options, status=status)

    def changes(self, *options: str) -> int:
        """Return how many resources would change."""
        done = self.deploy("--json", *options, status=(0, 1))
        return sum(int(one["changes"]) for one in json.loads(done.stdout)["units"])

    def approved(self, *options: str) -> None:
        """Read what would be done, approve it, have it done."""
        said = self.deploy(*options, status=(1,)).stderr
        self.deploy(*options, *([] if "--destroy" in options else ["--apply"]), "--approve", said.split()[-1])


@pytest.fixture(scope="module")
def own(city: City) -> Iterator[Own]:
    """Make the checkout, with the small city as its inventory and the lab's administrator as its cloud."""
    root = ROOT / ".test" / "own"
    shutil.rmtree(of_the_tests(root), ignore_errors=True)
    copy_checkout(root)
    shutil.rmtree(root / "inventory")
    shutil.copytree(ROOT / "tests" / "data" / "foreign", root / "inventory")
    subprocess.run(["make", "-s", "tools"], cwd=root, env=outside(), stdin=subprocess.DEVNULL, check=True)
    lab = yaml.safe_load((city.root / ".lab" / "clouds.yaml").read_text(encoding="utf-8"))["clouds"]
    write_atomically(root / ".lab" / "clouds.yaml", yaml.safe_dump({"clouds": {OWNER: lab["lab-admin"]}}), mode=0o600)
    write_atomically(root / ".lab" / "secrets" / "pulumi_passphrase", "only-of-this-test\n", mode=0o600)
    shutil.copy(city.root / ".lab" / "secrets" / "operator_ed25519.pub", root / ".lab" / "secrets")
    yield Own(root, environment_of(root))
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def member(own: Own, cloud: openstack.connection.Connection) -> Iterator[str]:
    """Give a project and a plain member of it, as a provider would; return the project's id."""
    identity: Any = cloud.identity
    project = identity.create_project(name=PROJECT)
    user = identity.create_user(name=MEMBER, password=MEMBER, default_project_id=project.id)
    identity.assign_project_role_to_user(project, user, identity.find_role("member"))
    file = own.root / ".lab" / "clouds.yaml"
    clouds = yaml.safe_load(file.read_text(encoding="utf-8"))["clouds"]
    auth = {**clouds[OWNER]["auth"], "username": MEMBER, "password": MEMBER, "project_name": PROJECT}
    clouds[MEMBER] = {**clouds[OWNER], "auth": auth}
    write_atomically(file, yaml.safe_dump({"clouds": clouds}), mode=0o600)
    yield project.id
    for group in cloud.network.security_groups(project_id=project.id):
        cloud.network.delete_security_group(group)
    identity.delete_user(user)
    identity.delete_project(project)
    flavor = cloud.compute.find_flavor(FLAVOR)
    if flavor:
        cloud.compute.delete_flavor(flavor)


def _things(cloud: openstack.connection.Connection, project: str) -> list[str]:
    """Return what stands in a project, the default group excepted, which the cloud makes by itself."""
    network: Any = cloud.network
    found = [one for one in cloud.compute.servers(all_projects=True) if one.project_id == project]
    found += [one for one in cloud.block_storage.volumes(all_projects=True) if one.project_id == project]
    for kind in ("networks", "subnets", "routers", "ports", "ips", "security_groups"):
        found += [one for one in getattr(network, kind)(project_id=project) if one.name != "default"]
    return sorted(f"{type(one).__name__} {one.name}" for one in found)


def test_who_administers_nothing_is_told_before_anything_is_asked(own: Own, member: str) -> None:
    said = own.deploy("--env", "own", "--cloud", MEMBER, "--apply", status=(1,)).stderr
    assert f"{MEMBER} is only member, reader, and projects" in said
    assert "`tenancy` of inventory/environments/own.yaml" in said
    (own.root / ".lab" / "credentials" / "own.cloud").unlink()
    assert member


def test_what_a_provider_has_not_given_is_told_before_anything_is_asked(
    own: Own, member: str, cloud: openstack.connection.Connection
) -> None:
    lack = f"flavor {FLAVOR}: nonconform: missing. Fix: ask the provider for it"
    assert lack in own.run("govcloud", "cloud", "check", MEMBER, "--env", "given", status=(1,)).stderr
    refused = own.deploy("--env", "given", "--cloud", MEMBER, "--apply", status=(1,)).stderr
    assert f"flavor {FLAVOR}: missing" in refused
    assert f"Nothing was asked of {MEMBER}" in refused
    assert _things(cloud, member) == []
    cloud.compute.create_flavor(name=FLAVOR, ram=512, vcpus=1, disk=4)
    own.run("govcloud", "cloud", "check", MEMBER, "--env", "given")


@dataclass(frozen=True)
class ByHand:
    """What somebody made in the project before there was an inventory."""

    network: str
    server: str
    volume: str


@pytest.fixture(scope="module")
def by_hand(own: Own, member: str) -> ByHand:
    """Make a network, a server on it and a volume, under other names than ours."""
    assert member
    with clouds_file.connect(Workspace(own.root), MEMBER) as project:
        network: Any = project.network
        net = network.create_network(name="old-net")
        subnet = network.create_subnet(
            network_id=net.id, name="old-sub", ip_version=4, cidr="10.200.1.0/24", gateway_ip="10.200.1.1"
        )
        address = {"subnet_id": subnet.id, "ip_address": "10.200.1.20"}
        port = network.create_port(network_id=net.id, fixed_ips=[address])
        key = (own.root / ".lab" / "secrets" / "operator_ed25519.pub").read_text(encoding="utf-8")
        project.compute.create_keypair(name="old-key", public_key=key)
        server = project.compute.create_server(
            name="old-berths",
            image_id=project.image.find_image("debian-12-hardened").id,
            flavor_id=project.compute.find_flavor(FLAVOR).id,
            networks=[{"port": port.id}],
            key_name="old-key",
        )
        volume = project.block_storage.create_volume(name="old-papers", size=2)
        project.compute.wait_for_server(server, interval=1)
        project.block_storage.wait_for_status(volume, "available", interval=1, wait=60)
        project.compute.create_volume_attachment(server.id, volume_id=volume.id)
        return ByHand(net.id, server.id, volume.id)


# Minutes of making and removing servers: `make test-all`.
@pytest.mark.sample(0)
def test_a_plain_member_takes_over_what_stands_in_the_project(
    own: Own, member: str, by_hand: ByHand, cloud: openstack.connection.Connection
) -> None:
    environment = own.root / "inventory" / "environments" / "given.yaml"
    before = environment.read_text(encoding="utf-8")
    network = (
        "govcloud",
        "adopt",
        "harbour",
        "--env",
        "given",
        "--cloud",
        MEMBER,
        "--as",
        "harbour-extranet=old-net",
    )
    said = own.run(*network, status=(1,)).stderr
    assert f"would be adopted: Network harbour-extranet ({by_hand.network})" in said
    assert environment.read_text(encoding="utf-8") == before
    own.run(*network, "--apply")
    own.approved("--env", "given", "harbour")
    names = {"harbour-berths-application-1": "old-berths", "harbour-berths-application-1-papers": "old-papers"}
    options = [part for ours, theirs in names.items() for part in ("--as", f"{ours}={theirs}")]
    own.run("govcloud", "adopt", "harbour-berths", "--env", "given", *options, "--apply")
    own.approved("--env", "given", "harbour-berths")
    assert own.changes("--env", "given") == 0
    servers = {one.id: one for one in cloud.compute.servers(all_projects=True) if one.project_id == member}
    adopted = servers.pop(by_hand.server)
    assert (adopted.name, adopted.metadata["unit"]) == ("harbour-berths-application-1", "harbour-berths")
    assert [(one.name, one.status) for one in servers.values()] == [("harbour-bastion", "ACTIVE")]
    volume = cloud.block_storage.get_volume(by_hand.volume)
    assert volume.metadata["unit"] == "harbour-berths"
    assert [one["server_id"] for one in volume.attachments] == [by_hand.server]
    assert "unit=harbour" in cloud.network.get_network(by_hand.network).tags


@pytest.mark.sample(0)
def test_a_department_has_a_credential_that_ends(own: Own) -> None:
    clouds = yaml.safe_load((own.root / ".lab" / "clouds.yaml").read_text(encoding="utf-8"))["clouds"]
    assert set(clouds["given-harbour"]["auth"]) == {
        "auth_url",
        "application_credential_id",
        "application_credential_secret",
    }


@pytest.mark.sample(0)
def test_a_built_environment_is_not_moved_by_an_option(own: Own) -> None:
    file = own.root / ".lab" / "clouds.yaml"
    clouds = yaml.safe_load(file.read_text(encoding="utf-8"))["clouds"]
    elsewhere = {**clouds[MEMBER], "region_name": "RegionTwo"}
    write_atomically(file, yaml.safe_dump({"clouds": {**clouds, "elsewhere": elsewhere}}), mode=0o600)
    assert "is built on" in own.deploy("--env", "given", "--cloud", "elsewhere", status=(4,)).stderr


@pytest.mark.sample(0)
def test_what_a_member_takes_away_leaves_nothing(own: Own, member: str, cloud: openstack.connection.Connection) -> None:
    for unit in ("harbour-berths", "harbour"):
        own.approved("--env", "given", unit, "--destroy")
    assert _things(cloud, member) == []
    assert "given-harbour" not in (own.root / ".lab" / "clouds.yaml").read_text(encoding="utf-8")


@pytest.mark.sample(0)
def test_an_administrator_builds_on_a_cloud_of_any_name(own: Own, cloud: openstack.connection.Connection) -> None:
    own.deploy("--env", "own", "--cloud", OWNER, "--apply")
    assert own.changes("--env", "own") == 0
    project = cloud.identity.find_project("harbour", ignore_missing=False).id
    assert "Server harbour-bastion" in _things(cloud, project)
    for unit in ("harbour-berths", "harbour", "foundation"):
        own.approved("--env", "own", unit, "--destroy")
    assert _things(cloud, project) == []
    assert cloud.identity.find_project("harbour") is None
    assert cloud.compute.find_flavor("SCS-1V-0.5-4") is None
