"""Running the field's tools: what fails says which command and why, in one line."""

from __future__ import annotations

import subprocess


class GuestError(Exception):
    """A guest could not be made, started or changed; the text is for the operator."""


def run(*command: str, text: str | None = None, timeout: float = 120) -> str:
    """Run a command and return its standard output; raise GuestError when it fails."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=timeout)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip())[-400:]
        raise GuestError(f"{' '.join(command)}: exit {done.returncode}: {last}")
    return done.stdout


def succeeds(*command: str, timeout: float = 120) -> bool:
    """Run a command whose failure is an answer, not an error."""
    return subprocess.run(command, capture_output=True, check=False, timeout=timeout).returncode == 0
