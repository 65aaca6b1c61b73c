"""A guest's root file system: the image unpacked once, and over it a layer of the guest's own (overlayfs).

All guests of an image share its files in the page cache; creating one costs a mount. The size of the flavor's root disk
is not a limit: the layer grows with the machine's own file system.
"""

from __future__ import annotations

import fcntl
import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from lab.drivers.nspawn.commands import GuestError, run
from lab.drivers.nspawn.guest import Guest

# Without the extended attributes programs lose their file capabilities. Device nodes cannot be made in the lab.
_TAR = ("tar", "--use-compress-program=zstd -q -1 -T2", "--numeric-owner", "--xattrs", "--xattrs-include=*")
_NOT_IN_A_SNAPSHOT = (
    "./dev/*",
    "./proc/*",
    "./sys/*",
    "./run/*",
    "./tmp/*",
    "./etc/ssh/ssh_host_*",
    "./var/lib/cloud/*",
    "./etc/systemd/network/10-port-*",
)


def unpack_base(directory: Path, download: Callable[[Path], None]) -> Path:
    """Return the directory of an unpacked image, fetching it at its first use on any node."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    with directory.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not directory.is_dir():
            part, archive = directory.with_suffix(".part"), directory.with_suffix(".tar.zst")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            try:
                download(archive)
                run(*_TAR, "--exclude=./dev/*", "-xpf", str(archive), "-C", str(part))
                if not (part / "etc").is_dir():
                    raise GuestError(f"the image {directory.name} holds no root file system")
            finally:
                archive.unlink(missing_ok=True)
            part.rename(directory)
    return directory


def remove_unused(bases: Path, instances: Iterable[Path], idle_seconds: float = 3600) -> list[str]:
    """Remove unpacked images on which no guest stands; return which.

    An image's lock file was written at its last use: a guest that is just being made has no directory yet.
    """
    used = {link.readlink().name for node in instances for link in node.glob("*/base")}
    removed = []
    for lock in sorted(bases.glob("*.lock")):
        if lock.stem in used or time.time() - lock.stat().st_mtime < idle_seconds:
            continue
        with lock.open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
            lock.unlink()
        removed.append(lock.stem)
    return removed


def mount(guest: Guest) -> None:
    """Mount the guest's root file system; after a power cut its layer is found again as it was."""
    if guest.root.is_mount():
        return
    top = guest.directory
    shutil.rmtree(top / "work", ignore_errors=True)
    for name in ("upper", "work", "root"):
        (top / name).mkdir(parents=True, exist_ok=True)
    base = (top / "base").readlink()
    layers = f"lowerdir={base},upperdir={top}/upper,workdir={top}/work,redirect_dir=off"
    run("mount", "-t", "overlay", "overlay", "-o", layers, str(guest.root))


def unmount(guest: Guest) -> None:
    """Unmount the guest's root file system, at the latest when its last user ends."""
    if guest.root.is_mount():
        run("umount", "--lazy", str(guest.root))


def pack(guest: Guest, target: Path) -> None:
    """Pack the guest's root file system as an image; a running guest may change files meanwhile."""
    excluded = [f"--exclude={pattern}" for pattern in _NOT_IN_A_SNAPSHOT]
    options = ("--warning=no-file-changed", "--warning=no-file-removed", "--ignore-failed-read")
    try:
        run(*_TAR, *options, *excluded, "-C", str(guest.root), "-cf", str(target), ".", timeout=600)
    except GuestError:
        # 1 means that a file changed while it was read, which a running guest's logs do; a broken archive is not kept.
        run("zstd", "-q", "-t", str(target))
