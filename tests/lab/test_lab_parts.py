"""The lab without a lab: what it is made of fits together."""

from __future__ import annotations

import dataclasses
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.progress import Phases
from govcloud.core.workspace import Workspace
from lab import credentials, debian, identity, packages, python_index, render, stop
from lab.services import BOOTSTRAP, CATALOGUE, SERVICES


def test_every_need_is_a_service_or_a_step_and_there_is_an_order() -> None:
    names = {service.name for service in SERVICES}
    assert len(names) == len(SERVICES)
    needs = {service.name: set(service.needs) for service in SERVICES}
    assert {need for all_needs in needs.values() for need in all_needs} - names == {BOOTSTRAP, CATALOGUE}
    assert len(list(TopologicalSorter(needs).static_order())) == len(SERVICES) + 2


def test_no_two_services_share_a_port() -> None:
    ports = [service.port for service in SERVICES if service.port]
    assert len(ports) == len(set(ports))


def test_all_settings_are_rendered_private_and_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = tmp_path / "openstack"
    for file in render.PIPELINES:
        target = shipped / "etc" / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("[pipeline:main]\npipeline = cors authtoken keystonecontext app\n")
    monkeypatch.setattr(debian, "mirrored", lambda: [debian.Origin("debian", "http://a.example", "a.example", "/d")])
    monkeypatch.setattr(python_index, "origins", lambda: [debian.Origin("pypi", "http://a.example", "a.example", "")])
    workspace = Workspace(tmp_path / "checkout")
    secrets = credentials.ensure(workspace)
    render.render(workspace, identity.Identity("gc000000", 7), secrets, shipped)
    etc = workspace.lab / "state" / "etc"
    assert {path.stat().st_mode & 0o077 for path in etc.rglob("*.conf")} == {0}
    text = "".join(path.read_text() for path in etc.rglob("*") if path.is_file())
    assert "{{" not in text
    assert "{%" not in text
    # Compute hosts get no way into the databases.
    assert secrets["database"] not in (etc / "nova" / "nova.conf").read_text()
    assert secrets["database"] in (etc / "nova" / "database.conf").read_text()
    for file in render.PIPELINES:
        assert "authtoken keystonecontext changes app" in (etc / file).read_text()
    maps = re.findall(r"audit_map_file = /code/(\S+)", text)
    assert len(maps) == 2
    assert all((Workspace.here().root / one).is_file() for one in maps), maps


def test_secrets_are_made_once_and_kept_private(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    first, second = credentials.ensure(workspace), credentials.ensure(workspace)
    assert first == second
    assert len(set(first.values())) == len(first)
    files = [path for path in workspace.secrets.iterdir() if path.suffix != ".pub"]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_addresses_of_two_labs_never_meet() -> None:
    first, second = identity.Identity("gcaaaaaa", 1), identity.Identity("gcbbbbbb", 2)
    assert not first.floating.overlaps(second.floating)
    assert not first.floating6.overlaps(second.floating6)
    assert first.lab_address != second.lab_address
    assert all(len(one.link) <= 15 for one in (first, second))
    assert dataclasses.replace(first, number=2).floating == second.floating


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (
            "sources.list",
            "deb http://m.example/debian bookworm main contrib # comment\ndeb-src http://m.example/debian x main\n",
        ),
        ("sources.list.d/a.list", "deb [signed-by=/k.gpg arch=amd64] http://m.example/debian bookworm main\n"),
        (
            "sources.list.d/debian.sources",
            (
                "Types: deb\nURIs: http://m.example/debian\nSuites: bookworm trixie\nComponents: main\n\n"
                "Types: deb\nEnabled: no\nURIs: http://off.example/debian\nSuites: bookworm\nComponents: main\n"
            ),
        ),
    ],
)
def test_sources_of_the_machine_are_read_in_every_form(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(text)
    assert debian.sources(tmp_path) == ["deb http://m.example/debian bookworm main"]


def test_a_machine_without_debian_12_is_told_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb http://m.example/debian trixie main\n")
    with pytest.raises(GovcloudError, match="Fix: add one"):
        debian.sources(tmp_path)


def test_packages_are_listed_by_name_version_and_hash(tmp_path: Path) -> None:
    files = tmp_path / ".lab" / "state" / "mirror" / "files"
    kept = {
        "debian/pool/libx_1%3a2.0+dfsg-1_amd64.deb": ("debian", "libx", "1:2.0+dfsg-1", "amd64"),
        "pypi-files/a/Half_Done-1.0.tar.gz": ("python", "half-done", "1.0", "source"),
        "pypi-files/b/six-1.16.0-py2.py3-none-any.whl": ("python", "six", "1.16.0", "any"),
    }
    for name in kept:
        (files / name).parent.mkdir(parents=True)
        (files / name).write_bytes(b"x")
    found = packages.fetched(Workspace(tmp_path)).packages
    assert {one.path: (one.kind, one.name, one.version, one.architecture) for one in found} == kept
    assert {one.sha256 for one in found} == {"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"}


@pytest.mark.parametrize(
    ("index", "names"),
    [
        (None, ["https://pypi.org", "https://files.pythonhosted.org"]),
        ("https://index.example/api/pypi/simple/", ["https://index.example/api/pypi"]),
    ],
)
def test_the_machines_python_index_is_passed_on(
    monkeypatch: pytest.MonkeyPatch, index: str | None, names: list[str]
) -> None:
    monkeypatch.setattr(python_index.uv, "environment", lambda: {"UV_DEFAULT_INDEX": index} if index else {})
    assert [one.origin + one.path for one in python_index.origins()] == names


def test_an_index_that_wants_a_password_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    address = "https://somebody:canary@index.example/simple"
    monkeypatch.setattr(python_index.uv, "environment", lambda: {"UV_DEFAULT_INDEX": address})
    with pytest.raises(GovcloudError, match="wants no password") as refused:
        python_index.origins()
    assert "canary" not in str(refused.value)


def test_what_is_still_written_to_is_told_without_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(_: Path) -> None:
        raise OSError(39, "Directory not empty", "pulumi")

    monkeypatch.setattr(stop.shutil, "rmtree", busy)
    (tmp_path / "build").mkdir()
    with Phases("lab clean") as phases, pytest.raises(GovcloudError, match="Directory not empty"):
        stop.clean(Workspace(tmp_path), phases)


EMPTY = '{"version": 3, "checkpoint": {"latest": {}}}'
FULL = '{"version": 3, "checkpoint": {"latest": {"resources": [{"urn": "one"}]}}}'


@pytest.mark.parametrize(
    ("stack", "content", "refused"),
    [
        ("production-bureau", FULL, True),
        ("production-bureau", "cut in the mid", True),
        ("production-bureau", EMPTY, False),
        ("lab-bureau", FULL, False),
    ],
)
def test_the_state_of_another_cloud_is_never_removed(
    tmp_path: Path, stack: str, content: str, *, refused: bool
) -> None:
    file = tmp_path / ".lab" / "pulumi" / ".pulumi" / "stacks" / "govcloud" / f"{stack}.json"
    file.parent.mkdir(parents=True)
    file.write_text(content, encoding="utf-8")
    with Phases("lab clean") as phases:
        if refused:
            with pytest.raises(GovcloudError, match=f"{stack}.json: the state of what stands in another cloud") as told:
                stop.clean(Workspace(tmp_path), phases)
            assert told.value.status == Exit.SAFETY_RULE
        else:
            stop.clean(Workspace(tmp_path), phases)
    assert file.exists() == refused
