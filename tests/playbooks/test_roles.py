"""Four tests for each role that needs no host of its own: it refuses, predicts, applies and repeats."""

from __future__ import annotations

import getpass
import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.playbooks.harness import Applied, Result, apply
from tests.playbooks.uplink_ends import border_router

pytestmark = pytest.mark.slow

VOLUME = "0f7f9a3c-5a53-4a0e-8a94-0d1c2b3a4f5e"
SECRET = "only-for-the-service"  # noqa: S105 - a canary


@dataclass(frozen=True)
class Case:
    """A role as it is tried: a wrong variable (None: left out), what is said of it, what is left, what is asked."""

    tried: Applied
    wrong: dict[str, Any]
    complaint: str
    left: Callable[[Path], bool]
    asked: list[str]


def _base(folder: Path) -> Case:
    variables = {
        **{f"base_{name}_config": str(folder / name) for name in ("time", "ssh", "journal", "package")},
        "base_time_zone_link": str(folder / "localtime"),
        "base_package_sources": str(folder / "sources"),
        "base_package_index": str(folder),
        "base_packages": [],
        "base_locked_accounts": [],
        "base_ssh_forwarding": "local",
    }
    return Case(
        Applied("base", folder, variables, ("sshd",), running=True),
        {"base_ssh_forwarding": "everything"},
        "value of base_ssh_forwarding must be one of",
        lambda folder: "AllowTcpForwarding local" in (folder / "ssh").read_text(encoding="utf-8"),
        ["restart chrony", "reload ssh", "restart systemd-journald"],
    )


def _attached_volume(folder: Path) -> Case:
    variables = {
        "attached_volume_id": VOLUME,
        "attached_volume_device": str(_disk(folder)),
        "attached_volume_mount": "/srv/a-b",
        "attached_volume_disks": str(folder),
        "attached_volume_units": str(folder),
    }
    return Case(
        Applied("attached_volume", folder, variables),
        {"attached_volume_id": None},
        "missing required arguments: attached_volume_id",
        lambda folder: f"What={folder}/disk\nWhere=/srv/a-b\n" in _unit(folder),
        ["daemon-reload", "start srv-a\\x2db.mount"],
    )


def _web_server(folder: Path) -> Case:
    variables = {
        "web_server_applications": {"one": "192.0.2.1:8080", "two": "192.0.2.2:8080"},
        "web_server_packages": [],
        "web_server_config": str(folder / "nginx.conf"),
    }
    return Case(
        Applied("web_server", folder, variables, ("nginx",)),
        {"web_server_port": "http"},
        "web_server_port",
        lambda folder: "location /documents/two/" in (folder / "nginx.conf").read_text(encoding="utf-8"),
        ["start nginx", "reload nginx"],
    )


def _application_server(folder: Path) -> Case:
    variables = {
        "application_server_name": "one",
        "application_server_address": "192.0.2.1",
        "application_server_database_addresses": ["192.0.2.8", "192.0.2.9"],
        "application_server_password": SECRET,
        "application_server_documents": str(folder / "documents"),
        "application_server_account": getpass.getuser(),
        "application_server_packages": [],
        "application_server_program": str(folder / "licences.py"),
        **{f"application_server_{name}": str(folder / name) for name in ("settings", "units", "sysusers")},
    }
    (folder / "units").mkdir()
    return Case(
        Applied("application_server", folder, variables, ("systemd-sysusers",)),
        {"application_server_database_addresses": {"not": "a list"}},
        "application_server_database_addresses",
        _serves_licences,
        ["daemon-reload", "start licences", "restart licences"],
    )


def _serves_licences(folder: Path) -> bool:
    told = json.loads((folder / "settings" / "settings.json").read_text(encoding="utf-8"))
    secret = folder / "settings" / "database-password"
    return (
        told["database"]["host"] == "192.0.2.8,192.0.2.9"
        and told["port"] == 8080
        and secret.read_text(encoding="utf-8") == f"{SECRET}\n"
        and secret.stat().st_mode & 0o777 == 0o600
    )


def _border_router(folder: Path) -> Case:
    return Case(
        border_router(folder, SECRET, "the-province's-key"),
        {"border_router_neighbours": None},
        "missing required arguments: border_router_neighbours",
        _peers_with_the_province,
        ["reload nftables", "restart wg-quick@province", "restart frr", "reload frr", "restart uplink-state.timer"],
    )


def _peers_with_the_province(folder: Path) -> bool:
    tunnel = folder / "etc/wireguard"
    key = tunnel / "province.key"
    return (
        "neighbor 10.21.255.2 prefix-list PROVINCE in" in (folder / "etc/frr/frr.conf").read_text(encoding="utf-8")
        and SECRET not in (tunnel / "province.conf").read_text(encoding="utf-8")
        and key.read_text(encoding="utf-8") == f"{SECRET}\n"
        and key.stat().st_mode & 0o777 == 0o600
    )


