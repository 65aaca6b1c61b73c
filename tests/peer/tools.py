"""OpenTofu, and the Terraform provider that our plugin is built around, as a team that uses them would install them.

Both are built from Go modules as `pulumi` is, by the hashes in their go.sum, and kept in the user's cache. OpenTofu
finds the provider in a mirror on the disk, so it asks no registry. Its version is the newest that the pinned Go builds.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

from govcloud.core import cache
from tests.peer.topology import PROVIDER
from toolchain import build, go

TOFU_VERSION = "1.10.10"
# The one that our plugin bridges; a test compares it with the plugin's go.mod.
PROVIDER_VERSION = "3.4.0"
PROVIDER_MODULE = "github.com/terraform-provider-openstack/terraform-provider-openstack/v3"

HERE = Path(__file__).parent
_MACHINES = {"x86_64": "linux_amd64", "aarch64": "linux_arm64"}


@dataclass(frozen=True)
class Tools:
    """The command, and the settings with which it finds the provider."""

    tofu: Path
    settings: str
    """Of the command line, as text: where a file with it stands is the caller's affair."""


def ensure() -> Tools:
    """Return the tools, building what is missing: cold, about five minutes on two free cores."""
    tofu = cache.ensure("opentofu", build.key(HERE / "opentofu", TOFU_VERSION), _build_tofu) / "tofu"
    mirror = cache.ensure("opentofu-provider", build.key(HERE / "provider", PROVIDER_VERSION), _build_provider)
    installed = f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n'
    return Tools(tofu, f"disable_checkpoint = true\n{installed}")


def _build_tofu(directory: Path) -> None:
    release = {"github.com/opentofu/opentofu/version.dev": "no"}
    go.build(HERE / "opentofu", "github.com/opentofu/opentofu/cmd/tofu", release, directory / "tofu")


def _build_provider(directory: Path) -> None:
    name = f"terraform-provider-openstack_v{PROVIDER_VERSION}"
    folder = directory / "registry.opentofu.org" / PROVIDER / PROVIDER_VERSION / _MACHINES[platform.machine()]
    folder.mkdir(parents=True)
    go.build(HERE / "provider", PROVIDER_MODULE, {}, folder / name)
