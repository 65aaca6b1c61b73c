"""`python -m tests.bench_policy`: how long the rules take over a large stack; figures go to build/bench/.

Nothing here is asserted: a slow machine is no fault. The stack is the sample city's system, made as many times as it
takes: its rules and references grow with it.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from compliance.policy.city import City
from compliance.policy.judging import findings, rules
from compliance.policy.records import read
from govcloud.core.files import write_atomically
from govcloud.core.model.inventory import load
from govcloud.core.workspace import Workspace
from tests.stacks.city_under_mocks import build_city

SIZES = (100, 300, 1_000, 3_000, 10_000)
STACK = "lab-approval-elicence"


def main() -> int:
    """Measure and write."""
    workspace = Workspace.here()
    inventory = load(workspace.inventory)
    with tempfile.TemporaryDirectory() as folder:
        pattern = [one for one in build_city(inventory, Path(folder)).asked if STACK in one["urn"].split("::")[0]]
        measured = [_measure(inventory, pattern, size, Path(folder)) for size in SIZES]
    figures = {"cores": os.cpu_count(), "rules": len(rules()), "sizes": measured}
    target = workspace.root / "build" / "bench" / f"policy-{time.strftime('%Y-%m-%dT%H%M%S')}.json"
    write_atomically(target, json.dumps(figures, indent=1))
    print(json.dumps(figures, indent=1))
    print(target.relative_to(workspace.root))
    return 0


def _measure(inventory: Any, pattern: list[dict[str, Any]], size: int, folder: Path) -> dict[str, Any]:
    file = folder / "state.json"
    file.write_text(json.dumps({"deployment": {"resources": _grown(pattern, size)}}))
    wall, processor = time.monotonic(), time.process_time()
    (stack,) = read([file])
    city = City.of(inventory, stack.name, stack.resources)
    count = Counter(one.verdict.value for one in findings(city, Workspace.here().inventory))
    return {
        "resources": len(stack.resources),
        "seconds": round(time.monotonic() - wall, 2),
        "processor_seconds": round(time.process_time() - processor, 2),
        "verdicts": count,
    }


def _grown(pattern: list[dict[str, Any]], size: int) -> list[dict[str, Any]]:
    """Return copies of the pattern, each with names and references of its own."""
    text = json.dumps(pattern)
    grown: list[dict[str, Any]] = []
    while len(grown) < size:
        grown += json.loads(text.replace("::approval-elicence", f"::copy-{len(grown)}-approval-elicence"))
    return grown[:size]


if __name__ == "__main__":
    sys.exit(main())
