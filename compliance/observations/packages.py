"""Where a host takes packages from, as its package manager understands its own settings."""

from __future__ import annotations

from typing import Any

from compliance.observations import CouldNotObserve, read

# What would be asked for next; nothing is fetched, and no index has to be there.
COMMAND = "apt-get update --print-uris"


def observe(host: Any) -> frozenset[str]:
    """Return the addresses that indexes of packages come from."""
    return parse(read(host, COMMAND))


def parse(printed: str) -> frozenset[str]:
    """Understand the list of addresses, each in quotes at the start of a line."""
    found = frozenset(line.split("'")[1] for line in printed.splitlines() if line.startswith("'"))
    if not found:
        raise CouldNotObserve("the package manager names no source")
    return found
