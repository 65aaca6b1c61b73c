"""What a killed update left is told from what others own, by what Pulumi was going to ask for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from govcloud.core.model.environment import Environment
from govcloud.core.model.inventory import load
from govcloud.core.model.units import Unit, units
from govcloud.core.workspace import Workspace
from govcloud.deploy import clouds_file, orphans
from govcloud.deploy.pulumi_cli import Outcome, Pulumi

NETWORK = "openstack:networking/network:Network"
RULE = "openstack:networking/secGroupRule:SecGroupRule"
INVENTORY = load(Workspace.here().inventory)
LAB: Environment = INVENTORY.environments["lab"]
UNIT: Unit = units(INVENTORY, INVENTORY.environments["lab"])["approval"]


class _State(Pulumi):
    """Has a state, and notes what is done to it."""

    def text(self, *arguments: str, given: str = "") -> str:
        assert (arguments[1], given) == ("export", "")
        return (self.workspace.root / "state.json").read_text()

    def operate(self, verb: str, stack: str, *options: str) -> Outcome:
        (self.workspace.root / "told").write_text(" ".join((verb, stack, *options)))
        return Outcome(ok=True)


def _pulumi(root: Path, *pending: tuple[str, Mapping[str, Any]], known: str = "") -> Pulumi:
    notes = [{"type": "creating", "resource": {"type": kind, "inputs": dict(inputs)}} for kind, inputs in pending]
    deployment = {"resources": [{"id": known}], "pending_operations": notes}
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
            _thing("of another name", "approval-web", tags=["unit=approval"]),
        ],
        "rules": [_rule("same", 5432), _rule("other port", 22), _rule("other side", 5432, remote="x")],
    }
    network = SimpleNamespace(
        networks=lambda name, project_id: [one for one in things["networks"] if project_id and one.name == name],
        delete_network=lambda one: (removed.append(one.id), things["networks"].remove(one)),
        security_group_rules=lambda security_group_id: list(things["rules"]) if security_group_id else [],
        delete_security_group_rule=lambda one: (removed.append(one.id), things["rules"].remove(one)),
    )
    made = SimpleNamespace(network=network, current_project_id="p", removed=removed)
    monkeypatch.setattr(clouds_file, "connect", lambda *_: made)
    monkeypatch.setattr(orphans, "_SECONDS_BETWEEN_LOOKS", 0)
    return made


def _thing(key: str, name: str, tags: list[str]) -> SimpleNamespace:
    return SimpleNamespace(id=key, name=name, tags=tags)


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


def test_a_state_without_notes_is_left_alone(tmp_path: Path, cloud: SimpleNamespace) -> None:
    assert orphans.settle(_pulumi(tmp_path), LAB, UNIT, print) == 0
    assert cloud.removed == []
    assert not (tmp_path / "told").exists()


def test_only_what_is_ours_and_unknown_to_the_state_goes(tmp_path: Path, cloud: SimpleNamespace) -> None:
    pulumi = _pulumi(tmp_path, (NETWORK, {"name": "approval-data"}), known="in the state")
    assert orphans.settle(pulumi, LAB, UNIT, print) == 2
    assert cloud.removed == ["ours", "half made"]
    assert (tmp_path / "told").read_text().startswith("refresh lab-approval")


def test_a_rule_is_known_by_all_that_it_says(tmp_path: Path, cloud: SimpleNamespace) -> None:
    inputs = {
        "securityGroupId": "s",
        "direction": "ingress",
        "ethertype": "IPv4",
        "protocol": "tcp",
        "portRangeMin": 5432.0,
        "portRangeMax": 5432.0,
        "remoteGroupId": "g",
    }
    orphans.settle(_pulumi(tmp_path, (RULE, inputs)), LAB, UNIT, print)
    assert cloud.removed == ["same"]


@pytest.mark.usefixtures("cloud")
def test_a_type_that_may_be_asked_for_twice_is_only_cleared(tmp_path: Path) -> None:
    pulumi = _pulumi(tmp_path, ("openstack:networking/quotaV2:QuotaV2", {"network": 5.0}))
    assert orphans.settle(pulumi, LAB, UNIT, print) == 0
    assert (tmp_path / "told").exists()
