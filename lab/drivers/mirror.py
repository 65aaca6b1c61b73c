"""The city's package mirror: listens inside the lab, fetches with the machine's own network, and keeps what it fetched.

Guests have no way out; this process has one foot in each network. It opens its listening socket in the lab, then steps
into the machine's network namespace (nothing listens there) and becomes nginx, which takes the socket over.
usage: mirror.py ADDRESS PORT CONFIGURATION
"""

import contextlib
import os
import select
import signal
import socket
import sys
from pathlib import Path

CLONE_NEWNET = 0x40000000
MACHINE = "/run/machine-netns"


def main() -> None:
    """Open, step over, become nginx."""
    address, port, configuration = sys.argv[1:]
    _end_leftovers()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, int(port)))
    listener.listen(128)
    listener.set_inheritable(True)
    with open(MACHINE, "rb") as machine:  # noqa: PTH123 - a namespace, not a file to read
        _setns(machine.fileno())
    # nginx's own way to inherit sockets, meant for upgrades without a pause.
    os.environ["NGINX"] = f"{listener.fileno()};"
    os.execv("/usr/sbin/nginx", ["nginx", "-c", configuration])  # noqa: S606 - the point of this program


def _end_leftovers() -> None:
    """End the worker of a master that was killed: it would keep the address. Guests' own nginx is none of ours."""
    ours = Path("/proc/self/ns/pid").readlink()
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if (
                entry.name.isdigit()
                and (entry / "comm").read_text() == "nginx\n"
                and (entry / "ns/pid").readlink() == ours
            ):
                process = os.pidfd_open(int(entry.name))
                signal.pidfd_send_signal(process, signal.SIGKILL)
                select.select([process], [], [], 5)


def _setns(descriptor: int) -> None:
    import ctypes  # noqa: PLC0415 - Python has os.setns only from 3.12 on

    library = ctypes.CDLL(None, use_errno=True)
    if library.setns(descriptor, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


main()