def _disk(folder: Path) -> Path:
    with (folder / "disk").open("wb") as file:
        file.truncate(16 << 20)
    return folder / "disk"


def _unit(folder: Path) -> str:
    return (folder / "srv-a\\x2db.mount").read_text(encoding="utf-8")


ROLES: dict[str, Callable[[Path], Case]] = {
    "base": _base,
    "attached_volume": _attached_volume,
    "web_server": _web_server,
    "application_server": _application_server,
    "border_router": _border_router,
}


@dataclass(frozen=True)
class Story:
    """What happened to one role, step by step, and what its folder held before and after."""

    case: Case
    refused: Result
    predicted: Result
    first: Result
    second: Result
    untouched: bool


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Story]:
    root = tmp_path_factory.mktemp("roles")
    cases = {}
    for name, make in ROLES.items():
        (root / name).mkdir()
        cases[name] = make(root / name)
        cases[name].tried.prepare()
    tried = {name: case.tried for name, case in cases.items()}
    before = {name: one.files() for name, one in tried.items()}
    wrong = {name: replace(case.tried, variables=_spoilt(case)) for name, case in cases.items()}
    refused = apply(wrong, root / "refuse")
    predicted = apply(tried, root / "predict", check=True)
    untouched = {name: one.files() == before[name] for name, one in tried.items()}
    first, second = apply(tried, root / "apply"), apply(tried, root / "repeat")
    return {
        name: Story(case, refused[name], predicted[name], first[name], second[name], untouched[name])
        for name, case in cases.items()
    }


def _spoilt(case: Case) -> dict[str, Any]:
    spoilt = {**case.tried.variables, **case.wrong}
    return {name: value for name, value in spoilt.items() if value is not None}


@pytest.fixture(params=ROLES)
def story(request: pytest.FixtureRequest, stories: dict[str, Story]) -> Story:
    return stories[request.param]


def test_it_refuses_a_wrong_argument_before_it_does_anything(story: Story) -> None:
    assert (story.refused.failed, story.refused.changed, story.refused.called) == (1, 0, ())
    assert story.case.complaint in " ".join(story.refused.output.split()), story.refused.output


def test_check_mode_predicts_and_touches_nothing(story: Story) -> None:
    assert story.predicted.failed == 0, story.predicted.output
    assert story.predicted.changed > 0, story.predicted.output
    assert _asked(story.predicted, story.case) == []
    assert story.untouched


def test_it_applies(story: Story) -> None:
    assert story.first.failed == 0, story.first.output
    assert story.case.left(story.case.tried.folder)
    assert _asked(story.first, story.case) == story.case.asked, story.first.called
    assert SECRET not in story.first.output


def test_a_second_run_changes_nothing(story: Story) -> None:
    assert (story.second.changed, story.second.failed) == (0, 0), story.second.output
    assert _asked(story.second, story.case) == []


def test_volumes_of_others_are_refused_and_named_ones_are_mounted_by_their_own_id(tmp_path: Path) -> None:
    tried = {}
    for name in ("held", "named"):
        (tmp_path / name).mkdir()
        tried[name] = _attached_volume(tmp_path / name).tried
        tried[name].prepare()
    subprocess.run(["/usr/sbin/mkswap", "-q", str(tmp_path / "held" / "disk")], check=True, capture_output=True)
    held = tried["held"].files()
    links = tmp_path / "named" / "by-id"
    links.mkdir()
    (links / f"virtio-{VOLUME[:20]}").symlink_to(tmp_path / "named" / "disk")
    tried["named"] = replace(
        tried["named"], variables={**tried["named"].variables, "attached_volume_device": "/dev/not-the-one"}
    )

    results = apply(tried, tmp_path / "run")

    assert results["held"].failed == 1
    assert "holds swap" in " ".join(results["held"].output.split()), results["held"].output
    assert tried["held"].files() == held
    assert results["named"].failed == 0, results["named"].output
    assert f"What={links}/virtio-{VOLUME[:20]}\n" in _unit(tmp_path / "named")


def _asked(result: Result, case: Case) -> list[str]:
    words = [line.removeprefix("systemctl ") for line in result.called]
    return sorted({word for word in words if word in case.asked}, key=case.asked.index)


def test_a_database_without_a_password_is_refused(tmp_path: Path) -> None:
    """What else this role does needs a host of its own: `tests/lab/test_software.py` proves it there."""
    variables = {
        "database_server_address": "192.0.2.8",
        "database_server_clients": ["192.0.2.1"],
        "database_server_database": "licences",
        "database_server_following_password": SECRET,
    }
    tried = Applied("database_server", tmp_path / "none", variables)
    tried.prepare()
    # A check only: should the refusal fail, this machine must not get a database.
    result = apply({"database_server": tried}, tmp_path / "run", check=True)["database_server"]
    assert (result.failed, result.changed) == (1, 0)
    said = " ".join(result.output.split())
    assert "missing required arguments: database_server_password" in said, result.output
    assert SECRET not in said
