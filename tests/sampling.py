"""`make test` proves a part of the city and a sample of what takes long, `make test-all` everything.

Tests that carry the same mark `sample(N)` are one set, of which chance leaves N: the parameters of a test, or the tests
of a module. A seed, which every run prints, leaves the same ones again; tests that are asked for by name all stay.
"""

from __future__ import annotations

import os
import random
from collections import defaultdict

import pytest

WHOLE = bool(os.environ.get("GOVCLOUD_ALL"))
SEED = int(os.environ.get("GOVCLOUD_SEED") or random.SystemRandom().randrange(10**6))
# The workers of a run have to choose the same.
os.environ["GOVCLOUD_SEED"] = str(SEED)

# Long proofs of unlike things, of which some are enough each time.
OF_THE_LONG = pytest.mark.sample(2)


def leave_a_sample(items: list[pytest.Item]) -> list[pytest.Item]:
    """Take what chance does not leave out of the list; return it."""
    sets: dict[int, list[pytest.Item]] = defaultdict(list)
    sizes: dict[int, int] = {}
    for item in items:
        if mark := item.get_closest_marker("sample"):
            sets[id(mark)].append(item)
            sizes[id(mark)] = mark.args[0]
    out = []
    for key, members in sets.items():
        # By names, so that the order they were collected in changes nothing.
        chance = random.Random(f"{SEED} {min(item.nodeid for item in members)}")  # noqa: S311 - a sample of tests
        chosen = chance.sample(sorted(members, key=lambda item: item.nodeid), min(sizes[key], len(members)))
        out += [item for item in members if item not in chosen]
    items[:] = [item for item in items if item not in out]
    return out
