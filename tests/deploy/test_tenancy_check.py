"""What a provider has not given is said for each department, with its remedy."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from openstack.exceptions import SDKException

from govcloud.core.model.department import Department
from govcloud.core.model.tenancy import GivenProject
from govcloud.deploy.tenancy_check import _networks, _refused
from tests.sample import SAMPLE

DEPARTMENT: Department = SAMPLE.departments["approval"]
BLOCK = DEPARTMENT.networks["data"]
GIVEN = GivenProject(project="theirs", networks={"data": "their-data"})


def _cloud() -> Any:
    """Return a project in which the network is as it has to be."""
    subnets = [SimpleNamespace(id=str(one), cidr=str(one)) for one in (BLOCK.ipv4, BLOCK.ipv6)]
    ports = [
        SimpleNamespace(device_owner="network:router_interface", fixed_ips=[{"subnet_id": one.id}]) for one in subnets
    ]
    access = SimpleNamespace(project_name="theirs", role_names=["member"])
    return SimpleNamespace(
        session=SimpleNamespace(auth=SimpleNamespace(get_access=lambda _: access)),
        current_project_id="1",
        network=SimpleNamespace(
            find_network=lambda _: SimpleNamespace(id="n", project_id="1"),
            subnets=lambda network_id: subnets,
            ports=lambda network_id: ports,
        ),
    )


def test_a_network_that_is_as_it_has_to_be_lacks_nothing() -> None:
    assert {one.verdict for one in _networks(_cloud(), DEPARTMENT, GIVEN)} == {"conform"}
    assert _refused(_cloud(), GIVEN) is None


@pytest.mark.parametrize(
    ("name", "instead", "words"),
    [
        ("find_network", lambda _: None, "missing"),
        ("find_network", lambda _: SimpleNamespace(id="n", project_id="2"), "belongs to another project"),
        ("subnets", lambda network_id: [], "has no such subnet"),
        ("ports", lambda network_id: [], "no router joins it"),
    ],
)
def test_what_is_wrong_with_a_given_network_is_said(name: str, instead: Callable[..., Any], words: str) -> None:
    cloud = _cloud()
    setattr(cloud.network, name, instead)
    lacks = [one for one in _networks(cloud, DEPARTMENT, GIVEN) if one.verdict == "nonconform"]
    assert lacks
    assert all(words in one.reason and one.remedy for one in lacks)


def test_a_project_that_the_access_does_not_open_is_said() -> None:
    def closed(_: object) -> None:
        raise SDKException("The request you have made requires authentication.")

    cloud = _cloud()
    cloud.session.auth.get_access = closed
    refused = _refused(cloud, GIVEN)
    assert refused
    assert "does not open it" in refused.reason
    refused = _refused(_cloud(), GivenProject(project="elsewhere"))
    assert refused
    assert refused.reason == "your access is one to theirs"
