"""Loop devices that the kernel added for volumes: taken away again when the lab that used them is gone.

A volume that is detached takes its device along; those of a lab that ends all at once would stay, unbound, in the
machine's /dev.
"""

from __future__ import annotations

import fcntl
import time
from contextlib import suppress
from pathlib import Path

_REMOVE = 0x4C81
CONTROL = Path("/dev/loop-control")
_MAX_LOOP = Path("/sys/module/loop/parameters/max_loop")
_AT_BOOT = 8  # what kernels make unless told otherwise


def remove_left(volumes: Path, seconds: float = 10) -> None:
    """Remove what was added and is bound to no file; what dying guests still hold of `volumes` is waited for."""
    names = (path.name.removeprefix("loop") for path in Path("/sys/block").glob("loop*"))
    deadline = time.monotonic() + seconds
    for number in sorted(int(name) for name in names if name.isdigit()):
        while (volume := _volume(number)) and (volumes / volume).exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        if not _volume(number):
            remove_added(number, max(0.0, deadline - time.monotonic()))


def remove_added(number: int, seconds: float) -> None:
    """Remove a device that the kernel added on demand, trying for a while; those made at boot stay."""
    if number < _made_at_boot():
        return
    deadline = time.monotonic() + seconds
    with CONTROL.open("rb") as control:
        while True:
            with suppress(OSError):
                fcntl.ioctl(control, _REMOVE, number)
                return
            if time.monotonic() > deadline:
                return
            time.sleep(0.05)


def _made_at_boot() -> int:
    try:
        return max(_AT_BOOT, int(_MAX_LOOP.read_text(encoding="ascii")))
    except (OSError, ValueError):
        return _AT_BOOT


def _volume(number: int) -> str:
    """Return the name of the file that a device is bound to, or nothing; its folder is seen from another root."""
    try:
        return Path(Path(f"/sys/block/loop{number}/loop/backing_file").read_text(encoding="utf-8").strip()).name
    except OSError:
        return ""
