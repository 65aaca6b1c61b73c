"""The `pulumi` command and its OpenStack plugin: the official ones where installed, otherwise built from Go modules.

What is built depends on nothing of a checkout, so it is kept in the user's cache, by the hash of everything that goes
in. `link` then gives one checkout a Pulumi home of its own: the engine finds the pinned plugins there without a warning
at each run, and keeps its credentials file, its choice of stack and its logs out of the user's home.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from govcloud.core import cache
from govcloud.core.workspace import Workspace, user_cache
from toolchain import go

# Both are also pinned in pyproject.toml; a test keeps the two together.
PULUMI_VERSION = "3.253.0"
PROVIDER_VERSION = "5.5.3"

PULUMI = "pulumi"
PROVIDER = "pulumi-resource-openstack"
LANGUAGE_HOST = "pulumi-language-python"

HERE = Path(__file__).parent
PULUMI_MODULE = HERE / "pulumi_cli"
PROVIDER_MODULE = HERE / "provider"


@dataclass(frozen=True)
class Tools:
    """The two programs of the pinned versions."""

    pulumi: Path
    provider: Path


def ensure() -> Tools:
    """Return the tools, building what is missing: the command first, as the plugin shares its packages."""
    return Tools(ensure_pulumi(), ensure_provider())


def ensure_pulumi() -> Path:
    """Return the pulumi command: cold, about two minutes on two free cores."""
    return official_pulumi() or cache.ensure(PULUMI, key(PULUMI_MODULE, PULUMI_VERSION), _build_pulumi) / PULUMI


def ensure_provider() -> Path:
    """Return the plugin for OpenStack: one minute once the command is built."""
    of_provider = key(PROVIDER_MODULE, PROVIDER_VERSION)
    return official_provider() or cache.ensure(PROVIDER, of_provider, _build_provider) / PROVIDER


def official_pulumi() -> Path | None:
    """Return the pulumi command of the pinned version that the machine has, when it has one."""
    found = shutil.which(PULUMI)
    if found and not _ours(Path(found)) and _prints([found, "version"]).removeprefix("v") == PULUMI_VERSION:
        return Path(found)
    return None


def official_provider() -> Path | None:
    """Return the plugin of the pinned version that the machine has: where pulumi installs plugins, or on PATH."""
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    homes = {home, Path.home() / ".pulumi"}
    installed = [str(one / "plugins" / f"resource-openstack-v{PROVIDER_VERSION}" / PROVIDER) for one in homes]
    for found in [*installed, shutil.which(PROVIDER)]:
        if (
            found
            and Path(found).is_file()
            and not _ours(Path(found))
            and _prints([found, "-version"]) == PROVIDER_VERSION
        ):
            return Path(found).resolve()
    return None


def link(workspace: Workspace, tools: Tools | None = None) -> Path:
    """Link the tools into a checkout and return the directory for PATH."""
    used = tools or ensure()
    host = Path(sys.prefix) / "bin" / LANGUAGE_HOST
    plugins = workspace.pulumi_home / "plugins"
    _link(workspace.bin / PULUMI, used.pulumi)
    _link(workspace.bin / PROVIDER, used.provider)
    _link(plugins / f"resource-openstack-v{PROVIDER_VERSION}" / PROVIDER, used.provider)
    _link(plugins / f"language-python-v{PULUMI_VERSION}" / LANGUAGE_HOST, host)
    return workspace.bin


def _build_pulumi(directory: Path) -> None:
    version = {"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": f"v{PULUMI_VERSION}"}
    go.build(PULUMI_MODULE, "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", version, directory / PULUMI)


def _build_provider(directory: Path) -> None:
    go.build(PROVIDER_MODULE, ".", {"main.version": PROVIDER_VERSION}, directory / PROVIDER)


def key(module: Path, version: str) -> str:
    """Return what the result of a build of a module is kept by: everything that goes in."""
    sources = sorted(path for path in module.rglob("*") if path.suffix in {".go", ".mod", ".sum", ".txt"})
    return cache.digest(version, platform.machine(), go.FLAGS, *sources)


def _ours(program: Path) -> bool:
    return program.resolve().is_relative_to(user_cache().resolve())


def _prints(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def _link(link: Path, target: Path) -> None:
    """Make or renew a link, so that no moment is without one."""
    link.parent.mkdir(parents=True, exist_ok=True)
    part = link.with_name(f".{link.name}.{os.getpid()}")
    part.unlink(missing_ok=True)
    part.symlink_to(target)
    part.replace(link)


if __name__ == "__main__":
    print(link(Workspace.here()))  # noqa: T201 - says where the tools are
