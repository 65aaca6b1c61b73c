"""Builds the guests' root file systems, once per user and recipe.

One bootstrap serves both images: the plain one is packed, then hardened in place and packed again, so the second costs
seconds. Everything runs in mount and process namespaces of its own: killed at any moment it leaves no mount and no
process, only a directory that the next attempt removes. Device nodes are left out of the images, because the lab that
unpacks them may not make any.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from govcloud.core import cache
from govcloud.core.errors import Exit, GovcloudError
from lab import debian
from lab.images.catalogue import NAMES

HERE = Path(__file__).resolve().parent
APART = ("unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc", "--propagation=private")


def ensure(name: str) -> Path:
    """Return the image as a zstd-packed tar of a root file system, building both images when they are missing."""
    if name not in NAMES:
        raise GovcloudError(f"image {name!r}: not built here; there are {', '.join(NAMES)}")
    return cache.ensure("guest-images", recipe_digest(), _build) / f"{name}.tar.zst"


def built_on(path: Path) -> date:
    """Return the day on which an image was built."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).date()


def recipe_digest() -> str:
    """Return what identifies the recipe: packages, files and scripts, with their names."""
    inputs: list[str | Path] = [HERE / "packages.txt", HERE / "build.py"]
    for file in _recipe_files():
        inputs += [str(file.relative_to(HERE)), file]
    return cache.digest(*inputs)


def packages() -> list[str]:
    """Return the packages of every guest."""
    lines = (HERE / "packages.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _recipe_files() -> list[Path]:
    layers = [path for name in ("plain", "hardened") for path in (HERE / name).rglob("*") if path.is_file()]
    return sorted([HERE / "plain.sh", HERE / "hardened.sh", *layers])


def _build(directory: Path) -> None:
    root = directory / "root"
    run(debian.bootstrap_command(root, packages()), "\n".join(debian.sources()))
    for layer, name in (("plain", "debian-12"), ("hardened", "debian-12-hardened")):
        overlay(HERE / layer, root)
        run(["chroot", str(root), "sh", "-s"], (HERE / f"{layer}.sh").read_text())
        _pack(root, directory / f"{name}.tar.zst")
    shutil.rmtree(root)


def overlay(layer: Path, root: Path) -> None:
    """Copy a layer's files over the root, readable for all whatever the checkout's umask was; scripts narrow it."""
    for file in sorted(path for path in layer.rglob("*") if path.is_file()):
        target = root / file.relative_to(layer)
        for missing in reversed([parent for parent in target.parents if not parent.exists()]):
            missing.mkdir()
            missing.chmod(0o755)
        shutil.copyfile(file, target)
        target.chmod(0o644)


def _pack(root: Path, target: Path) -> None:
    # The extended attributes carry file capabilities: without them ping works for root only.
    run(
        [
            "tar",
            "--use-compress-program=zstd -q -3 -T2",
            "--numeric-owner",
            "--xattrs",
            "--xattrs-include=*",
            "--exclude=./dev/*",
            "-C",
            str(root),
            "-cf",
            str(target),
            ".",
        ]
    )


def run(command: Sequence[str], text: str = "", **more: str) -> None:
    """Run a step of a recipe in namespaces of its own; `more` goes into its environment."""
    environment = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "DEBIAN_FRONTEND": "noninteractive",
        "LC_ALL": "C.UTF-8",
        **more,
    }
    done = subprocess.run(
        ["nice", *APART, *command], input=text, capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-5:])
        message = f"guest images: {command[0]} failed ({done.returncode}): {last}"
        raise GovcloudError(message, status=Exit.COULD_NOT_CHECK)
