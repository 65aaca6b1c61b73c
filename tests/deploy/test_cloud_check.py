"""What a cloud lacks is said with its remedy; what may not be looked at is never called well."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from openstack.exceptions import ForbiddenException, SDKException

from govcloud.core.model.quotas import department_quota
from govcloud.deploy.cloud_check import EXTENSIONS, Finding, limits, look
from govcloud.deploy.credentials import ROLES
from tests.sample import SAMPLE

ENVIRONMENT = SAMPLE.environments["lab"]
NETWORK = SimpleNamespace(id="1", is_router_external=True)


def _cloud(*roles: str, project: str = "approval") -> Any:
    """Return a cloud that has everything, as somebody with these roles sees it."""
    access = SimpleNamespace(role_names=list(roles), project_name=project, project_id="1")
    auth = SimpleNamespace(get_access=lambda _: access)
    sizes = {size.flavor: size for size in SAMPLE.sizes(ENVIRONMENT).values()}
    flavors = [SimpleNamespace(name=name, vcpus=size.vcpus, ram=size.memory_mib) for name, size in sizes.items()]
    unlimited = dict.fromkeys(
        ("networks", "subnets", "ports", "routers", "floating_ips", "security_groups", "security_group_rules"), -1
    )
    volumes = SimpleNamespace(absolute=SimpleNamespace(max_total_volumes=999, max_total_volume_gigabytes=9999))
    compute = {"max_total_instances": 999, "max_total_cores": 999, "max_total_ram_size": 10**7}
    return SimpleNamespace(
        session=SimpleNamespace(auth=auth),
        has_service=lambda _: True,
        get_compute_limits=lambda: compute,
        identity=SimpleNamespace(roles=lambda: [SimpleNamespace(name=role) for role in ROLES]),
        network=SimpleNamespace(
            extensions=lambda: [SimpleNamespace(alias=alias) for alias in EXTENSIONS],
            find_network=lambda _: NETWORK,
            subnets=lambda network_id: [SimpleNamespace(ip_version=4), SimpleNamespace(ip_version=6)],
            get_quota=lambda _: SimpleNamespace(**unlimited),
        ),
        compute=SimpleNamespace(flavors=lambda: flavors),
        block_storage=SimpleNamespace(
            types=lambda: [SimpleNamespace(name=name) for name in ENVIRONMENT.volume_types], get_limits=lambda: volumes
        ),
        image=SimpleNamespace(find_image=lambda name: SimpleNamespace(name=name, status="active")),
    )


def _lacks(cloud: Any) -> list[Finding]:
    return [one for one in look(cloud, SAMPLE, ENVIRONMENT) if one.verdict != "conform"]


@pytest.mark.parametrize("roles", [("admin",), ROLES])
def test_a_cloud_that_has_all_lacks_nothing(roles: tuple[str, ...]) -> None:
    assert _lacks(_cloud(*roles)) == []


@pytest.mark.parametrize(
    ("rule", "of", "name", "instead"),
    [
        ("service", "", "has_service", lambda name: name != "load-balancer"),
        ("extension", "network", "extensions", lambda: [SimpleNamespace(alias="router")]),
        ("external network", "network", "find_network", lambda _: None),
        ("external network", "network", "find_network", lambda _: SimpleNamespace(id="1", is_router_external=False)),
        ("external network", "network", "subnets", lambda network_id: [SimpleNamespace(ip_version=4)]),
        ("flavor", "compute", "flavors", list),
        ("image", "image", "find_image", lambda _: None),
        ("image", "image", "find_image", lambda _: SimpleNamespace(status="queued")),
        ("volume type", "block_storage", "types", list),
        (
            "quota",
            "",
            "get_compute_limits",
            lambda: {"max_total_instances": 1, "max_total_cores": -1, "max_total_ram_size": -1},
        ),
    ],
)
def test_what_is_lacking_is_said_with_its_remedy(rule: str, of: str, name: str, instead: object) -> None:
    cloud = _cloud(*ROLES)
    setattr(getattr(cloud, of) if of else cloud, name, instead)
    lacks = _lacks(cloud)
    assert {(one.rule, one.verdict) for one in lacks} == {(rule, "nonconform")}
    assert all(one.reason and one.remedy for one in lacks)


def test_a_flavor_of_another_shape_is_not_the_flavor() -> None:
    cloud = _cloud("admin")
    cloud.compute.flavors()[0].ram += 1
    (lack,) = _lacks(cloud)
    assert (lack.rule, lack.verdict) == ("flavor", "nonconform")


def test_what_the_foundation_makes_is_no_lack_to_an_administrator() -> None:
    cloud = _cloud("admin")
    cloud.compute.flavors = list
    cloud.block_storage.types = list
    assert _lacks(cloud) == []


@pytest.mark.parametrize("error", [ForbiddenException("no"), SDKException("it hangs")])
def test_what_may_not_be_looked_at_is_not_tested(error: Exception) -> None:
    def refuses(_: str) -> None:
        raise error

    cloud = _cloud("admin")
    cloud.image.find_image = refuses
    assert [(one.rule, one.verdict) for one in _lacks(cloud)] == [("image", "not_tested")]


def test_quotas_are_those_of_a_departments_own_project() -> None:
    rules = {one.rule for one in look(_cloud(*ROLES, project="elsewhere"), SAMPLE, ENVIRONMENT)}
    assert "quota" not in rules


def test_every_limit_that_is_read_is_one_that_is_needed() -> None:
    assert set(limits(_cloud(*ROLES), "1")) <= set(
        vars(department_quota(SAMPLE, ENVIRONMENT, SAMPLE.departments["approval"]))
    )
