"""What the bench makes in a cloud is gone afterwards, however it ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from govcloud.core.workspace import Workspace
from govcloud.deploy import clouds_file
from tests.conftest import City
from tests.peer.ground import ground
from tests.peer.sides import folder_of

pytestmark = pytest.mark.lab
NAME = "bench-of-a-test"


def test_an_interrupted_round_leaves_nothing(city: City, tmp_path: Path) -> None:
    here, ours = Workspace(city.root), folder_of(tmp_path / "ours")
    with pytest.raises(KeyboardInterrupt):
        _interrupted(here, ours)
    admin: Any = clouds_file.connect(here, "lab-admin")
    assert admin.identity.find_project(NAME) is None
    assert admin.identity.find_user(NAME) is None
    for kind in ("networks", "routers", "security_groups"):
        assert [one.name for one in getattr(admin.network, kind)() if one.name == NAME] == []


def _interrupted(here: Workspace, ours: Workspace) -> None:
    with ground(here, ours, NAME) as cloud:
        _fill(clouds_file.connect(ours, cloud))
        raise KeyboardInterrupt


def _fill(user: Any) -> None:
    """Make something of each service, and what cannot be removed before what uses it."""
    network = user.network.create_network(name=NAME)
    subnet = user.network.create_subnet(network_id=network.id, name=NAME, ip_version=4, cidr="10.80.0.0/24")
    router = user.network.create_router(name=NAME)
    user.network.add_interface_to_router(router, subnet_id=subnet.id)
    group = user.network.create_security_group(name=NAME)
    user.network.create_port(network_id=network.id, name=NAME, security_group_ids=[group.id])
    user.compute.create_server_group(name=NAME, policy="anti-affinity")
    user.block_storage.create_volume(name=NAME, size=1)
    user.object_store.create_container(NAME)
