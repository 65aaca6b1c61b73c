"""The sample city under mocks: what is made, with which labels, and who may reach whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from govcloud.core.model.inventory import load
from govcloud.core.model.outputs import UnitOutputs
from govcloud.core.workspace import Workspace
from tests.stacks.city_under_mocks import CANARY, City, Made, build_city

ROOT = Workspace.here().root
GOLDEN = ROOT / "tests" / "data" / "lab_urns.txt"
LABELS = {"city", "unit", "system", "tier", "zone", "level", "owner", "xinchuang"}
TAGGED = {
    "FloatingIp",
    "Listener",
    "LoadBalancer",
    "Member",
    "Network",
    "Pool",
    "Port",
    "Project",
    "Router",
    "SecGroup",
    "Subnet",
    "SubnetPool",
}
DESCRIBED = {"Container", "Instance", "SecretV1", "Volume"}
# OpenStack gives these no place for labels: each belongs to something that has them, or to everybody.
UNLABELLED = {
    "Flavor",
    "Keypair",
    "Monitor",
    "Quota",
    "QuotaSetV2",
    "QuotaV2",
    "QuoteSetV3",
    "RouterInterface",
    "SecGroupRule",
    "ServerGroup",
    "VolumeAttach",
    "VolumeTypeV3",
}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    return build_city(load(Workspace.here().inventory), tmp_path_factory.mktemp("checkout"))


def test_the_plan_is_large_enough(city: City) -> None:
    assert len(city.resources) >= 60
    assert len(list(city.of("Instance"))) >= 7


def test_every_export_has_the_shape_of_the_contract(city: City) -> None:
    for name, export in city.exports.items():
        assert UnitOutputs.model_validate(export).unit == name


def test_urns_are_those_of_the_golden_list(city: City) -> None:
    assert sorted(city.urns) == GOLDEN.read_text(encoding="utf-8").splitlines(), (
        "a changed URN replaces a resource; where it is meant, alias it and run python -m tests.stacks.city_under_mocks"
    )


def test_every_resource_carries_every_label(city: City) -> None:
    for one in city.resources:
        if one.kind in TAGGED:
            assert {tag.partition("=")[0] for tag in one.inputs["tags"]} == LABELS, one
        elif one.kind in DESCRIBED:
            assert set(one.inputs["metadata"]) == LABELS, one
        else:
            assert one.kind in UNLABELLED, one
        labels = one.inputs.get("tags") or [f"{k}={v}" for k, v in (one.inputs.get("metadata") or {}).items()]
        assert not labels or f"unit={one.unit}" in labels


def test_every_resource_that_has_a_name_is_given_one(city: City) -> None:
    nameless = {
        "FloatingIp",
        "QuotaSetV2",
        "QuotaV2",
        "QuoteSetV3",
        "Quota",
        "RouterInterface",
        "SecGroupRule",
        "VolumeAttach",
    }
    for one in city.resources:
        assert one.kind in nameless or one.inputs.get("name"), one


def test_a_preview_of_a_city_that_nobody_has_built_goes_through(tmp_path: Path, city: City) -> None:
    planned = build_city(city.inventory, tmp_path, preview=True)
    assert sorted(planned.urns) == sorted(city.urns)


def test_servers_of_a_tier_stand_on_different_machines(city: City) -> None:
    for tier in ("web", "application", "database"):
        servers = [one for one in city.of("Instance") if one.inputs["metadata"]["tier"] == tier]
        groups = {one.inputs["schedulerHints"][0]["group"] for one in servers}
        assert len(servers) == 2
        assert groups == {f"approval-elicence-{tier}-id"}
    assert all(one.inputs["policies"] == "anti-affinity" for one in city.of("ServerGroup"))


def test_a_port_is_made_first_with_the_addresses_of_the_plan(city: City) -> None:
    port = city.named("Port", "approval-elicence-database-2")
    assert {one["ipAddress"] for one in port.inputs["fixedIps"]} == {"10.19.1.21", "fd00:1301:4:1::15"}
    server = city.named("Instance", "approval-elicence-database-2")
    assert server.inputs["networks"] == [{"port": "approval-elicence-database-2-id"}]


def _rules(city: City, group: str, direction: str) -> Iterator[Made]:
    for one in city.of("SecGroupRule"):
        if (one.inputs["securityGroupId"], one.inputs["direction"]) == (f"{group}-id", direction):
            yield one


def test_the_database_is_reached_from_the_application_tier_and_its_own_only(city: City) -> None:
    sources = {
        (rule.inputs.get("remoteGroupId"), rule.inputs.get("remoteIpPrefix"), rule.inputs["portRangeMin"])
        for rule in _rules(city, "approval-elicence-database", "ingress")
    }
    assert sources == {
        ("approval-elicence-application-id", None, 5432),
        ("approval-elicence-database-id", None, 5432),
    }
    operated = {rule.inputs["remoteGroupId"] for rule in _rules(city, "approval-data", "ingress")}
    assert operated == {"approval-bastion-id"}


def test_only_the_web_tier_is_open_to_all(city: City) -> None:
    open_groups = {
        rule.inputs["securityGroupId"]
        for rule in city.of("SecGroupRule")
        if rule.inputs.get("remoteIpPrefix") in {"0.0.0.0/0", "::/0"}
    }
    assert open_groups == {"approval-elicence-web-id"}


def test_every_group_begins_with_no_rule(city: City) -> None:
    assert all(one.inputs["deleteDefaultRules"] for one in city.of("SecGroup"))


def test_both_families_have_the_same_rules(city: City) -> None:
    for group in {one.inputs["securityGroupId"] for one in city.of("SecGroupRule")}:
        if group.startswith("approval-elicence"):
            found = [one for one in city.of("SecGroupRule") if one.inputs["securityGroupId"] == group]
            families = [one.inputs["ethertype"] for one in found]
            assert families.count("IPv4") == families.count("IPv6")


def test_the_secret_is_in_one_place_and_in_no_export(city: City) -> None:
    holders = [one for one in city.resources if CANARY in str(one.inputs)]
    assert [one.kind for one in holders] == ["SecretV1"]
    assert CANARY not in str(city.exports)


def test_quotas_have_room_for_what_is_made(city: City) -> None:
    compute = city.named("QuotaSetV2", "approval-compute").inputs
    network = city.named("QuotaV2", "approval-network").inputs
    tenant = [one for one in city.resources if one.unit != "foundation"]
    counted = {
        "instances": (compute["instances"], "Instance"),
        "ports": (network["port"], "Port"),
        "groups": (network["securityGroup"], "SecGroup"),
        "rules": (network["securityGroupRule"], "SecGroupRule"),
        "subnets": (network["subnet"], "Subnet"),
        "addresses": (network["floatingip"], "FloatingIp"),
    }
    for name, (quota, kind) in counted.items():
        made = sum(1 for one in tenant if one.kind == kind)
        assert made <= quota <= 2 * made + 30, (name, made, quota)


def test_nothing_is_made_or_decided_inside_an_apply() -> None:
    """A resource in an apply is unseen in a preview, and an Output is true whatever it holds."""
    for file in (ROOT / "stacks").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "apply":
                inside = {name.id for one in node.args for name in ast.walk(one) if isinstance(name, ast.Name)}
                assert "openstack" not in inside, f"{file}:{node.lineno}"
            if isinstance(node, ast.If | ast.IfExp):
                tested = {name.attr for name in ast.walk(node.test) if isinstance(name, ast.Attribute)}
                assert not tested & {"id", "address", "secret_ref", "network_id"}, f"{file}:{node.lineno}"


def test_outside_a_disposable_environment_what_holds_data_must_fail_rather_than_go(tmp_path: Path, city: City) -> None:
    assert city.protected == set()
    lasting = city.inventory.environments["lab"].model_copy(update={"disposable": False})
    inventory = replace(city.inventory, environments={"lab": lasting})
    protected = build_city(inventory, tmp_path).protected
    assert {kind for kind, _ in protected} >= {"Volume", "Container", "SecretV1", "Instance"}
    assert ("Instance", "approval-elicence-database-1") in protected
    assert ("Volume", "approval-elicence-application-2-documents") in protected
    assert ("Instance", "approval-elicence-web-1") not in protected
    assert all(not one.inputs["forceDestroy"] for one in build_city(inventory, tmp_path / "again").of("Container"))
