"""What one command cost: time, processor, memory.

Processor time is that of the command and all its helpers: whoever loses its parent becomes our child (a "subreaper"),
is waited for and so counted. Memory is the sum over all of them, shared pages counted once, seen four times a second.
"""

from __future__ import annotations

import ctypes
import os
import resource
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_LOOK_SECONDS = 0.25
_HELPERS_SECONDS = 10


@dataclass(frozen=True)
class Cost:
    """Of one command."""

    seconds: float
    processor_seconds: float
    peak_mib: int


def adopt_orphans() -> None:
    """Become the parent of every helper that its own parent leaves behind."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def cost(work: Callable[[], object]) -> Cost:
    """Run `work`, which runs commands, and say what it cost; what this thread does itself counts as well."""
    ended, most = threading.Event(), [0]

    def look() -> None:
        while not ended.wait(_LOOK_SECONDS):
            most[0] = max(most[0], _memory())

    watch = threading.Thread(target=look, daemon=True)
    watch.start()
    before, own, clock = _of_children(), time.thread_time(), time.monotonic()
    try:
        work()
        seconds = time.monotonic() - clock
        own = time.thread_time() - own
        _bury()
    finally:
        ended.set()
        watch.join()
    return Cost(round(seconds, 2), round(_of_children() - before + own, 2), most[0])


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _bury() -> None:
    """Wait for what the command left behind: plugins that notice that it has ended."""
    end = time.monotonic() + _HELPERS_SECONDS
    while time.monotonic() < end:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.02)
        except ChildProcessError:
            return


def _memory() -> int:
    """Return the memory of all our descendants, in MiB."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text(encoding="utf-8").rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has ended meanwhile
    ours, found = {os.getpid()}, 1
    while found:
        more = {one for one, parent in parents.items() if parent in ours} - ours
        ours |= more
        found = len(more)
    return sum(map(_proportional, ours - {os.getpid()})) // 1024


def _proportional(process: int) -> int:
    try:
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
        return int(rollup.partition("\nPss:")[2].split()[0])
    except (OSError, IndexError):
        return 0
