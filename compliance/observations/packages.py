"""Where a host takes packages from, as its package manager understands its own settings."""

from __future__ import annotations

from typing import Any

from compliance.observations import CouldNotObserve, read

COMMAND = "apt-get indextargets --format '$(SITE)' 'Created-By: Packages'"


def observe(host: Any) -> frozenset[str]:  # noqa: ANN401 - testinfra's hosts have no type
    """Return the sites that packages come from."""
    return parse(read(host, COMMAND))


def parse(sites: str) -> frozenset[str]:
    """Understand the list of sites, one for each index."""
    found = frozenset(filter(None, sites.split()))
    if not found:
        raise CouldNotObserve("the package manager names no source")
    return found
