"""What an interrupted update left is told from what others own, and from what was there before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.model.environment import Environment
from govcloud.core.model.units import Unit, units
from govcloud.core.workspace import Workspace
from govcloud.deploy import clouds_file, orphans, unfinished
from govcloud.deploy.events import Outcome, Planned
from govcloud.deploy.pulumi_cli import Pulumi
from govcloud.deploy.remedies import REMEDIES
from tests.sample import SAMPLE

NETWORK = "openstack:networking/network:Network"
RULE = "openstack:networking/secGroupRule:SecGroupRule"
SHARED = {
    "flavor": "openstack:compute/flavor:Flavor",
    "type": "openstack:blockstorage/volumeTypeV3:VolumeTypeV3",
    "project": "openstack:identity/project:Project",
}
LAB: Environment = SAMPLE.environments["lab"]
UNIT: Unit = units(SAMPLE, SAMPLE.environments["lab"])["approval"]
FOUNDATION: Unit = units(SAMPLE, SAMPLE.environments["lab"])["foundation"]


class _State(Pulumi):
    """Has a state, and notes what is done to it."""

    def text(self, *arguments: str, given: str = "") -> str:
        assert (arguments[1], given) == ("export", "")
        return (self.workspace.root / "state.json").read_text()

    def operate(self, verb: str, stack: str, *options: str) -> Outcome:
        (self.workspace.root / "told").write_text(" ".join((verb, stack, *options)))
        return Outcome(ok=True)


def _pulumi(root: Path, *pending: tuple[str, Mapping[str, Any]], known: str = "") -> Pulumi:
    notes = [
        {"type": "creating", "resource": {"urn": "urn", "type": kind, "inputs": dict(inputs)}}
        for kind, inputs in pending
    ]
    resources = [{"urn": "urn", "type": NETWORK, "id": known, "inputs": {"name": "approval-data"}}] if known else []
    deployment = {"resources": resources, "pending_operations": notes}
    (root / "state.json").write_text(json.dumps({"deployment": deployment}))
    return _State(Workspace(root))


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Give a cloud with some networks and rules, which notes what is removed."""
    removed: list[str] = []
    things = {
        "networks": [
            _thing("ours", "approval-data", tags=["unit=approval"]),
            _thing("half made", "approval-data", tags=[]),
            _thing("another unit's", "approval-data", tags=["unit=other"]),
            _thing("in the state", "approval-data", tags=["unit=approval"]),
            _thing("somebody's", "by-hand", tags=[]),
        ],
        "rules": [_rule("same", 5432), _rule("other port", 22), _rule("other side", 5432, remote="x")],
    }
    network = SimpleNamespace(
        networks=lambda project_id, name=(): [
            one for one in things["networks"] if project_id and (not name or one.name in name)
        ],
        delete_network=lambda one: (removed.append(one.id), things["networks"].remove(one)),
        security_group_rules=lambda security_group_id: list(things["rules"]) if security_group_id == "s" else [],
        delete_security_group_rule=lambda one: (removed.append(one.id), things["rules"].remove(one)),
        **dict.fromkeys(("ports", "security_groups", "subnets", "routers"), _nothing),
    )
    elsewhere = SimpleNamespace(
        **dict.fromkeys(("pools", "listeners", "load_balancers", "health_monitors", "secrets"), _nothing),
        **dict.fromkeys(("servers", "server_groups", "keypairs", "volumes"), _nothing),
    )
    made = SimpleNamespace(
        network=network,
        compute=elsewhere,
        block_storage=elsewhere,
        key_manager=elsewhere,
        load_balancer=elsewhere,
        current_project_id="p",
        removed=removed,
    )
    _connect_to(made, monkeypatch)
    return made


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Give a cloud with a flavor, a volume type and a project, which notes what is removed; `used` is what is not."""
    removed: list[str] = []
    used: dict[str, list[SimpleNamespace]] = {}
    things = {kind: [SimpleNamespace(id=f"a {kind}", name="drill")] for kind in SHARED}

    def listed(kind: str) -> Any:
        return lambda **_: list(things[kind])

    def remove(kind: str) -> Any:
        return lambda one: (removed.append(one.id), things[kind].remove(one))

    def in_use(what: str) -> Any:
        return lambda **_: used.get(what, [])

    made = SimpleNamespace(
        network=SimpleNamespace(subnet_pools=in_use("pools"), networks=in_use("networks"), ports=in_use("ports")),
        compute=SimpleNamespace(flavors=listed("flavor"), delete_flavor=remove("flavor"), servers=in_use("servers")),
        block_storage=SimpleNamespace(types=listed("type"), delete_type=remove("type"), volumes=in_use("volumes")),
        identity=SimpleNamespace(
            projects=listed("project"), delete_project=remove("project"), role_assignments=in_use("roles")
        ),
        image=SimpleNamespace(images=in_use("images")),
        current_project_id="admin",
        removed=removed,
        used=used,
    )
    _connect_to(made, monkeypatch)
    return made


def _connect_to(made: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clouds_file, "connect", lambda *_: made)
    monkeypatch.setattr(orphans, "_SECONDS_BETWEEN_LOOKS", 0)


def _nothing(**_: object) -> list[SimpleNamespace]:
    return []


def _thing(key: str, name: str, tags: list[str]) -> SimpleNamespace:
    return SimpleNamespace(id=key, name=name, tags=tags, created_at="2026-11-23T10:00:00Z")


def _rule(key: str, port: int, remote: str = "g") -> SimpleNamespace:
    return SimpleNamespace(
        id=key,
        name=None,
        tags=[],
        direction="ingress",
        ether_type="IPv4",
        protocol="tcp",
        port_range_min=port,
        port_range_max=port,
        remote_group_id=remote,
        remote_ip_prefix=None,
    )


def _search(pulumi: Pulumi, said: list[str] | None = None, unit: Unit = UNIT) -> orphans.Search:
    return orphans.Search(pulumi=pulumi, environment=LAB, unit=unit, tell=[].append if said is None else said.append)


def _unfinished(pulumi: Pulumi, began: str, until: str, unit: Unit = UNIT) -> None:
    file = pulumi.workspace.lab / "unfinished" / f"lab-{unit.name}"
    file.parent.mkdir(parents=True)
    file.write_text(f"2026-11-23T{began}+00:00 2026-11-23T{until}+00:00")


PLANNED = Planned("urn", NETWORK, {"name": "approval-data"})


def test_nothing_is_looked_for_where_nothing_is_made_and_nothing_was_interrupted(
    tmp_path: Path, cloud: SimpleNamespace
) -> None:
    assert _search(_pulumi(tmp_path)).settle([]) == 0
    assert cloud.removed == []
    assert not (tmp_path / "told").exists()


def test_only_what_is_ours_and_unknown_to_the_state_goes(tmp_path: Path, cloud: SimpleNamespace) -> None:
    pulumi, said = _pulumi(tmp_path, (NETWORK, {"name": "approval-data"}), known="in the state"), []
    assert _search(pulumi, said).settle([]) == 2
    assert cloud.removed == ["ours", "half made"]
    assert (tmp_path / "told").read_text().startswith("refresh lab-approval")
    assert "removing Network approval-data (ours): Pulumi was killed while it made this" in said[1]


def test_what_an_update_made_that_did_not_end_well_goes_without_a_note_of_pulumis(
    tmp_path: Path, cloud: SimpleNamespace
) -> None:
    pulumi = _pulumi(tmp_path, known="in the state")
    _unfinished(pulumi, "09:59:59", "10:00:01")
    assert _search(pulumi).settle([PLANNED]) == 2
    assert cloud.removed == ["ours", "half made"]


@pytest.mark.parametrize(("began", "until"), [("10:00:01", "23:00:00"), ("00:00:00", "09:59:59")])
def test_what_was_made_at_another_time_stays_and_nothing_is_made_beside_it(
    tmp_path: Path, cloud: SimpleNamespace, began: str, until: str
) -> None:
    pulumi = _pulumi(tmp_path, known="in the state")
    _unfinished(pulumi, began, until)
    with pytest.raises(GovcloudError, match="approval-data") as refused:
        _search(pulumi).settle([PLANNED])
    assert refused.value.status is Exit.SAFETY_RULE
    assert cloud.removed == []


def test_what_is_there_before_a_first_update_stays_and_nothing_is_made_beside_it(
    tmp_path: Path, cloud: SimpleNamespace
) -> None:
    with pytest.raises(GovcloudError, match="nothing is made beside it"):
        _search(_pulumi(tmp_path)).settle([PLANNED])
    assert cloud.removed == []


RULE_INPUTS = {
    "securityGroupId": "s",
    "direction": "ingress",
    "ethertype": "IPv4",
    "protocol": "tcp",
    "portRangeMin": 5432.0,
    "portRangeMax": 5432.0,
    "remoteGroupId": "g",
}


def test_a_rule_is_known_by_all_that_it_says(tmp_path: Path, cloud: SimpleNamespace) -> None:
    pulumi = _pulumi(tmp_path)
    _unfinished(pulumi, "09:00:00", "09:30:00")
    cloud.network.networks = _nothing
    assert _search(pulumi).settle([Planned("urn", RULE, RULE_INPUTS)]) == 1
    assert cloud.removed == ["same"]


@pytest.mark.usefixtures("cloud")
def test_a_rule_of_a_group_that_is_not_there_yet_is_not_looked_for(tmp_path: Path) -> None:
    unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    assert _search(_pulumi(tmp_path)).settle([Planned("urn", RULE, {**RULE_INPUTS, "securityGroupId": unknown})]) == 0


@pytest.mark.usefixtures("cloud")
def test_a_type_that_may_be_asked_for_twice_is_only_cleared(tmp_path: Path) -> None:
    pulumi = _pulumi(tmp_path, ("openstack:networking/quotaV2:QuotaV2", {"network": 5.0}), known="in the state")
    _unfinished(pulumi, "09:00:00", "11:00:00")
    _search(pulumi).settle([])
    assert (tmp_path / "told").exists()


@pytest.mark.parametrize("kind", SHARED)
def test_what_is_made_for_all_goes_after_a_lost_answer_if_it_holds_nothing(
    tmp_path: Path, platform: SimpleNamespace, kind: str
) -> None:
    pulumi, said = _pulumi(tmp_path, known="in the state"), []
    _unfinished(pulumi, "09:00:00", "11:00:00", FOUNDATION)
    planned = Planned("urn", SHARED[kind], {"name": "drill"})
    assert _search(pulumi, said, FOUNDATION).settle([planned]) == 1
    assert platform.removed == [f"a {kind}"]
    assert "it holds nothing" in said[1]


@pytest.mark.parametrize("kind", SHARED)
def test_what_is_made_for_all_stays_where_no_update_was_interrupted(
    tmp_path: Path, platform: SimpleNamespace, kind: str
) -> None:
    planned = Planned("urn", SHARED[kind], {"name": "drill"})
    with pytest.raises(GovcloudError, match="nothing is made beside it"):
        _search(_pulumi(tmp_path), unit=FOUNDATION).settle([planned])
    assert platform.removed == []


@pytest.mark.parametrize(
    ("kind", "use"),
    [
        ("flavor", "servers"),
        ("type", "volumes"),
        *(("project", use) for use in ("roles", "servers", "volumes", "networks", "ports", "images")),
    ],
)
def test_what_is_made_for_all_stays_once_anything_uses_it(
    tmp_path: Path, platform: SimpleNamespace, kind: str, use: str
) -> None:
    pulumi = _pulumi(tmp_path)
    _unfinished(pulumi, "09:00:00", "11:00:00", FOUNDATION)
    platform.used[use] = [SimpleNamespace(volume_type="drill")]
    with pytest.raises(GovcloudError, match="drill"):
        _search(pulumi, unit=FOUNDATION).settle([Planned("urn", SHARED[kind], {"name": "drill"})])
    assert platform.removed == []


def test_times_of_updates_that_did_not_end_well_add_up(tmp_path: Path) -> None:
    moment = datetime(2026, 11, 23, 10, tzinfo=UTC)
    at: list[datetime] = [moment]
    session: Any = SimpleNamespace()
    session.auth = SimpleNamespace(get_access=lambda _: SimpleNamespace(issued=at[0]))
    cloud: Any = SimpleNamespace(session=session)
    workspace = Workspace(tmp_path)
    unfinished.begin(workspace, "s", cloud)  # and is killed
    killed = unfinished.window(workspace, "s")
    assert killed is not None
    assert killed.holds(moment + timedelta(hours=20))
    at[0] = moment + timedelta(hours=1)
    begun = unfinished.begin(workspace, "s", cloud)
    unfinished.failed(workspace, "s", begun, 60)
    both = unfinished.window(workspace, "s")
    assert both is not None
    assert both.holds(moment)
    assert both.holds(moment + timedelta(hours=1, minutes=2))
    assert not both.holds(moment + timedelta(hours=2))
    unfinished.forget(workspace, "s")
    assert unfinished.window(workspace, "s") is None


@pytest.mark.parametrize(
    ("kind", "names", "asked"),
    [
        ("compute/instance:Instance", {"a-b-web-1", "a-b-web-2"}, {"name": "^a-b-web-"}),
        ("compute/instance:Instance", {"a-one", "b-two"}, {}),
        ("compute/instance:Instance", set(), {}),
        ("networking/port:Port", {"a-b-web-2", "a-b-web-1"}, {"project_id": "p", "name": ["a-b-web-1", "a-b-web-2"]}),
        ("networking/port:Port", set(), {"project_id": "p"}),
    ],
)
def test_a_cloud_is_asked_for_names_where_it_can_be(kind: str, names: set[str], asked: dict[str, object]) -> None:
    seen: list[dict[str, object]] = []
    service = SimpleNamespace(servers=lambda **query: seen.append(query), ports=lambda **query: seen.append(query))
    cloud: Any = SimpleNamespace(compute=service, network=service, current_project_id="p")
    listed = REMEDIES[f"openstack:{kind}"].listed
    assert listed
    listed(cloud, names)
    assert seen == [asked]
