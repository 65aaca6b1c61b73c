"""A helper process that must not outlive the command that started it.

The engine stops its plugins when it ends in order; a `kill -9`, or the kernel short of memory, gives it no chance to. A
language host that stays behind holds a port, and the program under it goes on registering resources. So each process
of ours watches its parent through a descriptor of that process. PR_SET_PDEATHSIG is no substitute: it follows the
thread that forked, and the engine is a Go program, whose threads come and go.
"""

from __future__ import annotations

import os
import select
import signal
import threading


def end_with_parent() -> None:
    """Watch the parent from now on; the whole process ends at once, and quietly, when it is gone or interrupts us."""
    parent = os.getppid()
    try:
        descriptor = os.pidfd_open(parent)
    except ProcessLookupError:
        os._exit(1)
    # Between the two calls the parent may have ended and its number been given away.
    if os.getppid() != parent:
        os._exit(1)
    # The engine stops a plugin by SIGINT to its process group: no reason for a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_wait, args=(descriptor,), name="parent watch", daemon=True).start()


def _wait(descriptor: int) -> None:
    watch = select.poll()
    watch.register(descriptor, select.POLLIN)
    watch.poll()
    os._exit(1)
