"""`make check`: everything that can be said of the repository without a city."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TOOLS = Path(sys.prefix) / "bin"
PYTHON = ["govcloud", "lab", "toolchain", "stacks", "compliance", "dashboards", "inventory", "tests"]
UNIT_TESTS = [
    "-m",
    "not lab and not slow",
    "--hypothesis-profile",
    "check",
    "--numprocesses",
    "2",
    "--dist",
    "loadfile",
]
# The longest comes first: the others run beside it.
CHECKS: dict[str, list[str]] = {
    "unit tests": ["pytest", *UNIT_TESTS],
    "playbooks": ["ansible-lint", "--offline", "--profile", "production", "playbooks"],
    "format": ["ruff", "format", "--check", *PYTHON],
    "lint": ["ruff", "check", *PYTHON],
    "types": ["mypy"],
    "borders": ["lint-imports"],
    "yaml": ["yamllint", "--strict", "."],
    "schemas": ["govcloud", "inventory", "check"],
}


def main() -> int:
    """Run all checks, two at a time; print what the failed ones said."""
    started = time.monotonic()
    with ThreadPoolExecutor(max_workers=2) as pool:
        results = dict(zip(CHECKS, pool.map(_run, CHECKS.values()), strict=True))
    for name, (status, output, seconds) in results.items():
        print(f"{'✓' if status == 0 else '✗'} {name} {seconds:.1f} s")
        if status:
            print(output)
    print(f"{time.monotonic() - started:.1f} s")
    return int(any(status for status, _, _ in results.values()))


def _run(command: list[str]) -> tuple[int, str, float]:
    started = time.monotonic()
    done = subprocess.run([str(TOOLS / command[0]), *command[1:]], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr, time.monotonic() - started


if __name__ == "__main__":
    sys.exit(main())
