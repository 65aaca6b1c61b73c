"""Which request is answered by which function."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.verify.fake_cloud import FakeCloud, Refused, Request

Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[..., Any]
_ROUTES: list[tuple[str, re.Pattern[str], Handler]] = []
# What starts each service's documents, and how it tells its version.
_DOCUMENTS = {
    "/compute/v2.1": {"version": {"id": "v2.1", "status": "CURRENT", "version": "2.96", "min_version": "2.1"}},
    "/volume/v3": {"versions": [{"id": "v3.0", "status": "CURRENT", "version": "3.71", "min_version": "3.0"}]},
    "/image": {"versions": [{"id": "v2.9", "status": "CURRENT", "_at": "/image/v2/"}]},
    "/network": {"versions": [{"id": "v2.0", "status": "CURRENT", "_at": "/network/v2.0/"}]},
    "/load-balancer": {"versions": [{"id": "v2.27", "status": "CURRENT", "_at": "/load-balancer/v2"}]},
    "/key-manager": {"versions": [{"id": "v1", "status": "CURRENT", "_at": "/key-manager/v1/"}]},
    "/identity/v3": {"version": {"id": "v3.14", "status": "stable"}},
}


def answer(cloud: FakeCloud, method: str, address: str, headers: dict[str, str], body: bytes) -> Answer:
    """Answer one request."""
    parts = urlsplit(address)
    lower = {name.lower(): value for name, value in headers.items()}
    path = parts.path.rstrip("/") or "/"
    request = Request(method, path, dict(parse_qsl(parts.query)), lower, body, lower.get("x-auth-token", ""))
    service = path.split("/")[1] if path.count("/") else ""
    with cloud.lock:
        cloud.calls.append(f"{method} {path}")
        try:
            _up(cloud, service)
            status, extra, content = _routed(cloud, request)
        except Refused as refused:
            told = {"error": {"code": refused.status, "message": str(refused), "title": "no"}}
            status, extra, content = refused.status, {}, json.dumps(told).encode()
    if method not in {"GET", "HEAD"} and status < 300:
        cloud.seen(f"{method} {path}")
    return status, {"Content-Type": "application/json", **extra}, content


def _up(cloud: FakeCloud, service: str) -> None:
    if service in cloud.down:
        raise Refused(503, "the service is unavailable")


def _routed(cloud: FakeCloud, request: Request) -> Answer:
    if request.method == "GET" and request.path in _DOCUMENTS:
        return 200, {}, json.dumps(_document(cloud, request.path)).encode()
    for method, pattern, handler in _ROUTES:
        found = pattern.fullmatch(request.path)
        if found and method == request.method:
            made = handler(cloud, request, *found.groups())
            if isinstance(made, tuple):
                status, headers, content = made
                return status, headers, content
            return (200, {}, json.dumps(_shown(made)).encode()) if made is not None else (204, {}, b"")
    raise Refused(404, f"nothing at {request.method} {request.path}")


def _document(cloud: FakeCloud, path: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(_DOCUMENTS[path]))
    for version in document.get("versions", [document.get("version")]):
        version["links"] = [{"rel": "self", "href": cloud.url + version.pop("_at", path)}]
    return document


def _shown(made: Any) -> Any:
    """Leave out what only the cloud itself knows."""
    if isinstance(made, dict):
        return {name: _shown(value) for name, value in made.items() if not str(name).startswith("_")}
    return [_shown(one) for one in made] if isinstance(made, list) else made


def on(method: str, path: str) -> Callable[[Handler], Handler]:
    """Say which requests a function answers."""

    def note(handler: Handler) -> Handler:
        _ROUTES.append((method, re.compile(path), handler))
        return handler

    return note


def plain(path: str, kind: str, key: str) -> None:
    """Answer for a kind of thing that is made, shown, listed and removed, and nothing more."""
    plural = f"{key}s"

    @on("POST", f"/{path}")
    def create(cloud: FakeCloud, request: Request) -> Answer:
        if f"no {kind}" in cloud.faults:
            raise Refused(403, f"rule:create_{kind} is disallowed by policy")
        made = cloud.add(kind, request.project, **request.json[key])
        return 201, {}, json.dumps({key: made}).encode()

    @on("GET", f"/{path}")
    def list_all(cloud: FakeCloud, request: Request) -> dict[str, Any]:
        same = {
            name: value for name, value in request.query.items() if name in {"network_id", "project_id", "device_id"}
        }
        found = cloud.listed(kind, request.project)
        return {plural: [one for one in found if all(one.get(name) == value for name, value in same.items())]}

    @on("GET", f"/{path}/([^/]+)")
    def show(cloud: FakeCloud, request: Request, ident: str) -> dict[str, Any]:
        return {key: cloud.get(kind, ident, request.project)}

    @on("DELETE", f"/{path}/([^/]+)")
    def delete(cloud: FakeCloud, request: Request, ident: str) -> None:
        cloud.get(kind, ident, request.project)
        if any(ident in {one.get("network_id"), one.get("device_id")} for one in cloud.of("port").values()):
            raise Refused(409, f"{kind} {ident} is in use by a port")
        del cloud.of(kind)[ident]
        for part, owner in (("subnet", "network_id"), ("rule", "security_group_id")):
            for one in [name for name, what in cloud.of(part).items() if what.get(owner) == ident]:
                del cloud.of(part)[one]
