"""What the services of the tests' city logged while a test ran: told with the test's failure."""

from __future__ import annotations

import re
from pathlib import Path

LINES_OF_A_SERVICE = 12
TELLING = re.compile(r"WARN|ERR|CRITICAL|Traceback|Error|[Cc]laiming|Releasing|exited")


def sizes(logs: Path) -> dict[Path, int]:
    """Return how long each log is now."""
    return {path: path.stat().st_size for path in logs.glob("*.log")}


def since(logs: Path, before: dict[Path, int]) -> str:
    """Return the telling lines that came after `before`, the last of each service."""
    told = []
    for path in sorted(logs.glob("*.log")):
        with path.open("rb") as file:
            file.seek(before.get(path, 0))
            lines = [line for line in file.read().decode(errors="replace").splitlines() if TELLING.search(line)]
        told += [f"{path.stem}: {line[:300]}" for line in lines[-LINES_OF_A_SERVICE:]]
    return "\n".join(told)
