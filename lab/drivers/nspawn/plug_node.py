"""Puts a device node of the lab into the /dev of a running guest, or takes it away; run as a program of its own.

No one in the lab may make a node, so the lab's own node is cloned as a detached mount and attached inside the guest's
mount namespace. It is a program because a process that enters another mount namespace cannot come back.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_OPEN_TREE, _MOVE_MOUNT, _SETNS = 428, 429, 308  # x86_64
_AT_FDCWD = -100
_CLONE, _CLOEXEC = 1, 0o2000000
_FROM_EMPTY_PATH = 4
_NEWNS = 0x20000
_DETACH = 2
_LIBC = ctypes.CDLL(None, use_errno=True)


def attach(leader: int, source: str, target: str, link: str) -> None:
    """Bind the lab's node `source` on `target` in the guest whose first process is `leader`; `link` points to it."""
    tree = _call("open_tree", _OPEN_TREE, _AT_FDCWD, source.encode(), _CLONE | _CLOEXEC)
    _enter(leader)
    Path(target).touch(mode=0o600)
    _call("move_mount", _MOVE_MOUNT, tree, b"", _AT_FDCWD, target.encode(), _FROM_EMPTY_PATH)
    Path(link).parent.mkdir(parents=True, exist_ok=True)
    Path(link).unlink(missing_ok=True)
    Path(link).symlink_to(target)


def detach(leader: int, target: str, link: str) -> None:
    """Unmount every file system on `target` in the guest, as pulling the disk would, and remove node and link."""
    _enter(leader)
    for line in reversed(Path("/proc/1/mounts").read_text().splitlines()):
        device, mountpoint = line.split()[:2]
        if target in (device, mountpoint):
            _LIBC.umount2(mountpoint.encode().decode("unicode_escape").encode(), _DETACH)
    for name in (link, target):
        Path(name).unlink(missing_ok=True)


def _enter(leader: int) -> None:
    namespace = os.open(f"/proc/{leader}/ns/mnt", os.O_RDONLY)
    root = os.open(f"/proc/{leader}/root", os.O_RDONLY)
    _call("setns", _SETNS, namespace, _NEWNS)
    os.fchdir(root)
    os.chroot(".")


def _call(name: str, number: int, *arguments: int | bytes) -> int:
    answer = int(_LIBC.syscall(number, *arguments))
    if answer < 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")
    return answer


if __name__ == "__main__":
    action, *words = sys.argv[1:]
    if action == "attach":
        attach(int(words[0]), *words[1:])
    else:
        detach(int(words[0]), *words[1:])
