"""What is taken over is what the plan asks for and nothing else; what differs for good is written down, or left."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from govcloud.core.model.environment import Environment
from govcloud.deploy.adoption import chosen_of, server_entry, with_adopted
from govcloud.deploy.existing import Search, Wanted
from tests.sample import SAMPLE

ENVIRONMENT: Environment = SAMPLE.environments["lab"]
STACK = "urn:pulumi:lab-a-b::govcloud::govcloud:compute:TierServers$"


def _wanted(kind: str, name: str, **inputs: object) -> Wanted:
    folder = {"Instance": "compute/instance", "Volume": "blockstorage/volume", "VolumeAttach": "compute/volumeAttach"}
    place = folder.get(kind, f"networking/{kind[0].lower()}{kind[1:]}")
    return Wanted(f"{STACK}openstack:{place}:{kind}::{name}", inputs)


WANTED = [
    _wanted("Network", "a-data"),
    _wanted("Subnet", "a-data-ipv4", ipVersion=4.0, cidr="10.19.1.0/24"),
    _wanted("Port", "a-b-1", fixedIps=[{"ipAddress": "10.19.1.20"}, {"ipAddress": "fd00::14"}]),
    _wanted("Instance", "a-b-1", flavorName="f"),
    _wanted("Volume", "a-b-1-data"),
    _wanted("VolumeAttach", "a-b-1-data"),
]


def _cloud() -> Any:
    """Return a project in which all of it stands, under names of its own."""
    server = SimpleNamespace(
        id="s",
        name="old",
        status="ACTIVE",
        image=SimpleNamespace(id="i"),
        flavor=SimpleNamespace(original_name="old-flavor", name=""),
        key_name="old-key",
    )
    volume = SimpleNamespace(id="v", name="old-data", size=3, volume_type="slow", attachments=[{"server_id": "s"}])
    network = SimpleNamespace(id="n", name="old-net")
    subnet = SimpleNamespace(id="u", cidr="10.19.1.0/24", subnet_pool_id=None)
    port = SimpleNamespace(id="p", fixed_ips=[{"ip_address": "10.19.1.20", "subnet_id": "u"}])
    return SimpleNamespace(
        current_project_id="1",
        compute=SimpleNamespace(servers=lambda: iter([server])),
        block_storage=SimpleNamespace(volumes=lambda: iter([volume])),
        image=SimpleNamespace(find_image=lambda _: SimpleNamespace(name="old-image")),
        network=SimpleNamespace(
            networks=lambda **_: iter([network]),
            routers=lambda **_: iter([]),
            subnets=lambda **_: iter([subnet]),
            ports=lambda **_: iter([port]),
        ),
    )


NAMES = {"a-data": "old-net", "a-b-1": "old", "a-b-1-data": "old-data"}


def _search(cloud: Any, wanted: list[Wanted] = WANTED) -> Search:
    search = Search(cloud, NAMES)
    search.run(wanted)
    return search


def test_all_that_stands_there_is_found() -> None:
    search = _search(_cloud())
    assert search.reasons == []
    assert {kind: known for (kind, _), known in search.ids.items()} == {
        "Network": "n",
        "Subnet": "u",
        "Port": "p",
        "Instance": "s",
        "Volume": "v",
        "VolumeAttach": "s/v",
    }


@pytest.mark.parametrize(
    ("of", "kind", "change", "words"),
    [
        ("network", "subnets", {"cidr": "10.19.9.0/24"}, "Subnet a-data-ipv4: 10.19.9.0/24 cannot become 10.19.1.0/24"),
        ("network", "ports", {"fixed_ips": [{"ip_address": "10.19.1.77"}]}, "write its number as first_host"),
        ("compute", "servers", {"status": "ERROR"}, "Instance a-b-1: is ERROR"),
        (
            "block_storage",
            "volumes",
            {"attachments": [{"server_id": "x"}]},
            "is attached to a server that is not adopted",
        ),
    ],
)
def test_what_cannot_be_ours_is_left_alone_with_its_reason(
    of: str, kind: str, change: dict[str, object], words: str
) -> None:
    cloud = _cloud()
    part = getattr(cloud, of)
    (thing,) = getattr(part, kind)()
    vars(thing).update(change)
    setattr(part, kind, lambda **_: iter([thing]))
    search = _search(cloud)
    assert any(words in one for one in search.reasons), search.reasons
    # A server is never taken without its port: it would be made anew.
    assert ("Instance", "a-b-1") not in search.ids or ("Port", "a-b-1") in search.ids


def test_of_two_that_bear_a_name_neither_is_taken() -> None:
    cloud = _cloud()
    (volume,) = cloud.block_storage.volumes()
    cloud.block_storage.volumes = lambda: iter([volume, volume])
    assert _search(cloud).reasons == ["Volume a-b-1-data: there are 2 of that name"]


def test_a_server_that_has_to_stand_apart_is_left_alone() -> None:
    wanted = [*WANTED[:3], _wanted("Instance", "a-b-1", schedulerHints=[{"group": "g"}]), *WANTED[4:]]
    search = _search(_cloud(), wanted)
    assert "Instance" not in {kind for kind, _ in search.ids}
    assert "apart" in search.reasons[0]


def test_the_environment_says_what_cannot_be_changed_and_keeps_what_it_said() -> None:
    text = "title: x\nadopted:\n  servers:\n    c: {image: kept}\ndisposable: true\n"
    before = ENVIRONMENT.model_validate(
        {**ENVIRONMENT.model_dump(by_alias=True), "adopted": {"servers": {"c": {"image": "kept"}}}}
    )
    told = yaml.safe_load(with_adopted(text, before, _search(_cloud())))
    assert told == {
        "title": "x",
        "disposable": True,
        "adopted": {
            "networks": {"a-data": "old-net"},
            "servers": {
                "a-b-1": {"image": "old-image", "flavor": "old-flavor", "key_pair": "old-key"},
                "c": {"image": "kept"},
            },
            "volumes": {"a-b-1-data": {"size_gib": 3, "type": "slow"}},
        },
    }


def test_of_pulumis_list_only_what_is_there_is_imported() -> None:
    listed = [
        {"type": "govcloud:a", "name": "outer", "component": True},
        {"type": "govcloud:b", "name": "inner", "component": True, "parent": "outer"},
        {"type": "govcloud:c", "name": "other", "component": True},
        {"type": "openstack:networking/port:Port", "name": "x", "logicalName": "a-b-1", "parent": "inner"},
        {"type": "openstack:compute/instance:Instance", "name": "a-b-1", "parent": "inner"},
        {"type": "openstack:compute/keypair:Keypair", "name": "a-b-1", "parent": "other"},
    ]
    chosen = chosen_of(listed, {("Port", "a-b-1"): "p", ("Instance", "a-b-1"): "s"})
    assert [one["name"] for one in chosen] == ["outer", "inner", "x"]
    assert chosen[-1]["id"] == "p"


def test_a_server_stands_beside_its_port() -> None:
    port = {"id": "p", "urn": "port's", "parent": "tier", "provider": "one"}
    entry = server_entry(_wanted("Instance", "a-b-1", metadata={"unit": "a-b"}), "s", port)
    assert entry["inputs"]["networks"] == [{"port": "p"}]
    assert entry["inputs"]["metadata"] == {"unit": "a-b"}
    assert "metadata" not in entry["outputs"], "the plugin would believe that the server has its labels"
    assert (entry["parent"], entry["provider"], entry["dependencies"]) == ("tier", "one", ["port's"])
