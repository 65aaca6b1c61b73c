"""Secrets."""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.verify.fake_cloud import FakeCloud, Refused, Request
from tests.verify.fake_services.routes import Answer, on


@on("POST", "/key-manager/v1/secrets")
def create_secret(cloud: FakeCloud, request: Request) -> Answer:
    asked = request.json
    if "no creator" in cloud.faults:
        raise Refused(403, "Secret creation attempt not allowed - please review your user/project privileges")
    made = cloud.add("secret", request.project, **asked)
    return 201, {}, json.dumps({"secret_ref": f"{cloud.url}/key-manager/v1/secrets/{made['id']}"}).encode()


@on("GET", "/key-manager/v1/secrets")
def list_secrets(cloud: FakeCloud, request: Request) -> dict[str, Any]:
    start, size = int(request.query.get("offset", 0)), int(request.query.get("limit", 10))
    found = cloud.listed("secret", request.project)[start : start + size]
    base = f"{cloud.url}/key-manager/v1/secrets"
    return {"secrets": [{"name": one["name"], "secret_ref": f"{base}/{one['id']}"} for one in found]}


@on("GET", "/key-manager/v1/secrets/([^/]+)")
def show_secret(cloud: FakeCloud, request: Request, ident: str) -> dict[str, Any]:
    return {"name": cloud.get("secret", ident, request.project)["name"]}


@on("GET", "/key-manager/v1/secrets/([^/]+)/payload")
def payload(cloud: FakeCloud, request: Request, ident: str) -> Answer:
    content = base64.b64decode(cloud.get("secret", ident, request.project)["payload"])
    return 200, {}, b"another" if "secret changes" in cloud.faults else content


@on("DELETE", "/key-manager/v1/secrets/([^/]+)")
def delete_secret(cloud: FakeCloud, request: Request, ident: str) -> None:
    cloud.get("secret", ident, request.project)
    if "secrets stay" not in cloud.faults:
        del cloud.of("secret")[ident]
