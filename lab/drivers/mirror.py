"""The city's package mirror: listens inside the lab, fetches with the machine's own network, and keeps what it fetched.

Guests have no way out; this process has one foot in each network. It opens its listening socket in the lab, then steps
into the machine's network namespace (nothing listens there) and becomes nginx, which takes the socket over.
usage: mirror.py ADDRESS PORT CONFIGURATION
"""

import os
import socket
import sys

CLONE_NEWNET = 0x40000000
MACHINE = "/run/machine-netns"


def main() -> None:
    """Open, step over, become nginx."""
    address, port, configuration = sys.argv[1:]
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


def _setns(descriptor: int) -> None:
    import ctypes  # noqa: PLC0415 - Python has os.setns only from 3.12 on

    library = ctypes.CDLL(None, use_errno=True)
    if library.setns(descriptor, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


main()
