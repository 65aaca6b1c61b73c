"""The probe: streamed to a guest's Python, it opens listeners, knocks at addresses, answers, and leaves nothing.

Commands come as lines of JSON on the standard input, each is answered by one line. Only Python's own library is used,
and nothing of this package: a guest has no more. One process knocks at hundreds of addresses at once, because a packet
that is dropped costs the whole timeout, and meanwhile it answers those who knock at its own listeners.

A knock ends as `open`, `refused` (a reset or a closed port's answer), `dropped` (silence until the timeout) or
`unreachable` (a router's or the own kernel's word, the latter with `no route`). Anything else is told as an error.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import time
from typing import Any

LIFE_SECONDS = 600
AT_ONCE = 600
BACKLOG = 4096
# A question that a time server answers; our own listeners answer anything.
QUESTION = bytes([0x1B]) + bytes(47)
UNREACHABLE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES, errno.EPERM}
IP_RECVERR, IPV6_RECVERR = (socket.IPPROTO_IP, 11), (socket.IPPROTO_IPV6, 25)
Item = tuple[str, str, int]


class Knock:
    """One attempt at one address."""

    def __init__(self, ident: int, item: Item, source: str | None) -> None:
        self.ident, self.item, self.source = ident, item, source
        self.socket = _socket(item)
        self.deadline = self.again = 0.0


class Probe:
    """The listeners and knocks of one guest, in one loop."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.listeners: dict[Item, socket.socket] = {}
        self.services: list[Item] = []
        self.results: dict[int, tuple[str, str]] = {}

    def answer(self, command: dict[str, Any]) -> dict[str, Any]:
        """Carry out one command."""
        if "listen" in command:
            return {"listening": [[*item, *self._listen(item)] for item in map(_item, command["listen"])], **_host()}
        if "knock" in command:
            self._knock(command["knock"], command["seconds"])
            return {"knocked": [[ident, *found] for ident, found in self.results.items()]}
        if "check" in command:
            return {"alive": [[*item] for item in (*self.listeners, *self.services) if self._is_alive(item)]}
        return {"unknown": sorted(command)}

    def wait(self, seconds: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        """Serve our own listeners while waiting; return what else has something to say."""
        others = []
        for key, events in self.selector.select(seconds):
            if key.data == "listener":
                _serve(key.fileobj)
            else:
                others.append((key, events))
        return others

    def _listen(self, item: Item) -> tuple[str, str]:
        """Open a listener, unless a service listens there already; bound to the address, gone with this process."""
        protocol, address, port = item
        made = _socket(item)
        try:
            if protocol == "tcp":
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((address, port))
            if protocol == "tcp":
                made.listen(BACKLOG)
        except OSError as error:
            made.close()
            if error.errno != errno.EADDRINUSE:
                return "failed", os.strerror(error.errno or 0)
            self.services.append(item)
            return "service", ""
        self.selector.register(made, selectors.EVENT_READ, "listener")
        self.listeners[item] = made
        return "temporary", ""

    def _is_alive(self, item: Item) -> bool:
        """Ask a listener on this very host; security groups have no say there."""
        self._knock([[0, *item, None]], 2.0)
        return self.results.get(0, ("", ""))[0] == "open"

    def _knock(self, wanted: list[Any], seconds: float) -> None:
        self.results = {}
        waiting = list(reversed(wanted))
        running: dict[int, Knock] = {}
        while waiting or running:
            while waiting and len(running) < AT_ONCE:
                ident, protocol, address, port, source = waiting.pop()
                self._begin(Knock(ident, (protocol, address, port), source), seconds, running)
            for key, _ in self.wait(_until(running)):
                if isinstance(key.data, Knock):
                    self._settle(key.data, running)
            now = time.monotonic()
            for knock in [one for one in running.values() if one.deadline <= now]:
                self._end(knock, "dropped", "", running)
            for knock in [one for one in running.values() if 0 < one.again <= now]:
                knock.again = 0.0
                with contextlib.suppress(OSError):
                    knock.socket.send(QUESTION)

    def _begin(self, knock: Knock, seconds: float, running: dict[int, Knock]) -> None:
        protocol, address, port = knock.item
        now = time.monotonic()
        knock.deadline = now + seconds
        running[knock.ident] = knock
        try:
            if knock.source:
                knock.socket.bind((knock.source, 0))
            if protocol == "udp":
                # Else the kernel keeps to itself what a router says of a datagram.
                knock.socket.setsockopt(*(IPV6_RECVERR if ":" in address else IP_RECVERR), 1)
                knock.socket.connect((address, port))
                knock.socket.send(QUESTION)
                # A datagram may get lost on a busy network; TCP sees to that itself.
                knock.again = now + seconds / 2
            else:
                with contextlib.suppress(BlockingIOError):
                    knock.socket.connect((address, port))
        except OSError as error:
            self._fail(knock, error.errno or 0, "no route", running)
            return
        events = selectors.EVENT_READ if protocol == "udp" else selectors.EVENT_WRITE
        self.selector.register(knock.socket, events, knock)

    def _settle(self, knock: Knock, running: dict[int, Knock]) -> None:
        """Take what the socket has to say."""
        if knock.ident not in running:
            return
        try:
            if knock.item[0] == "udp":
                knock.socket.recv(512)
                code = 0
            else:
                code = knock.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        except OSError as error:
            code = error.errno or 0
        if code:
            self._fail(knock, code, os.strerror(code), running)
        else:
            self._end(knock, "open", "", running)

    def _fail(self, knock: Knock, code: int, detail: str, running: dict[int, Knock]) -> None:
        if code == errno.ECONNREFUSED:
            self._end(knock, "refused", "", running)
        elif code == errno.ETIMEDOUT:
            self._end(knock, "dropped", "", running)
        elif code in UNREACHABLE:
            self._end(knock, "unreachable", detail, running)
        else:
            self._end(knock, "error", os.strerror(code), running)

    def _end(self, knock: Knock, got: str, detail: str, running: dict[int, Knock]) -> None:
        running.pop(knock.ident, None)
        with contextlib.suppress(KeyError, ValueError):
            self.selector.unregister(knock.socket)
        if knock.item[0] == "tcp":
            # A reset instead of a farewell: no connection of ours lingers on either side.
            with contextlib.suppress(OSError):
                knock.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        knock.socket.close()
        self.results[knock.ident] = (got, detail)


def _serve(listener: Any) -> None:
    with contextlib.suppress(OSError):
        if listener.type == socket.SOCK_DGRAM:
            data, sender = listener.recvfrom(512)
            listener.sendto(data, sender)
        else:
            listener.accept()[0].close()


def _until(running: dict[int, Knock]) -> float:
    times = [one.deadline for one in running.values()] + [one.again for one in running.values() if one.again > 0]
    return max(0.0, min(times) - time.monotonic()) if times else 0.0


def _item(given: list[Any]) -> Item:
    return str(given[0]), str(given[1]), int(given[2])


def _socket(item: Item) -> socket.socket:
    family = socket.AF_INET6 if ":" in item[1] else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM if item[0] == "tcp" else socket.SOCK_DGRAM)
    made.settimeout(0)
    return made


def _host() -> dict[str, Any]:
    """Tell the addresses that this host has."""
    done = subprocess.run(["ip", "-json", "address", "show"], capture_output=True, check=False)
    links = json.loads(done.stdout or b"[]")
    found = [one["local"] for link in links for one in link.get("addr_info", ()) if one.get("scope") == "global"]
    return {"addresses": found}


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Answer commands until the input ends; a probe that nobody asks any more ends by itself."""
    signal.alarm(LIFE_SECONDS)
    probe, rest = Probe(), b""
    probe.selector.register(0, selectors.EVENT_READ, "commands")
    _say({"ready": os.geteuid()})
    while True:
        if not any(key.data == "commands" for key, _ in probe.wait(None)):
            continue
        chunk = os.read(0, 1 << 16)
        if not chunk:
            sys.exit(0)
        *lines, rest = (rest + chunk).split(b"\n")
        # While a command is carried out nobody waits for the next one.
        probe.selector.unregister(0)
        for line in lines:
            _say(probe.answer(json.loads(line)))
        probe.selector.register(0, selectors.EVENT_READ, "commands")


if __name__ == "__main__":
    main()
