"""A reverse proxy on a loopback address of its own, in front of a cloud's services, that spoils calls as it is told.

It listens on the same ports as the services do and puts its address into the catalogue that keystone gives out with a
token. So whoever signs in through it makes every further call through it: Pulumi's provider and our own SDK alike,
neither of which knows of it.
"""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MUTATING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
TOKENS = "/v3/auth/tokens"
_SECONDS = 120
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host"})


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call as it came in; `nth` counts the calls of the same method and path."""

    number: int
    method: str
    port: int
    path: str
    nth: int

    @property
    def mutates(self) -> bool:
        """Whether it changes what the cloud has: a token is nothing that anybody would find."""
        return self.method in MUTATING and not self.path.startswith(TOKENS)

    def __str__(self) -> str:
        return f"#{self.number} {self.method} :{self.port}{self.path}"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens to a call: before the server gets it, and after the server has carried it out.

    With a `status` or `hang` and without `commit` the server never gets it. `keep` is the part of the answer that
    comes back before the connection ends.
    """

    name: str
    status: int = 0
    commit: bool = False
    hang: bool = False
    keep: float = 0.0


@dataclass
class Plan:
    """Decides about each call, and keeps what came and what was done to it."""

    before: Callable[[Call], Fault | None] = lambda _: None
    after: Callable[[Call], None] = lambda _: None
    """Called when the server has carried a call out and before its answer goes back."""
    calls: list[Call] = field(default_factory=list)
    spoiled: list[str] = field(default_factory=list)
    _seen: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def decide(self, method: str, port: int, path: str) -> tuple[Call, Fault | None]:
        """Give a call its number and return it with what is to happen to it."""
        with self._lock:
            same = f"{method} {port} {path}"
            self._seen[same] += 1
            call = Call(number=len(self.calls), method=method, port=port, path=path, nth=self._seen[same])
            self.calls.append(call)
            fault = self.before(call)
            if fault:
                self.spoiled.append(f"{call}: {fault.name}")
        return call, fault


@dataclass
class Proxy:
    """The services of one cloud, spoiled by whatever plan is set."""

    host: str
    target: str
    plan: Plan = field(default_factory=Plan)
    released: threading.Event = field(default_factory=threading.Event)

    def use(self, plan: Plan) -> None:
        """Set another plan; what still hangs by the last one ends."""
        self.released.set()
        self.plan, self.released = plan, threading.Event()


@contextmanager
def proxy(host: str, target: str, ports: set[int]) -> Iterator[Proxy]:
    """Stand at `host` for the services that listen at `target`."""
    stands = Proxy(host, target)
    servers = [_Server((host, port), stands) for port in sorted(ports)]
    threads = [threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield stands
    finally:
        stands.released.set()
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], stands: Proxy) -> None:
        self.stands = stands
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: that a caller is gone is what killing it looks like from here."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, *_: object) -> None:
        """Say nothing; the plan keeps what came."""

    def _handle(self) -> None:
        stands, port = self.server.stands, self.server.server_address[1]
        plan, released = stands.plan, stands.released
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        call, fault = plan.decide(self.command, port, self.path)
        answer = None
        if fault is None or fault.commit:
            answer = self._ask(port, body)
            plan.after(call)
        if fault is None:
            self._answer(*answer) if answer else None
        elif fault.hang:
            released.wait(_SECONDS)
        elif fault.status:
            told = {"error": {"code": fault.status, "message": f"spoiled on purpose: {fault.name}", "title": "drill"}}
            headers = {"Content-Type": "application/json", "Retry-After": "1"}
            self._answer(fault.status, headers, json.dumps(told).encode())
        elif answer and fault.keep:
            self._answer(*answer, keep=fault.keep)
        self.close_connection = True

    def _ask(self, port: int, body: bytes) -> tuple[int, dict[str, str], bytes]:
        stands = self.server.stands
        connection = http.client.HTTPConnection(stands.target, port, timeout=_SECONDS)
        headers = {key: value for key, value in self.headers.items() if key.lower() not in _HOP_BY_HOP}
        headers["Host"] = f"{stands.target}:{port}"
        connection.request(self.command, self.path, body or None, headers)
        got = connection.getresponse()
        content = got.read()
        connection.close()
        kept = {key: value for key, value in got.headers.items() if key.lower() not in _HOP_BY_HOP}
        if self.path.startswith(TOKENS):
            content = content.replace(f"//{stands.target}:".encode(), f"//{stands.host}:".encode())
        return got.status, kept, content

    def _answer(self, status: int, headers: dict[str, str], content: bytes, keep: float = 1.0) -> None:
        self.send_response_only(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[: int(len(content) * keep)])

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815 - as the library looks them up
