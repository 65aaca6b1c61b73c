"""What hosts have fetched through the city's mirror, by version and hash: the start of the offline set."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from packaging.utils import parse_sdist_filename, parse_wheel_filename
from pydantic import BaseModel, ConfigDict

from govcloud.core.workspace import Workspace

Described = tuple[Literal["debian", "python"], str, str, str]


class Package(BaseModel):
    """One file as the mirror keeps it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["debian", "python"]
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
    files = sorted(path for path in top.rglob("*") if path.suffix in DESCRIBED)
    return PackageList(packages=[_package(path, top) for path in files])


def _package(path: Path, top: Path) -> Package:
    kind, name, version, architecture = DESCRIBED[path.suffix](path)
    return Package(
        kind=kind,
        name=name,
        version=version,
        architecture=architecture,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        path=str(path.relative_to(top)),
        size=path.stat().st_size,
    )


def _debian(path: Path) -> Described:
    """Debian names a package's file name_version_architecture.deb."""
    name, version, architecture = path.stem.split("_", 2)
    return "debian", name, unquote(version), architecture


def _wheel(path: Path) -> Described:
    name, version, _, tags = parse_wheel_filename(path.name)
    return "python", name, str(version), ".".join(sorted({tag.platform for tag in tags}))


def _source(path: Path) -> Described:
    name, version = parse_sdist_filename(path.name)
    return "python", name, str(version), "source"


DESCRIBED: dict[str, Callable[[Path], Described]] = {
    ".deb": _debian,
    ".whl": _wheel,
    ".gz": _source,
    ".zip": _source,
}
