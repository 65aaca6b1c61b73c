"""The border router under mocks: which leg stands where, what each lets through, and what the router is told."""

from __future__ import annotations

import pytest

from govcloud.core.model.outputs import UnitOutputs
from govcloud.core.model.units import units
from tests.sample import SAMPLE
from tests.stacks.city_under_mocks import City, build_unit, write_operator_key

LAB = SAMPLE.environments["lab"]
PROVINCE = {"10.32.0.0/16", "fd00:1300::/32"}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    root, built = tmp_path_factory.mktemp("uplink"), City(SAMPLE)
    write_operator_key(SAMPLE, root)
    known = units(SAMPLE, LAB)
    for name in ("foundation", "bureau", "uplink"):
        build_unit(built, known[name], root, preview=False)
    return built


def test_the_first_leg_has_the_way_out_and_the_second_alone_passes_the_province_on(city: City) -> None:
    router = city.named("Instance", "uplink-border")
    assert [one["port"] for one in router.inputs["networks"]] == ["uplink-border-id", "uplink-border-inside-id"]
    outer, inner = city.named("Port", "uplink-border"), city.named("Port", "uplink-border-inside")
    assert (outer.inputs["networkId"], inner.inputs["networkId"]) == ("bureau-uplink-id", "bureau-exchange-id")
    assert not outer.inputs.get("allowedAddressPairs")
    assert {one["ipAddress"] for one in inner.inputs["allowedAddressPairs"]} == PROVINCE
    assert outer.inputs["securityGroupIds"] == ["bureau-uplink-id", "uplink-border-tunnel-id"]
    assert inner.inputs["securityGroupIds"] == ["uplink-border-inside-id"]


def test_a_leg_lets_through_what_the_flows_list_and_nothing_else(city: City) -> None:
    found = {
        (
            one.inputs["securityGroupId"],
            one.inputs["direction"],
            one.inputs["remoteIpPrefix"],
            one.inputs["portRangeMin"],
        )
        for one in city.of("SecGroupRule")
        if one.unit == "uplink"
    }
    exchange = ("10.18.2.0/24", "fd00:1301:3:2::/64")
    assert found == {("uplink-border-tunnel-id", "egress", "198.18.0.2/32", 51820)} | {
        ("uplink-border-inside-id", direction, one, 8443) for direction in ("ingress", "egress") for one in exchange
    }


def test_the_exchange_zone_and_no_other_reaches_the_province(city: City) -> None:
    groups = {
        (one.inputs["securityGroupId"], one.inputs["direction"])
        for one in city.of("SecGroupRule")
        if one.inputs.get("remoteIpPrefix") in PROVINCE
    }
    assert groups == {("bureau-exchange-id", "ingress"), ("bureau-exchange-id", "egress")}


def test_the_router_is_told_where_its_keys_are_and_no_key(city: City) -> None:
    told = UnitOutputs.model_validate(city.exports["uplink"]).border_router
    assert told is not None
    assert (told.as_number, told.neighbour_as, told.endpoint) == (64512, 64600, "198.18.0.2:51820")
    assert told.addresses == ("10.21.255.1/30", "fd00:1301:6:ff::1/64")
    assert told.neighbours == ("10.21.255.2", "fd00:1301:6:ff::2")
    assert told.inside == ("10.18.2.10", "fd00:1301:3:2::a")
    assert told.ports == (8443,)
    assert {told.key, told.neighbour_key} == {".lab/secrets/uplink_wireguard", ".lab/secrets/province_wireguard.pub"}


def test_without_a_way_to_the_province_there_is_no_router() -> None:
    assert "uplink" not in units(SAMPLE, LAB.model_copy(update={"uplink": None}))
    assert "uplink" not in units(SAMPLE, SAMPLE.environments["production"])
