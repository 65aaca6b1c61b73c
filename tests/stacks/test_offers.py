"""Flavors and volume types say of themselves what the standards of SCS ask for."""

from __future__ import annotations

import re

import pytest

from govcloud.core.model.environment import VolumeType
from govcloud.core.model.units import units
from stacks.components.offers import _volume_description
from tests.sample import SAMPLE
from tests.stacks.city_under_mocks import City, Made, build_unit, write_operator_key

# SCS-0100: vCPUs and their kind, memory in GiB, disk in GiB.
NAME = re.compile(r"SCS-(?P<cpus>\d+)V-(?P<memory>\d+(\.5)?)(-(?P<disk>\d+))?")


@pytest.fixture(scope="module")
def flavors(tmp_path_factory: pytest.TempPathFactory) -> list[Made]:
    inventory, root = SAMPLE, tmp_path_factory.mktemp("offers")
    write_operator_key(inventory, root)
    city = City(inventory)
    build_unit(city, units(inventory, inventory.environments["lab"])["foundation"], root, preview=False)
    return list(city.of("Flavor"))


def test_a_flavors_name_is_what_it_is(flavors: list[Made]) -> None:
    assert len(flavors) > 2
    for flavor in flavors:
        name = NAME.fullmatch(str(flavor.inputs["name"]))
        assert name, flavor.inputs["name"]
        assert int(name["cpus"]) == flavor.inputs["vcpus"]
        assert float(name["memory"]) * 1024 == flavor.inputs["ram"]
        assert int(name["disk"] or 0) == flavor.inputs["disk"]


def test_a_flavor_tells_its_names_and_its_cpus(flavors: list[Made]) -> None:
    """SCS-0103 asks for these three of every standard flavor."""
    for flavor in flavors:
        specs = flavor.inputs["extraSpecs"]
        assert set(specs) == {"scs:name-v1", "scs:name-v2", "scs:cpu-type"}
        assert specs["scs:name-v2"] == flavor.inputs["name"]
        assert specs["scs:name-v1"] == re.sub(r"(?<=V)-|(?<=\d)-(?=\d)", ":", str(flavor.inputs["name"]))
        assert specs["scs:cpu-type"] == "shared-core"


@pytest.mark.parametrize(
    ("specs", "told"),
    [
        ({}, "普通"),
        ({"scs:encrypted": "true"}, "[scs:encrypted] 普通"),
        ({"scs:replicated": "true", "scs:encrypted": "true"}, "[scs:encrypted, scs:replicated] 普通"),
        ({"scs:encrypted": "false", "volume_backend_name": "true"}, "普通"),
    ],
)
def test_a_volume_type_begins_with_what_it_fulfils(specs: dict[str, str], told: str) -> None:
    assert _volume_description(VolumeType(title="普通", extra_specs=specs)) == told


def test_production_declares_its_volumes_encrypted() -> None:
    kinds = SAMPLE.environments["production"].volume_types
    assert all(_volume_description(kind).startswith("[scs:encrypted") for kind in kinds.values())
