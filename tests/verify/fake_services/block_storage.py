"""Volumes."""

from __future__ import annotations

import json
from typing import Any

from tests.verify.fake_cloud import FakeCloud, Refused, Request
from tests.verify.fake_services.routes import Answer, on


@on("GET", "/volume/v3/limits")
def volume_limits(cloud: FakeCloud, _: Request) -> dict[str, Any]:
    return {"limits": {"absolute": {"maxTotalVolumeGigabytes": cloud.limits["gigabytes"]}, "rate": []}}


@on("POST", "/volume/v3/volumes")
def create_volume(cloud: FakeCloud, request: Request) -> Answer:
    asked = request.json["volume"]
    limit = cloud.limits["gigabytes"]
    if 0 <= limit < asked["size"] and "quota not enforced" not in cloud.faults:
        raise Refused(413, "VolumeSizeExceedsAvailableQuota: Requested volume exceeds allowed gigabytes quota")
    status = "error" if "volume fails" in cloud.faults else "available"
    made = cloud.add("volume", request.project, **{**asked, "status": status, "attachments": []})
    return 202, {}, json.dumps({"volume": made}).encode()


@on("GET", "/volume/v3/volumes/detail")
def volumes(cloud: FakeCloud, request: Request) -> dict[str, Any]:
    name = request.query.get("name")
    return {"volumes": [one for one in cloud.listed("volume", request.project) if name in {None, one["name"]}]}


@on("GET", "/volume/v3/volumes/([^/]+)")
def volume(cloud: FakeCloud, request: Request, ident: str) -> dict[str, Any]:
    return {"volume": cloud.get("volume", ident, request.project)}


@on("DELETE", "/volume/v3/volumes/([^/]+)")
def delete_volume(cloud: FakeCloud, request: Request, ident: str) -> None:
    found = cloud.get("volume", ident, request.project)
    if found["status"] not in {"available", "error"}:
        raise Refused(400, "Volume status must be available or error")
    del cloud.of("volume")[ident]


@on("POST", "/volume/v3/volumes/([^/]+)/action")
def volume_action(cloud: FakeCloud, request: Request, ident: str) -> Answer:
    found = cloud.get("volume", ident, request.project)
    if "no online extension" in cloud.faults and found["status"] != "available":
        raise Refused(400, "Volume status must be available to extend")
    found["size"] = request.json["os-extend"]["new_size"]
    return 202, {}, b""
