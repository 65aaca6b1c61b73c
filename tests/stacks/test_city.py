"""The sample city under mocks: what is made, with which labels, and who may reach whom."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from govcloud.core.model.outputs import UnitOutputs
from govcloud.core.workspace import Workspace
from tests.sample import SAMPLE
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
    return build_city(SAMPLE, tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory, city: City) -> City:
    """Build the same city with all its servers, where nothing may be removed at will."""
    lasting = city.inventory.environments["lab"].model_copy(update={"fewest_servers": False, "disposable": False})
    return build_city(replace(city.inventory, environments={"lab": lasting}), tmp_path_factory.mktemp("production"))


def test_the_plan_is_large_enough(city: City) -> None:
    assert len({one.unit for one in city.made}) >= 25
    assert len(list(city.of("Instance"))) >= 30


def test_a_unit_stays_small(city: City) -> None:
    sizes = Counter(one.unit for one in city.resources)
    assert {unit: size for unit, size in sizes.items() if size > 300} == {}


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
            assert set(one.inputs["metadata"]) - {"quota-bytes"} == LABELS, one
        else:
            assert one.kind in UNLABELLED, one
        labels = one.inputs.get("tags") or [f"{k}={v}" for k, v in (one.inputs.get("metadata") or {}).items()]
        assert not labels or f"unit={one.unit}" in labels


def test_a_container_is_told_its_quota_in_bytes(city: City) -> None:
    container = city.named("Container", "approval-elicence-licences")
    assert int(container.inputs["metadata"]["quota-bytes"]) == 500 * 1024**3


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


@pytest.mark.slow
def test_a_preview_of_a_city_that_nobody_has_built_goes_through(tmp_path: Path, city: City) -> None:
    planned = build_city(city.inventory, tmp_path, preview=True)
    assert sorted(planned.urns) == sorted(city.urns)


def test_servers_of_a_tier_stand_on_different_machines(city: City) -> None:
    for tier in ("web", "application", "database"):
        unit = "approval-elicence"
        servers = [one for one in city.of("Instance") if (one.unit, one.inputs["metadata"]["tier"]) == (unit, tier)]
        groups = {one.inputs["schedulerHints"][0]["group"] for one in servers}
        assert len(servers) == 2
        assert groups == {f"approval-elicence-{tier}-id"}
    assert all(one.inputs["policies"] == "anti-affinity" for one in city.of("ServerGroup"))


def test_a_port_is_made_first_with_the_addresses_of_the_plan(city: City) -> None:
    port = city.named("Port", "approval-elicence-database-2")
    assert {one["ipAddress"] for one in port.inputs["fixedIps"]} == {"10.19.1.21", "fd00:1301:4:1::15"}
    server = city.named("Instance", "approval-elicence-database-2")
    assert server.inputs["networks"] == [{"port": "approval-elicence-database-2-id"}]


def test_a_balancer_learns_of_a_server_only_when_its_port_is_there(city: City) -> None:
    members = [one for one in city.asked if one["type"].endswith(":Member")]
    assert members
    for member in members:
        server = next(one.inputs["name"] for one in city.of("Member") if member["urn"].endswith(f"::{one.name}"))
        assert any(urn.endswith(f"Port::{server}") for urn in member["propertyDependencies"]["address"])


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


def test_a_database_of_another_system_is_opened_to_the_exchange_addresses_and_no_other(city: City) -> None:
    """The addresses are those of production, so a tier that grows in one unit changes nothing in another."""
    sources = {
        rule.inputs["remoteIpPrefix"]
        for rule in _rules(city, "bureau-credit-database", "ingress")
        if rule.inputs["ethertype"] == "IPv4" and not rule.inputs.get("remoteGroupId")
    }
    assert sources == {"10.18.2.20/30", "10.18.2.30/31", "10.18.2.32/31"}
    opened = {
        rule.inputs["remoteIpPrefix"]
        for rule in _rules(city, "bureau-sharing-application", "egress")
        if (rule.inputs["ethertype"], rule.inputs["portRangeMin"]) == ("IPv6", 5432)
    }
    assert opened >= {"fd00:1301:4:2::3c/127"}


@pytest.mark.slow
def test_a_rehearsed_city_has_fewer_servers_and_no_tier_less(city: City, production: City) -> None:
    def tiers(one: City) -> Counter[tuple[str, str]]:
        return Counter((server.unit, server.inputs["metadata"]["tier"]) for server in one.of("Instance"))

    assert tiers(production)["bureau-exchange", "application"] == 4
    assert tiers(city)["bureau-exchange", "application"] == 2
    assert tiers(city)["bureau-capability", "application"] == 1
    assert set(tiers(city)) == set(tiers(production))
    apart = {one.unit for one in city.of("ServerGroup")}
    assert all(number == 2 for (unit, _), number in tiers(city).items() if unit in apart)


def test_only_the_web_tier_is_open_to_all(city: City) -> None:
    open_groups = {
        rule.inputs["securityGroupId"]
        for rule in city.of("SecGroupRule")
        if rule.inputs.get("remoteIpPrefix") in {"0.0.0.0/0", "::/0"}
    }
    web = {"approval-elicence", "bureau-mobile-hall", "bureau-open-data", "market-publicity"}
    assert open_groups == {f"{unit}-web-id" for unit in web}


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
    assert {one.kind for one in holders} == {"SecretV1"}
    systems = [one for department in city.inventory.departments.values() for one in department.systems.values()]
    assert len(holders) == sum(len(one.security.secrets) for one in systems)
    assert CANARY not in str(city.exports)


@pytest.mark.parametrize("department", ["approval", "bureau", "market", "police"])
def test_quotas_have_room_for_what_is_made(city: City, department: str) -> None:
    compute = city.named("QuotaSetV2", f"{department}-compute").inputs
    network = city.named("QuotaV2", f"{department}-network").inputs
    tenant = [one for one in city.resources if one.unit.partition("-")[0] == department]
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


@pytest.mark.slow
def test_outside_a_disposable_environment_what_holds_data_must_fail_rather_than_go(
    city: City, production: City
) -> None:
    assert city.protected == set()
    protected = production.protected
    assert {kind for kind, _ in protected} >= {"Volume", "Container", "SecretV1", "Instance"}
    assert ("Instance", "approval-elicence-database-1") in protected
    assert ("Volume", "approval-elicence-application-2-documents") in protected
    assert ("Instance", "approval-elicence-web-1") not in protected
    assert all(not one.inputs["forceDestroy"] for one in production.of("Container"))
