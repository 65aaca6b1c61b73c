"""`python -m tests.bench_inventory`: how long reading and checking a city takes, by its size; figures to build/bench/.

Nothing here is asserted: a slow machine is no fault. The aim is 10,000 lines in less than 2 seconds.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from govcloud.core.files import write_atomically
from govcloud.core.model.inventory import examine
from govcloud.core.workspace import Workspace
from tests.inventory import large_city

DEPARTMENTS = (0, 15, 30, 60, 120)
ROUNDS = 3


def main() -> int:
    """Measure cities of growing size."""
    figures = []
    for departments in DEPARTMENTS:
        with tempfile.TemporaryDirectory(prefix="govcloud-bench-") as folder:
            root = Path(folder) / "inventory"
            lines = large_city.write(root, departments)
            times = [_seconds(root) for _ in range(ROUNDS)]
            figures.append({"departments": departments, "lines": lines, "seconds": min(times), "slowest": max(times)})
            print(figures[-1])
    target = Workspace.here().root / "build" / "bench" / f"inventory-{time.strftime('%Y-%m-%dT%H%M%S')}.json"
    write_atomically(target, json.dumps(figures, indent=1))
    return 0


def _seconds(root: Path) -> float:
    start = time.monotonic()
    inventory, faults = examine(root)
    if inventory is None or faults:
        raise SystemExit("\n".join(map(str, faults)))
    return round(time.monotonic() - start, 2)


if __name__ == "__main__":
    sys.exit(main())
