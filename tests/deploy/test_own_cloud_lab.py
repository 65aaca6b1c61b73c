"""A small city on a cloud that belongs to somebody else, from a checkout without a lab of its own.

The cloud is the lab of the tests' city: once its administrator builds there, once a plain member of a project that was
given, who can make neither projects nor flavors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import openstack.connection
import pytest
import yaml

from govcloud.core.files import write_atomically
from govcloud.core.workspace import Workspace
from govcloud.deploy import clouds_file
from tests.deploy.own_cloud import FLAVOR, MEMBER, OWNER, Own, member, own, things

pytestmark = pytest.mark.lab

__all__ = ["member", "own"]


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
    assert things(cloud, member) == []
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
    assert things(cloud, member) == []
    assert "given-harbour" not in (own.root / ".lab" / "clouds.yaml").read_text(encoding="utf-8")


@pytest.mark.sample(0)
def test_an_administrator_builds_on_a_cloud_of_any_name(own: Own, cloud: openstack.connection.Connection) -> None:
    own.deploy("--env", "own", "--cloud", OWNER, "--apply")
    assert own.changes("--env", "own") == 0
    project = cloud.identity.find_project("harbour", ignore_missing=False).id
    assert "Server harbour-bastion" in things(cloud, project)
    for unit in ("harbour-berths", "harbour", "foundation"):
        own.approved("--env", "own", unit, "--destroy")
    assert things(cloud, project) == []
    assert cloud.identity.find_project("harbour") is None
    assert cloud.compute.find_flavor("SCS-1V-0.5-4") is None
