"""Where a provider gives the projects, nothing is asked for that needs an administrator."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from govcloud.core.model.inventory import Inventory, load
from govcloud.core.model.tenancy import GivenProject, Tenancy
from govcloud.core.model.units import units
from tests.sample import SAMPLE
from tests.stacks.city_under_mocks import City, build_city

ZONES = ("internet", "extranet", "data", "management")
OF_AN_ADMINISTRATOR = {
    "Flavor",
    "Project",
    "Quota",
    "QuotaSetV2",
    "QuotaV2",
    "QuoteSetV3",
    "SubnetPool",
    "VolumeTypeV3",
}


def _given(*, networks: bool) -> Inventory:
    named = {zone: f"their-{zone}" for zone in ZONES} if networks else {}
    tenancy = Tenancy(
        projects={"approval": GivenProject(project="theirs", networks=named)},
        flavors={"small": "their-small"},
        volume_types={"standard": "their-disks"},
    )
    lab = SAMPLE.environments["lab"].model_copy(update={"tenancy": tenancy})
    return replace(SAMPLE, environments={"lab": lab})


@pytest.fixture(scope="module", params=[False, True], ids=["own networks", "given networks"])
def city(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> City:
    return build_city(_given(networks=request.param), tmp_path_factory.mktemp("checkout"))


def test_there_is_no_foundation_and_nobody_else(city: City) -> None:
    built = units(city.inventory, city.inventory.environments["lab"])
    assert set(built) == {"approval", "approval-elicence", "approval-cases"}
    assert built["approval"].needs == ()


def test_nothing_is_asked_for_that_needs_an_administrator(city: City) -> None:
    assert {one.kind for one in city.resources} & OF_AN_ADMINISTRATOR == set()
    assert all("subnetpoolId" not in one.inputs for one in city.of("Subnet"))


def test_networks_are_all_made_or_all_looked_up(city: City) -> None:
    tenancy = city.inventory.environments["lab"].tenancy
    assert tenancy
    made = {one.kind for one in city.resources} & {"Network", "Subnet", "Router", "RouterInterface"}
    assert len(made) == (0 if tenancy.projects["approval"].networks else 4)


def test_flavors_and_volume_types_have_the_providers_names(city: City) -> None:
    assert city.named("Instance", "approval-bastion").inputs["flavorName"] == "their-small"
    assert city.named("Instance", "approval-elicence-application-1").inputs["flavorName"] == "SCS-1V-1-2"
    assert {one.inputs["volumeType"] for one in city.of("Volume")} == {"their-disks"}


def test_a_small_city_of_another_cloud_has_no_fault() -> None:
    inventory = load(Path(__file__).parents[1] / "data" / "foreign")
    assert set(inventory.environments) == {"given", "own"}
