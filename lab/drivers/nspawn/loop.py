"""Volumes as block devices: a loop device over the volume's file, gone by itself when nobody holds it.

The kernel clears an autoclear loop device at its last close. One tiny process per attached volume holds it open; it
survives nova-compute, and when the lab is killed it dies with it, so that no loop device outlives the lab.
"""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lab import loops
from lab.drivers.nspawn.commands import GuestError

_GET_FREE = 0x4C82
_CONFIGURE, _SET_CAPACITY, _GET_STATUS64 = 0x4C0A, 0x4C07, 0x4C05
_AUTOCLEAR = 4
_STATUS = struct.Struct("5Q4I64s64s32s2Q")
_HIGHEST = 255


@dataclass(frozen=True)
class Loop:
    """A bound loop device and the process that holds it."""

    number: int
    holder: int

    @property
    def node(self) -> str:
        """The device's node in the lab's /dev."""
        return f"/dev/loop{self.number}"


def bind(path: Path) -> Loop:
    """Bind a free loop device to a file and hold it."""
    backing = os.open(path, os.O_RDWR)
    try:
        number, device = _configure(backing, path)
    finally:
        os.close(backing)
    try:
        holder = subprocess.Popen(["sleep", "infinity"], stdin=device, start_new_session=True, cwd="/")
    finally:
        os.close(device)
    return Loop(number, holder.pid)


def holds(loop: Loop, path: Path) -> bool:
    """Tell whether a loop that was noted earlier still stands: the same file behind it, the same process before it."""
    try:
        if not _is_held(loop):
            return False
        with open(loop.node, "rb") as device:  # noqa: PTH123 - a device, not a file to read
            status = _STATUS.unpack(fcntl.ioctl(device, _GET_STATUS64, bytes(_STATUS.size)))
        file = path.stat()
    except OSError:
        return False
    return bool(status[1] == file.st_ino)


def release(loop: Loop) -> None:
    """Let the device go; it clears itself once a guest that still has it mounted lets go too."""
    with suppress(OSError):
        if _is_held(loop):
            os.kill(loop.holder, signal.SIGKILL)
            # Ours to bury, unless a nova-compute before this one started it.
            os.waitpid(loop.holder, 0)
    # What was added for us goes again; another lab may have bound it meanwhile.
    loops.remove_added(loop.number, seconds=1)


def resize(loop: Loop) -> None:
    """Take over the new size of the file."""
    with open(loop.node, "rb") as device:  # noqa: PTH123 - a device, not a file to read
        fcntl.ioctl(device, _SET_CAPACITY, 0)


def _is_held(loop: Loop) -> bool:
    return str(Path(f"/proc/{loop.holder}/fd/0").readlink()) == loop.node


def _configure(backing: int, path: Path) -> tuple[int, int]:
    """Take a free device; another lab may take the same one between asking and binding, hence the attempts."""
    name = os.fsencode(path.name)[:63]
    status = _STATUS.pack(*(0,) * 8, _AUTOCLEAR, name, b"", b"", 0, 0)
    request = struct.pack("II", backing, 0) + status + bytes(64)
    with loops.CONTROL.open("rb") as control:
        for _ in range(50):
            number = fcntl.ioctl(control, _GET_FREE)
            if number > _HIGHEST:
                break
            try:
                device = os.open(f"/dev/loop{number}", os.O_RDWR)
            except OSError:
                continue
            try:
                fcntl.ioctl(device, _CONFIGURE, request)
            except OSError:
                os.close(device)
                continue
            return number, device
    raise GuestError(f"{path}: no free loop device below {_HIGHEST + 1}")
