"""What hosts have fetched through the city's mirror, by version and hash: the start of the offline set."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict

from govcloud.core.workspace import Workspace


class Package(BaseModel):
    """One file as the mirror keeps it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    version: str
    architecture: str
    sha256: str
    path: str
    size: int


class PackageList(BaseModel):
    """All of them, sorted by path, so that two lists can be compared line by line."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: int = 1
    packages: list[Package]


def fetched(workspace: Workspace) -> PackageList:
    """Return what the mirror has kept so far."""
    top = workspace.lab / "state" / "mirror" / "files"
    return PackageList(packages=[_package(path, top) for path in sorted(top.rglob("*.deb"))])


def _package(path: Path, top: Path) -> Package:
    """Describe one file: Debian names a package's file name_version_architecture.deb."""
    name, version, architecture = path.stem.split("_", 2)
    return Package(
        name=name,
        version=unquote(version),
        architecture=architecture,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        path=str(path.relative_to(top)),
        size=path.stat().st_size,
    )
