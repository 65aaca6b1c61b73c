"""Which tools are taken, and what is built again when."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from govcloud.core import cache
from govcloud.core.errors import GovcloudError
from govcloud.core.workspace import Workspace
from toolchain import build, go


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be on a machine where nothing is installed yet; yields its directory of programs."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:/bin")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GOVCLOUD_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("PULUMI_HOME", raising=False)
    return programs


def program(path: Path, prints: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {prints}\n")
    path.chmod(0o755)
    return path


def test_official_command_of_the_pinned_version_is_taken(machine: Path) -> None:
    assert build.official_pulumi() is None
    official = program(machine / "pulumi", f"v{build.PULUMI_VERSION}")
    assert build.official_pulumi() == official


def test_other_version_is_not_taken(machine: Path) -> None:
    program(machine / "pulumi", "v3.1.0")
    program(machine / build.PROVIDER, "1.0.0")
    assert build.official_pulumi() is None
    assert build.official_provider() is None


def test_plugin_that_pulumi_installed_is_taken(machine: Path, tmp_path: Path) -> None:
    assert machine.is_dir()
    plugins = tmp_path / "home" / ".pulumi" / "plugins"
    installed = program(
        plugins / f"resource-openstack-v{build.PROVIDER_VERSION}" / build.PROVIDER, build.PROVIDER_VERSION
    )
    assert build.official_provider() == installed


def test_own_build_on_the_path_is_not_taken_for_official(machine: Path, tmp_path: Path) -> None:
    """`govcloud env` puts our links first on PATH; the cache must stay able to renew what is behind them."""
    ours = program(tmp_path / "cache" / "pulumi-0" / "pulumi", f"v{build.PULUMI_VERSION}")
    (machine / "pulumi").symlink_to(ours)
    assert build.official_pulumi() is None


def test_links_are_renewed_in_place(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    for version in ("one", "two"):
        tools = build.Tools(tmp_path / version / "pulumi", tmp_path / version / build.PROVIDER)
        directory = build.link(workspace, tools)
        assert (directory / "pulumi").readlink() == tools.pulumi
        assert (directory / build.PROVIDER).readlink() == tools.provider
    assert {path.name for path in directory.iterdir()} == {"pulumi", build.PROVIDER}


def test_build_is_keyed_by_sources(tmp_path: Path) -> None:
    (tmp_path / "main.go").write_text("package main\n")
    before = build.key(tmp_path, "1")
    assert build.key(tmp_path, "1") == before
    assert build.key(tmp_path, "2") != before
    (tmp_path / "mapping.txt").write_text("one more\n")
    assert build.key(tmp_path, "1") != before


def test_failed_build_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module broken\n\ngo 1.21\n")
    (tmp_path / "main.go").write_text("package main\n\nfunc main() { nothing() }\n")
    with pytest.raises(GovcloudError, match="undefined: nothing") as raised:
        go.build(tmp_path, ".", {}, tmp_path / "out")
    assert len(str(raised.value).splitlines()) == 1


def test_linker_sets_the_variables(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module small\n\ngo 1.21\n")
    (tmp_path / "main.go").write_text("package main\n\nvar word string\n\nfunc main() { print(word) }\n")
    go.build(tmp_path, ".", {"main.word": "built"}, tmp_path / "out")
    done = subprocess.run([str(tmp_path / "out")], capture_output=True, text=True, check=True)
    assert done.stderr == "built"


def test_go_finds_its_caches_without_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "GOCACHE", "GOMODCACHE", "GOPATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOVCLOUD_CACHE", str(tmp_path))
    command = [str(go.go_binary((1, 25))), "env", "GOCACHE", "GOMODCACHE"]
    done = subprocess.run(command, env=go.environment(), capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(tmp_path / "go-build"), str(tmp_path / "go" / "pkg" / "mod")]


def test_old_go_is_not_used(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert go.version(program(machine / "go", "go version go1.19.8 linux/amd64")) == (1, 19)
    fetched = program(machine.parent / "fetched" / "bin" / "go", "go version go1.26.5 linux/amd64")
    monkeypatch.setattr(cache, "ensure", lambda *_: fetched.parents[1])
    assert go.go_binary((1, 25)) == fetched


@pytest.mark.parametrize("module", [build.PULUMI_MODULE, build.PROVIDER_MODULE])
def test_every_module_is_for_the_pinned_version(module: Path) -> None:
    """The command and the plugin talk the protocol of one version."""
    assert go.wanted(module) >= (1, 25)
    required = re.findall(r"github.com/pulumi/pulumi/(?:pkg|sdk)/v3 (v\S+)", (module / "go.mod").read_text())
    assert set(required) == {f"v{build.PULUMI_VERSION}"}


@pytest.mark.parametrize("module", [build.PULUMI_MODULE, build.PROVIDER_MODULE])
def test_go_sources_are_formatted(module: Path) -> None:
    gofmt = go.go_binary(go.wanted(module)).with_name("gofmt")
    done = subprocess.run([str(gofmt), "-l", str(module)], capture_output=True, text=True, check=True)
    assert done.stdout == ""
