"""`python -m tests.bench_scale`: plans of cities of growing size, without a cloud; figures and picture in build/bench/.

Nothing here is asserted: a slow machine is no fault. The largest city has 60 departments, 1,000 systems and some 20,000
resources. Measured are, by size:

- the whole: one process that reads the inventory, runs the program of every unit under mocks and judges every plan;
- a shard: a process of its own for one unit, as `pulumi` starts one, from its start to its end;
- a shard planned by the real `pulumi preview` with the real plugin: a system's unit asks the cloud nothing before it is
  built (`tests/scale_preview.py`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from compliance.policy.city import City as Judged
from compliance.policy.judging import findings
from compliance.policy.records import existing
from govcloud.core.files import write_atomically
from govcloud.core.model.inventory import load
from govcloud.core.model.quotas import total_quota
from govcloud.core.model.units import units
from govcloud.core.workspace import Workspace
from tests import scale_picture, scale_preview
from tests.inventory import large_city
from tests.stacks.city_under_mocks import City, build_unit, write_operator_key

SYSTEMS = (100, 250, 500, 1_000)
DEPARTMENTS = 60
OF_THE_SAMPLE = 26
# Of the systems that are added, one of so many has three tiers, the others have one.
LARGE_ONE_OF = 4


def main() -> int:
    """Measure cities of growing size, or, with arguments, one part of one city."""
    if sys.argv[1:]:
        part, root, *rest = sys.argv[1:]
        print(json.dumps({"whole": _whole, "shard": _shard}[part](Path(root), *rest)))
        return 0
    figures = []
    for systems in SYSTEMS:
        with tempfile.TemporaryDirectory(prefix="govcloud-bench-") as folder:
            figures.append(_city(Path(folder), systems))
        print(json.dumps(figures[-1]), flush=True)
    told = {"cores": os.cpu_count(), "cities": figures}
    target = Workspace.here().root / "build" / "bench"
    write_atomically(target / "scale.json", json.dumps(told, indent=1))
    write_atomically(target / "scale.svg", scale_picture.draw(figures))
    return 0


def _city(folder: Path, systems: int) -> dict[str, Any]:
    root = folder / "inventory"
    departments = DEPARTMENTS * systems // SYSTEMS[-1]
    lines = large_city.write(root, departments, systems - OF_THE_SAMPLE, one_of=LARGE_ONE_OF)
    large, small = _names(root)
    preview = scale_preview.PlanOnly(folder / "checkout", root)
    return {
        "systems": systems,
        "lines": lines,
        "whole": _measured("whole", root),
        "shards": {name: _measured("shard", root, name) for name in ("foundation", "d1", large, small)},
        "pulumi preview": {name: preview.measured(name) for name in (large, small)},
    }


def _names(root: Path) -> tuple[str, str]:
    """Return the units of a large and of a small system."""
    systems = load(root).departments["d1"].systems
    large = next(key for key, one in systems.items() if len(one.compute) > 1)
    small = next(key for key, one in systems.items() if len(one.compute) == 1)
    return f"d1-{large}", f"d1-{small}"


def _measured(part: str, root: Path, *rest: str) -> dict[str, Any]:
    """Measure one part in a process of its own: nothing that was measured before counts."""
    command = [sys.executable, "-m", "tests.bench_scale", part, str(root), *rest]
    wall = time.monotonic()
    before = os.times()
    done = subprocess.run(command, cwd=Workspace.here().root, stdout=subprocess.PIPE, check=True)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {"seconds": round(time.monotonic() - wall, 1), "processor_seconds": round(used, 1), **told}


def _whole(root: Path) -> dict[str, Any]:
    """Plan and judge every unit, one after another; what is planned is let go at once, as between processes."""
    clock = _Clock()
    inventory = load(root)
    clock.tell("read and check")
    total_quota(inventory, inventory.environments["lab"])
    clock.tell("quotas")
    sizes: dict[str, int] = {}
    write_operator_key(inventory, root.parent)
    for unit in units(inventory, inventory.environments["lab"]).values():
        city = City(inventory)
        build_unit(city, unit, root.parent, preview=True)
        sizes[unit.name] = len(city.resources)
        clock.tell("plan")
        judged = Judged.of(inventory, unit.stack("lab"), [existing(one) for one in city.asked])
        for one in findings(judged, root):
            if one.verdict == "nonconform":
                raise SystemExit(one.message)
        clock.tell("judge")
    largest = max(sizes, key=lambda name: sizes[name])
    return {
        "units": len(sizes),
        "resources": sum(sizes.values()),
        "largest_unit": [largest, sizes[largest]],
        "peak_mib": _peak(),
        "parts": clock.told,
    }


def _shard(root: Path, name: str) -> dict[str, Any]:
    """Plan one unit."""
    clock = _Clock()
    inventory = load(root)
    clock.tell("read and check")
    city = City(inventory)
    write_operator_key(inventory, root.parent)
    build_unit(city, units(inventory, inventory.environments["lab"])[name], root.parent, preview=True)
    clock.tell("plan")
    return {"resources": len(city.resources), "peak_mib": _peak(), "parts": clock.told}


class _Clock:
    """Processor seconds by part."""

    def __init__(self) -> None:
        self.told: dict[str, float] = {}
        self._last = time.process_time()

    def tell(self, part: str) -> None:
        """Add what has passed to a part."""
        now = time.process_time()
        self.told[part] = round(self.told.get(part, 0) + now - self._last, 3)
        self._last = now


def _peak() -> int:
    """Return the most memory that this process has had, in MiB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


if __name__ == "__main__":
    sys.exit(main())
