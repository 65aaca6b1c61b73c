"""Shuts every guest of the lab down by its own systemd, all at once; run inside the lab before it ends.

Nova is not asked: for it the servers stay ACTIVE, so that the next start of the lab brings them back.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab.drivers.nspawn.guest import Guest

GRACE_SECONDS = 20


def main() -> None:
    """Stop all guests of all nodes."""
    guests = [Guest(path.parent) for path in Path("/state/nova").glob("*/nspawn/instances/*/guest.json")]
    with ThreadPoolExecutor(max_workers=max(len(guests), 1)) as pool:
        list(pool.map(lambda guest: guest.stop(GRACE_SECONDS), guests))


if __name__ == "__main__":
    main()
