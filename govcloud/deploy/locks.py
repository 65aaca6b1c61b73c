"""Locks on stacks: which of them the dead have left, and taking those away and no others.

Pulumi's lock names a process and a host. Neither tells the dead from the living for good: a number is given again, and
machines or containers that share a database may bear one name. So each command that we start is noted in its checkout,
with the machine's boot and with when it began. A lock without such a note is of a `pulumi` that somebody typed. Beside
files it was typed on this machine, and its process is looked for; in a database it counts as held.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.files import write_atomically
from govcloud.core.language import tr
from govcloud.core.workspace import Workspace

_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Lock:
    """One lock: where it is kept and what it says."""

    key: str
    text: str


@dataclass(frozen=True)
class _Process:
    """A process as the kernel tells of it."""

    name: str
    started: int
    """Ticks from the machine's boot."""


@contextmanager
def noted(workspace: Workspace, pid: int) -> Iterator[None]:
    """Keep the note of a command that may take locks, for as long as it runs."""
    process, note = _process(pid), _note(workspace, pid)
    if process:
        write_atomically(note, json.dumps({"boot": _boot(), "started": process.started}))
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


def holder(workspace: Workspace, lock: Lock, *, shared: bool) -> str | None:
    """Return who holds a lock, or None when whoever took it has died. `shared`: other machines' locks are there too."""
    try:
        held = json.loads(lock.text)
        pid, host = int(held["pid"]), str(held["hostname"])
    except (ValueError, KeyError, TypeError):
        return tr("somebody whose lock cannot be read")
    if host != socket.gethostname():
        return tr("process {pid} on {host}", pid=pid, host=host)
    process = _process(pid)
    with suppress(OSError, ValueError):
        began = json.loads(_note(workspace, pid).read_text(encoding="utf-8"))
        lives = process is not None and began == {"boot": _boot(), "started": process.started}
        return tr("process {pid}", pid=pid) if lives else None
    if shared:
        return tr("process {pid} on {host}", pid=pid, host=host)
    return tr("process {pid}", pid=pid) if process and process.name.startswith("pulumi") else None


def forget(workspace: Workspace, lock: Lock) -> None:
    """Forget the note of a dead command whose lock is gone."""
    _note(workspace, int(json.loads(lock.text)["pid"])).unlink(missing_ok=True)


def refuse(stack: str, user: str) -> GovcloudError:
    """Return what is said where somebody is at work."""
    message = tr(
        "Stack {stack} is in use by {user}. Fix: wait until it has ended; when it is dead for certain, pulumi cancel "
        "--stack {stack}",
        stack=stack,
        user=user,
    )
    return GovcloudError(message, status=Exit.SAFETY_RULE)


def _note(workspace: Workspace, pid: int) -> Path:
    return workspace.lab / "commands" / f"{pid}.json"


def _boot() -> str:
    # Numbers and starts are counted within a namespace: of a container, its own.
    return f"{_BOOT.read_text(encoding='ascii').strip()} {os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115 - no file


def _process(pid: int) -> _Process | None:
    try:
        name, _, rest = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").partition("(")[2].rpartition(")")
    except OSError:
        return None
    fields = rest.split()
    # A killed process keeps its number and name until its parent asks for its end, which may be never.
    return None if fields[0] in {"Z", "X"} else _Process(name, int(fields[19]))
