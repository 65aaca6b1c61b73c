"""Shuts every guest of the lab down by its own systemd, all at once; run inside the lab before it ends.

Containers are told directly, virtual machines by libvirt pressing their power button.

Nova is not asked: for it the servers stay ACTIVE, so that the next start of the lab brings them back.
"""

from __future__ import annotations

import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab.drivers.nspawn.guest import Guest

GRACE_SECONDS = 20


def main() -> None:
    """Stop all guests of all nodes."""
    guests = [Guest(path.parent) for path in Path("/state/nova").glob("*/nspawn/instances/*/guest.json")]
    machines = _virsh("list", "--name")
    with ThreadPoolExecutor(max_workers=len(guests) + len(machines) + 1) as pool:
        stopping = [pool.submit(guest.stop, GRACE_SECONDS) for guest in guests]
        stopping += [pool.submit(_stop_machine, name) for name in machines]
        for one in stopping:
            one.result()


def _stop_machine(name: str) -> None:
    """Press the power button; what is not off in time is switched off."""
    _virsh("shutdown", name)
    end = time.monotonic() + GRACE_SECONDS
    pause = threading.Event()
    while name in _virsh("list", "--name"):
        if time.monotonic() > end:
            _virsh("destroy", name)
            return
        pause.wait(0.5)


def _virsh(*words: str) -> list[str]:
    command = ["virsh", "--connect=qemu:///system", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stdout.split()


if __name__ == "__main__":
    main()
