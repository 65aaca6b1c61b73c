"""What is so on a host, read once and not judged. What cannot be read is said to be so, never taken for a verdict."""

from __future__ import annotations

from typing import Any


class CouldNotObserve(Exception):  # noqa: N818 - not an error of anybody: the third answer besides yes and no
    """A look that was not possible; the control is then not tested, neither conform nor not."""


def read(host: Any, command: str, *, as_root: bool = False) -> str:
    """Return what a read-only command prints on a host."""
    try:
        if as_root:
            with host.sudo():
                done = host.run(command)
        else:
            done = host.run(command)
    except RuntimeError as error:
        raise CouldNotObserve(f"the host does not answer: {error}") from None
    if done.rc:
        raise CouldNotObserve(f"{command}: status {done.rc}: {(done.stderr or done.stdout).strip()[-300:]}")
    return str(done.stdout)
