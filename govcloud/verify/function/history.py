"""How long steps took, kept over runs: half of them within p50, nineteen of twenty within p95.

Only what went well counts: a step that fails early would make the cloud look quick.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from govcloud.core.files import write_atomically
from govcloud.core.model.results import Verdict
from govcloud.verify.function.steps import Step

# What lies further back says little of the cloud as it is; so many steps fit into a file that is read at once.
_RUNS = 200


@dataclass(frozen=True)
class Times:
    """Seconds of one step, in order of size."""

    seconds: Sequence[float]

    def within(self, percent: int) -> float | None:
        """Return the time that so many of a hundred runs did not exceed (the nearest that was measured)."""
        if not self.seconds:
            return None
        return self.seconds[max(math.ceil(len(self.seconds) * percent / 100), 1) - 1]


def add(file: Path, at: datetime, steps: Iterable[Step]) -> dict[tuple[str, str], Times]:
    """Note a run and return the times of all runs that are kept, by scenario and step."""
    run: dict[str, Any] = {
        "at": at.isoformat(timespec="seconds"),
        "seconds": [
            [one.scenario, one.step, one.seconds]
            for one in steps
            if one.verdict is Verdict.CONFORM and one.seconds is not None
        ],
    }
    runs = [*_read(file), run][-_RUNS:]
    write_atomically(file, "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in runs))
    times: dict[tuple[str, str], list[float]] = defaultdict(list)
    for one in runs:
        for scenario, step, seconds in one["seconds"]:
            times[scenario, step].append(float(seconds))
    return {key: Times(sorted(values)) for key, values in times.items()}


def _read(file: Path) -> list[dict[str, Any]]:
    """Read what is whole; a line of another version is left out."""
    if not file.is_file():
        return []
    found = []
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            run = json.loads(line)
        except ValueError:
            continue
        if isinstance(run, dict) and isinstance(run.get("seconds"), list):
            found.append(run)
    return found
