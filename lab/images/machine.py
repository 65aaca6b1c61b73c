"""Builds the image of virtual machines: the plain image's packages and files, with a kernel, as one ext4 file system.

No partition and no boot loader: QEMU starts the kernel itself, which an emulated processor does in half the time. Built
only when somebody asks for it (`govcloud lab image`), because no server of the city needs it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from govcloud.core import cache
from lab import debian
from lab.images import build

# What the system on the disk may grow by before its file system does: journal, logs, host keys.
ROOM_MIB = 64


def ensure() -> Path:
    """Return a directory with `disk`, `kernel` and `ram-disk`, building it when it is missing (about a minute)."""
    return cache.ensure("machine-image", recipe_digest(), _build)


def recipe_digest() -> str:
    """Return what identifies the recipe: the plain image's and what makes a machine of it."""
    layer = sorted(path for path in (build.HERE / "machine").rglob("*") if path.is_file())
    files = [build.HERE / name for name in ("machine-packages.txt", "machine.sh", "machine.py")]
    named = [part for file in (*files, *layer) for part in (str(file.relative_to(build.HERE)), file)]
    return cache.digest(build.recipe_digest(), *named)


def packages() -> list[str]:
    """Return the packages of every machine: every guest's, and what a kernel of one's own needs."""
    return sorted({*build.packages(), *(build.HERE / "machine-packages.txt").read_text().split()})


def _build(directory: Path) -> None:
    root = directory / "root"
    # The RAM disk is ours: the kernel's package must not make another.
    build.run(debian.bootstrap_command(root, packages()), "\n".join(debian.sources()), INITRD="No")
    for layer in ("plain", "machine"):
        build.overlay(build.HERE / layer, root)
        build.run(["chroot", str(root), "sh", "-s"], (build.HERE / f"{layer}.sh").read_text())
    for name in ("kernel", "ram-disk"):
        shutil.move(root / "boot" / name, directory / name)
    used = sum(path.lstat().st_blocks for path in root.rglob("*")) >> 11
    disk = directory / "disk"
    # A tenth is ext4's own: inode tables and journal. The file system grows to the flavor's disk at boot.
    with disk.open("wb") as file:
        file.truncate((used * 11 // 10 + ROOM_MIB) << 20)
    build.run(["mke2fs", "-q", "-t", "ext4", "-m", "0", "-d", str(root), str(disk)])
    shutil.rmtree(root)
