"""The cloud's books are read out of the SDK's own resources, with the access that sees most; who refuses is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from openstack.exceptions import SDKException
from openstack.load_balancer.v2.listener import Listener
from openstack.load_balancer.v2.load_balancer import LoadBalancer
from openstack.network.v2.floating_ip import FloatingIP
from openstack.network.v2.port import Port
from openstack.network.v2.security_group import SecurityGroup
from openstack.network.v2.security_group_rule import SecurityGroupRule

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.model.tenancy import GivenProject, Tenancy
from govcloud.core.workspace import Workspace
from govcloud.deploy import clouds_file
from govcloud.verify import cloud, guests
from tests.sample import SAMPLE

LAB = SAMPLE.environments["lab"]
# As the services answer.
PORT: dict[str, Any] = {
    "id": "p",
    "device_owner": "compute:nova",
    "device_id": "s",
    "fixed_ips": [
        {"subnet_id": "n", "ip_address": "10.16.1.20"},
        {"subnet_id": "m", "ip_address": "fd00:1301:1:1::14"},
    ],
    "port_security_enabled": False,
    "allowed_address_pairs": [{"mac_address": "fa:16:3e:0:0:1", "ip_address": "10.19.1.20"}],
    "security_groups": ["g"],
}
RULE: dict[str, Any] = {
    "id": "r",
    "security_group_id": "g",
    "direction": "ingress",
    "ethertype": "IPv6",
    "protocol": "tcp",
    "port_range_min": 80,
    "port_range_max": 81,
    "remote_group_id": None,
    "remote_ip_prefix": "::/0",
}
CATALOGUE = {
    "identity": [{"url": "http://198.18.7.2:5000"}],
    "image": [{"url": "https://198.18.7.3/image"}],
    "compute": [{"url": "https://cloud.example/compute"}],
}


def connection() -> SimpleNamespace:
    access = SimpleNamespace(
        service_catalog=SimpleNamespace(get_endpoints=lambda interface: {"public": CATALOGUE}[interface])
    )
    return SimpleNamespace(
        network=SimpleNamespace(
            ports=lambda: [Port.existing(**PORT)],
            security_groups=lambda: [SecurityGroup.existing(id="g", name="approval-elicence-web")],
            security_group_rules=lambda: [SecurityGroupRule.existing(**RULE)],
            ips=lambda: [
                FloatingIP.existing(floating_ip_address="198.19.7.10", fixed_ip_address="10.20.1.10"),
                FloatingIP.existing(floating_ip_address="198.19.7.11", fixed_ip_address=None),
            ],
        ),
        load_balancer=SimpleNamespace(
            load_balancers=lambda: [LoadBalancer.existing(id="b", vip_address="10.16.1.10")],
            listeners=lambda: [
                Listener.existing(loadbalancers=[{"id": "b"}], protocol_port=80),
                Listener.existing(loadbalancers=[{"id": "b"}], protocol_port=443),
            ],
        ),
        session=SimpleNamespace(auth=SimpleNamespace(get_access=lambda _: access)),
    )


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note which accesses are used."""
    names: list[str] = []

    @contextmanager
    def connect(_: Workspace, name: str) -> Iterator[Any]:
        names.append(name)
        if "market" in name:
            raise SDKException("expired")
        yield connection()

    monkeypatch.setattr(clouds_file, "connect", connect)
    return names


def test_everything_is_read_as_plain_values(asked: list[str], tmp_path: Path) -> None:
    laid = cloud.look(Workspace(tmp_path), LAB, {"approval", "bureau"})
    assert asked == ["lab-admin"]
    assert laid.ports == [
        cloud.Port(
            id="p",
            owner="compute:nova",
            device="s",
            addresses=("10.16.1.20", "fd00:1301:1:1::14"),
            secured=False,
            pairs=("10.19.1.20",),
            groups=("g",),
        )
    ]
    assert laid.rules == [
        cloud.GroupRule(
            group="g",
            direction="ingress",
            family=6,
            protocol="tcp",
            first=80,
            last=81,
            remote_group=None,
            remote_range="::/0",
        )
    ]
    assert laid.group_names == {"g": "approval-elicence-web"}
    assert laid.floating == {"198.19.7.10": "10.20.1.10"}
    assert laid.listeners == {"10.16.1.10": {80, 443}}
    assert laid.apis == {
        "identity": ("198.18.7.2", 5000),
        "image": ("198.18.7.3", 443),
        "compute": ("cloud.example", 443),
    }
    assert laid.unseen == {}


def test_where_nobody_administers_each_department_is_asked(asked: list[str], tmp_path: Path) -> None:
    projects = {key: GivenProject(project=key) for key in ("approval", "market")}
    given = LAB.model_copy(update={"tenancy": Tenancy(projects=projects)})
    laid = cloud.look(Workspace(tmp_path), given, set(projects))
    assert asked == ["lab-approval", "lab-market"]
    assert len(laid.ports) == 1
    assert cloud.refused(laid) == ["lab-market could not be asked: the cloud says: expired"]


def test_a_city_that_was_never_built_cannot_be_asked() -> None:
    with pytest.raises(GovcloudError, match="Fix: govcloud deploy --apply") as caught:
        guests.host_list(Workspace.here(), "nowhere")
    assert caught.value.status == Exit.COULD_NOT_CHECK
