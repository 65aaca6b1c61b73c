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
_CONTROL = Path("/dev/loop-control")
_MAX_LOOP = Path("/sys/module/loop/parameters/max_loop")
_AT_BOOT = 8  # what kernels make unless told otherwise


def remove_unbound(seconds: float = 5) -> None:
    """Remove what was added after boot and is bound to no file; what dying guests still hold is waited for, bounded."""
    if not _CONTROL.exists():
        return
    deadline = time.monotonic() + seconds
    with _CONTROL.open("rb") as control:
        for number in _added():
            while not _is_bound(number):
                with suppress(OSError):
                    fcntl.ioctl(control, _REMOVE, number)
                    break
                if time.monotonic() > deadline:
                    break
                time.sleep(0.05)


def _added() -> list[int]:
    try:
        first = max(_AT_BOOT, int(_MAX_LOOP.read_text(encoding="ascii")))
    except (OSError, ValueError):
        first = _AT_BOOT
    numbers = (path.name.removeprefix("loop") for path in Path("/sys/block").glob("loop*"))
    return sorted(int(number) for number in numbers if number.isdigit() and int(number) >= first)


def _is_bound(number: int) -> bool:
    return Path(f"/sys/block/loop{number}/loop/backing_file").exists()
