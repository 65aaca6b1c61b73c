"""A cloud in memory behind real HTTP: what the function test asks for, and a fault in any part of it.

Its servers do not run. What one would tell on its console is made up from its first-boot data and from what the cloud
has: that the program in it does the same is another test's proof (`test_function_guest_program.py`).
"""

from __future__ import annotations

import base64
import json
import re
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

from tests.verify.fake_guest import Guest

GIB = 1 << 30
ENDPOINTS = {
    "compute": "/compute/v2.1",
    "network": "/network",
    "image": "/image",
    "block-storage": "/volume/v3",
    "load-balancer": "/load-balancer",
    "key-manager": "/key-manager",
    "object-store": "/object-store/v1/AUTH_{project}",
    "identity": "/identity/v3",
}
ADMIN = "admin"


class Refused(Exception):  # noqa: N818 - an answer, not an error of ours
    """An answer that is no success."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Request:
    """One request, and whose it is."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    project: str

    @property
    def json(self) -> dict[str, Any]:
        """The body as JSON."""
        loaded = json.loads(self.body or b"{}")
        return dict(loaded) if isinstance(loaded, dict) else {}


@dataclass
class FakeCloud:
    """Everything that there is, by kind and id; each thing knows its `project_id`."""

    url: str = ""
    services: set[str] = field(default_factory=lambda: set(ENDPOINTS))
    down: set[str] = field(default_factory=set)
    faults: set[str] = field(default_factory=set)
    limits: dict[str, int] = field(
        default_factory=lambda: {"instances": 10, "cores": 20, "ram": 20480, "gigabytes": 50}
    )
    things: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    seen: Callable[[str], None] = lambda _: None
    """Told of each call that changes something, once it was carried out."""
    _ids: Iterator[int] = field(default_factory=lambda: count(1))

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return all things of a kind."""
        return self.things.setdefault(kind, {})

    def add(self, kind: str, project: str, **what: Any) -> dict[str, Any]:
        """Make a thing."""
        ident = what.pop("id", None) or f"{next(self._ids):08x}-0000-4000-8000-000000000000"
        made = {"id": ident, "project_id": project, "tenant_id": project, **what}
        self.of(kind)[ident] = made
        return made

    def get(self, kind: str, ident: str, project: str) -> dict[str, Any]:
        """Return a thing that a project may see."""
        found = self.of(kind).get(ident)
        open_to_all = "no isolation" in self.faults or (found or {}).get("visibility") == "public"
        if found is None or (project not in {ADMIN, found["project_id"]} and not open_to_all):
            raise Refused(404, f"{kind} {ident} could not be found")
        return found

    def listed(self, kind: str, project: str) -> list[dict[str, Any]]:
        """Return the things that a project sees."""
        return [
            one
            for one in self.of(kind).values()
            if project in {ADMIN, one["project_id"]} or one.get("visibility") == "public"
        ]

    def names(self, kind: str) -> list[str]:
        """Return the names of all things of a kind."""
        return sorted(str(one.get("name", "")) for one in self.of(kind).values())

    def stock(self) -> None:
        """Put in what every cloud has: images, flavors."""
        common = {"visibility": "public", "status": "active", "min_ram": 128, "min_disk": 2, "disk_format": "raw"}
        self.add("image", ADMIN, name="debian-12", size=100, os_distro="debian", os_type="linux", **common)
        self.add("image", ADMIN, name="debian-12-vm", size=50, os_distro="debian", hypervisor_type="qemu", **common)
        self.add("image", ADMIN, name="kernel", size=1, **{**common, "disk_format": "aki"})
        for name, ram, vcpus, disk in (("tiny", 64, 1, 1), ("small", 512, 1, 2), ("medium", 1024, 1, 2)):
            self.add("flavor", ADMIN, name=name, ram=ram, vcpus=vcpus, disk=disk, visibility="public")

    def console(self, server: dict[str, Any]) -> str:
        """Return what a server's console shows."""
        if "silent console" in self.faults:
            return ""
        guest: Guest = server["_guest"]
        if "guest does not run" in self.faults:
            return "Welcome to Debian\n"
        if "no python" in self.faults:
            return "GOVCLOUD-VERIFY no-python\n"
        state = guest.state(self, server)
        text = json.dumps(state, sort_keys=True, separators=(",", ":"))
        line = f"GOVCLOUD-VERIFY {guest.settings['nonce']} {zlib.crc32(text.encode()):08x} {text}"
        return f"[    1.2] boot\n{line}\nGOVCLOUD-VERIFY {guest.settings['nonce']} 00000000 {{cut\n"


def settings_of(user_data: str) -> dict[str, Any]:
    """Return what the first-boot data tells the program in a server."""
    text = base64.b64decode(user_data).decode()
    found = re.search(r"<<'GOVCLOUD_SETTINGS'\n(.*?)\nGOVCLOUD_SETTINGS", text, re.DOTALL)
    return dict(json.loads(found[1])) if found else {}


@contextmanager
def running() -> Iterator[FakeCloud]:
    """Serve a cloud on a port of its own."""
    from tests.verify.fake_services import answer  # noqa: PLC0415 - the services know the cloud

    cloud = FakeCloud()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # An answer leaves in one piece: the second of two would wait for the first to be acknowledged.
        wbufsize = 1 << 16
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            status, headers, content = answer(cloud, self.command, self.path, dict(self.headers.items()), body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815 - as the library looks them up

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Say nothing: that a caller is gone is what killing it looks like from here."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    cloud.url = f"http://127.0.0.1:{server.server_address[1]}"
    cloud.stock()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield cloud
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
