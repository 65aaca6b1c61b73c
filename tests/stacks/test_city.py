"""The sample city under mocks: what is made, with which labels, and who may reach whom."""

from __future__ import annotations

from pathlib import Path

import pytest
from govcloud.core.model.inventory import load
from govcloud.core.model.outputs import UnitOutputs
from govcloud.core.workspace import Workspace

from tests.stacks.city_under_mocks import CONFIG_SECRET, City, build_city

LABELS = {"city", "unit", "system", "tier", "zone", "level", "owner", "xinchuang"}
# What OpenStack gives no place for labels, or what has one meaning for all: rules, joints, quotas, offers.
UNLABELLED = {
    "Flavor",
    "FloatingIpAssociate",
    "Keypair",
    "Monitor",
    "Quota",
    "QuotaSetV2",
    "QuotaV2",
    "QuoteSetV3",
    "Role",
    "RouterInterface",
    "SecGroupRule",
    "ServerGroup",
    "VolumeAttach",
    "VolumeTypeV3",
}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    return build_city(load(Workspace.here().inventory), tmp_path_factory.mktemp("checkout"))


def test_counts(city: City) -> None:
    print({one.unit: sum(1 for x in city.resources if x.unit == one.unit) for one in city.resources})
    assert len(city.resources) >= 60
    assert len(list(city.of("compute/Instance"))) >= 7


def test_export_has_the_shape_of_the_contract(city: City) -> None:
    for name, export in city.exports.items():
        assert UnitOutputs.model_validate(export).unit == name
