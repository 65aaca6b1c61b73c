"""`python -m tests.bench_peer`: a large unit for real, beside OpenTofu with the same provider; figures in build/bench/.

Nothing here is asserted: a slow machine is no fault. Needs this checkout's lab, and makes two projects of its own in
its cloud, which it removes again. Some 300 resources without servers (`tests/peer/topology.py`) are made, looked at and
destroyed by both, in turn, in several rounds; told are medians and ratios, ours by theirs. A round takes six minutes on
two cores.

The steps: `up` from nothing; `again` with nothing to do, as each tool does it by itself (OpenTofu asks the cloud,
Pulumi looks twice and believes its state), then both with asking and both without; `drift`; `destroy`.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from govcloud.core.files import write_atomically
from govcloud.core.workspace import Workspace
from tests.peer import measuring, tools
from tests.peer.ground import ground
from tests.peer.sides import AT_ONCE, Ours, Side, Tofu, folder_of
from tests.peer.topology import topology
from toolchain import build

ROUNDS = int(os.environ.get("GOVCLOUD_ROUNDS") or 3)
STEPS = ("up", "again", "again_asking", "again_trusting", "drift", "destroy")
GOALS = {"up": 1.0, "again": 0.5, "drift": 0.3, "destroy": 1.0}

Figures = dict[str, dict[str, list[measuring.Cost]]]
"""By step and side: one for each round."""


def main() -> int:
    """Measure, write, and show a table."""
    here = Workspace.here()
    if not here.clouds_yaml.is_file():
        print("not measured: needs this checkout's lab (fix: make up)", file=sys.stderr)
        return 0
    measuring.adopt_orphans()
    found: Figures = {step: {"ours": [], "tofu": []} for step in STEPS}
    with tempfile.TemporaryDirectory(prefix="govcloud-bench-") as folder:
        ours, theirs = folder_of(Path(folder) / "ours"), folder_of(Path(folder) / "tofu")
        with ground(here, ours, "bench-ours") as one, ground(here, theirs, "bench-tofu") as other:
            sides: dict[str, Side] = {"ours": Ours(ours, one), "tofu": Tofu(theirs, other)}
            for number in range(ROUNDS):
                # Whoever comes first finds the cloud's caches cold: by turns.
                _round(found, dict(sorted(sides.items(), reverse=bool(number % 2))))
    figures = {**_about(), "steps": summary(found)}
    target = here.root / "build" / "bench" / "peer.json"
    write_atomically(target, json.dumps(figures, indent=1))
    print(table(figures["steps"]))
    print(target.relative_to(here.root))
    return 0


def _round(found: Figures, sides: Mapping[str, Side]) -> None:
    for step in STEPS:
        for name, side in sides.items():
            cost = measuring.cost(getattr(side, step))
            if step == "up" and side.known() != len(topology()):
                raise SystemExit(f"{name}: {side.known()} resources instead of {len(topology())}")
            found[step][name].append(cost)
            print(f"{step:15} {name:5} {cost.seconds:7.2f} s {cost.processor_seconds:7.2f} s {cost.peak_mib:5} MiB")
            sys.stdout.flush()


def _about() -> dict[str, Any]:
    return {
        "when": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[2], 1),
        "resources": len(topology()),
        "at once": AT_ONCE,
        "rounds": ROUNDS,
        "versions": {
            "pulumi": build.PULUMI_VERSION,
            "opentofu": tools.TOFU_VERSION,
            "terraform-provider-openstack": tools.PROVIDER_VERSION,
        },
    }


def summary(found: Figures) -> dict[str, Any]:
    """Return the median of each figure by step and side, every round's time, the ratio of times, and the goal."""
    told: dict[str, Any] = {}
    for step, sides in found.items():
        medians = {name: _median(costs) for name, costs in sides.items()}
        told[step] = {
            **medians,
            "ratio": round(medians["ours"]["seconds"] / medians["tofu"]["seconds"], 2),
            "goal": GOALS.get(step),
        }
    return told


def _median(costs: Sequence[measuring.Cost]) -> dict[str, Any]:
    rows = [asdict(one) for one in costs]
    middle = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    return {**middle, "each": [one.seconds for one in costs]}


def table(steps: Mapping[str, Any]) -> str:
    """Return the summary for a reader."""
    lines = [f"{'':15} {'ours':>18} {'tofu':>18} {'ratio':>6} {'goal':>5}"]
    for step, one in steps.items():
        sides = (
            f"{one[side]['seconds']:7.1f} s {one[side]['processor_seconds']:5.1f} cpu" for side in ("ours", "tofu")
        )
        lines.append(
            f"{step:15} {' '.join(f'{text:>18}' for text in sides)} {one['ratio']:6.2f} {one['goal'] or '':>5}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
