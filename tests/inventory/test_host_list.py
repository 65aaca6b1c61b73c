"""The host list: every server, its groups, and the way to it through the bastion."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from govcloud.core.model.outputs import Server, StackOutputs, UnitOutputs
from govcloud.core.workspace import Workspace
from govcloud.inventory.host_list import HostList


def _server(number: int, tier: str, system: str | None = None, floating: str | None = None) -> Server:
    return Server(
        id=f"id-{number}",
        ipv4=f"10.0.0.{number}",
        ipv6=f"fd00::{number}",
        tier=tier,
        zone="data",
        level=3,
        system=system,
        floating_address=floating,
    )


@pytest.fixture
def outputs() -> StackOutputs:
    bastion = {"approval-bastion": _server(1, "bastion", floating="198.51.100.9")}
    database = {"approval-e-licence-database-1": _server(2, "database", system="e-licence")}
    return StackOutputs(
        environment="lab",
        units={
            "approval": UnitOutputs(
                unit="approval", kind="department", department="approval", bastion="approval-bastion", servers=bastion
            ),
            "approval-e-licence": UnitOutputs(
                unit="approval-e-licence",
                kind="system",
                department="approval",
                system="e-licence",
                servers=database,
                secrets={"database-password": "https://keys/1"},
            ),
        },
    )


def test_hosts_are_in_the_groups_of_what_they_are(outputs: StackOutputs) -> None:
    listed = HostList(Workspace(Path("/city")), outputs).ansible()
    name = "approval-e-licence-database-1"
    found = {group for group, one in listed.items() if name in one.get("hosts", ())}
    assert found == {"all", "department_approval", "system_e_licence", "tier_database", "zone_data", "level_3"}
    assert listed["system_e_licence"]["vars"]["govcloud_system"]["secrets"] == {"database-password": "https://keys/1"}


def test_the_bastion_is_reached_directly_and_others_through_it(outputs: StackOutputs) -> None:
    hosts = HostList(Workspace(Path("/a city")), outputs).ansible()["_meta"]["hostvars"]
    bastion, database = hosts["approval-bastion"], hosts["approval-e-licence-database-1"]
    assert (bastion["ansible_host"], database["ansible_host"]) == ("198.51.100.9", "10.0.0.2")
    assert "ProxyCommand" not in bastion["ansible_ssh_common_args"]
    options = shlex.split(database["ansible_ssh_common_args"])
    assert "HostKeyAlias=id-2" in options
    jump = shlex.split(next(one for one in options if one.startswith("ProxyCommand=")).removeprefix("ProxyCommand="))
    assert jump[0] == "ssh"
    assert jump[-3:] == ["-W", "%h:%p", "debian@198.51.100.9"]
    assert "HostKeyAlias=id-1" in jump
    assert "UserKnownHostsFile=/a city/.lab/known_hosts" in jump


def test_every_server_has_a_connection_of_its_own(outputs: StackOutputs) -> None:
    hosts = HostList(Workspace(Path("/city")), outputs).ansible()["_meta"]["hostvars"]
    bastion, database = hosts["approval-bastion"], hosts["approval-e-licence-database-1"]
    assert "ControlPath=/city/.lab/ssh/id-1" in shlex.split(bastion["ansible_ssh_common_args"])
    options = shlex.split(database["ansible_ssh_common_args"])
    assert "ControlPath=/city/.lab/ssh/id-2" in options
    jump = next(one for one in options if one.startswith("ProxyCommand="))
    assert "ControlPath=/city/.lab/ssh/id-1" in jump
    # The outer ssh expands what it finds in the command, and knows few letters there.
    assert jump.replace("%h:%p", "").count("%") == 0


def test_a_long_path_gets_no_shared_connection(outputs: StackOutputs) -> None:
    for root, shared in (("/short", True), ("/" + "long" * 20, False)):
        hosts = HostList(Workspace(Path(root)), outputs).ansible()["_meta"]["hostvars"]
        options = hosts["approval-e-licence-database-1"]["ansible_ssh_common_args"]
        assert ("ControlMaster=auto" in options) is shared
        assert ("ControlPath=none" in options) is not shared
