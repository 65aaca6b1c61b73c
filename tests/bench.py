"""`make bench`: how long things take and how much memory they need, on a city of its own; figures go to build/bench/.

Nothing here is asserted: a slow machine is no fault. Compare figures only within one run.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from govcloud.core.files import write_atomically
from govcloud.core.workspace import Workspace
from lab import catalogue
from tests.conftest import ROOT, TEST_CITY, City, copy_checkout, environment_of, leave_out, outside
from tests.lab.guest_site import Site, wait_for
from tests.sampling import SEED, WHOLE

SYSTEM = "lab-approval-elicence"
ROUNDS = 3


def main() -> int:
    """Measure and write; the city is removed afterwards."""
    copy_checkout(TEST_CITY)
    if not WHOLE:
        leave_out(TEST_CITY)
    figures: dict[str, Any] = {
        "machine": {"cores": os.cpu_count(), "kernel": platform.release()},
        "city": "whole" if WHOLE else f"a part, GOVCLOUD_SEED={SEED}",
    }
    figures["make up"] = _seconds(_make("up"))
    figures["phases"] = json.loads((TEST_CITY / ".lab" / "phases.json").read_text(encoding="utf-8"))
    city = City(TEST_CITY, environment_of(TEST_CITY), {}, 0.0)
    figures["make up, all running"] = _rounds(_make("up"))
    figures["pulumi up, nothing to do"] = _rounds(lambda: city.run(["pulumi", "up", "-s", SYSTEM, "--yes"], check=True))
    figures["drift"] = _rounds(lambda: city.run(["govcloud", "deploy"], check=True))
    figures["servers"] = _servers(city)
    figures["memory"] = _memory(city)
    figures["pulumi destroy"] = _seconds(lambda: city.run(["pulumi", "destroy", "-s", SYSTEM, "--yes"], check=True))
    figures["pulumi up, from nothing"] = _seconds(lambda: city.run(["pulumi", "up", "-s", SYSTEM, "--yes"], check=True))
    figures["make down"] = _seconds(_make("down"))
    figures["make up, stopped"] = _seconds(_make("up"))
    figures["make clean"] = _seconds(_make("clean"))
    shutil.rmtree(TEST_CITY.parent)
    target = ROOT / "build" / "bench" / f"{time.strftime('%Y-%m-%dT%H%M%S')}.json"
    write_atomically(target, json.dumps(figures, indent=1, ensure_ascii=False))
    print(json.dumps({key: figures[key] for key in figures if key != "phases"}, indent=1))
    print(target.relative_to(ROOT))
    return 0


def _make(goal: str) -> Callable[[], object]:
    return lambda: subprocess.run(
        ["make", goal], cwd=TEST_CITY, env=outside(), stdin=subprocess.DEVNULL, stdout=sys.stderr, check=True
    )


def _seconds(work: Callable[[], object]) -> float:
    start = time.monotonic()
    work()
    return round(time.monotonic() - start, 1)


def _rounds(work: Callable[[], object]) -> dict[str, float]:
    times = [_seconds(work) for _ in range(ROUNDS)]
    return {"minimum": min(times), "median": statistics.median(times), "maximum": max(times)}


def _servers(city: City) -> dict[str, list[float]]:
    """Time servers from the request to ACTIVE and to the first command over SSH."""
    site = Site(catalogue.connect(Workspace(city.root)), city.root / ".lab/secrets/operator_ed25519", "bench")
    found: dict[str, list[float]] = {"to ACTIVE": [], "to SSH": []}
    try:
        site.build()
        for number in range(ROUNDS):
            start = time.monotonic()
            server = site.start(f"server-{number}")
            found["to ACTIVE"].append(round(time.monotonic() - start, 1))
            wait_for("SSH", lambda server=server: server.attempt("true").returncode == 0)
            found["to SSH"].append(round(time.monotonic() - start, 1))
    finally:
        site.remove()
    return found


def _memory(city: City) -> dict[str, Any]:
    status = json.loads(city.run(["govcloud", "lab", "status", "--json"], check=True).stdout)
    services = {one["name"]: one["memory_mib"] for one in status["services"]}
    return {"services_mib": sum(services.values()), "guests": status["guests"], "by_service_mib": services}


if __name__ == "__main__":
    sys.exit(main())
