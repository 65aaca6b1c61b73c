"""Servers, flavors, limits."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.verify.fake_cloud import ADMIN, FakeCloud, Refused, Request, settings_of
from tests.verify.fake_guest import Guest
from tests.verify.fake_services.routes import Answer, on


@on("GET", "/compute/v2.1/flavors/detail")
def flavors(cloud: FakeCloud, request: Request) -> dict[str, Any]:
    return {"flavors": [{**one, "OS-FLV-EXT-DATA:ephemeral": 0} for one in cloud.listed("flavor", request.project)]}


@on("GET", "/compute/v2.1/limits")
def limits(cloud: FakeCloud, request: Request) -> dict[str, Any]:
    servers = cloud.listed("server", request.project)
    absolute = {
        "maxTotalInstances": cloud.limits["instances"],
        "maxTotalCores": cloud.limits["cores"],
        "maxTotalRAMSize": cloud.limits["ram"],
        "totalInstancesUsed": len(servers),
        "totalCoresUsed": sum(one["flavor"]["vcpus"] for one in servers),
        "totalRAMUsed": sum(one["flavor"]["ram"] for one in servers),
    }
    return {"limits": {"absolute": absolute, "rate": []}}


@on("POST", "/compute/v2.1/servers")
def create_server(cloud: FakeCloud, request: Request) -> Answer:
    asked = request.json["server"]
    flavor = dict(cloud.of("flavor")[asked["flavorRef"]])
    number = int(asked.get("min_count", 1))
    limit = cloud.limits["instances"]
    if limit >= 0 and "quota not enforced" not in cloud.faults and number > limit:
        raise Refused(403, "Quota exceeded for instances")
    image = cloud.get("image", asked["imageRef"], request.project)
    settings = settings_of(asked.get("user_data", ""))
    made: dict[str, Any] = {}
    for _ in range(number):
        remembered = image.get("_memory")
        guest = Guest(settings, *(remembered or (settings.get("nonce", ""), 0)))
        guest.boots += 1
        if "other disk" in cloud.faults:
            guest.mark = "another"
        made = cloud.add("server", request.project, name=asked["name"], metadata=asked.get("metadata", {}))
        address = f"198.18.254.{len(cloud.of('server')) + 10}"
        made |= {
            "status": "ERROR" if "no host" in cloud.faults else "ACTIVE",
            "OS-EXT-STS:task_state": None,
            "OS-EXT-SRV-ATTR:host": "compute-1",
            "fault": {"message": "No valid host was found", "code": 500},
            "flavor": {**flavor, "original_name": flavor["name"]},
            "addresses": {"net": [{"addr": address, "version": 4}]},
            "_address": address,
            "_guest": guest,
        }
    return 202, {}, json.dumps({"server": {"id": made["id"]}}).encode()


@on("GET", "/compute/v2.1/servers/detail")
def servers(cloud: FakeCloud, request: Request) -> dict[str, Any]:
    name = re.compile(request.query.get("name", ""))
    return {"servers": [one for one in cloud.listed("server", request.project) if name.search(one["name"])]}


@on("GET", "/compute/v2.1/servers/([^/]+)")
def server(cloud: FakeCloud, request: Request, ident: str) -> dict[str, Any]:
    found = cloud.get("server", ident, request.project)
    hidden = set() if request.project == ADMIN else {"OS-EXT-SRV-ATTR:host"}
    return {"server": {name: value for name, value in found.items() if name not in hidden}}


@on("DELETE", "/compute/v2.1/servers/([^/]+)")
def delete_server(cloud: FakeCloud, request: Request, ident: str) -> None:
    cloud.get("server", ident, request.project)
    if "servers stay" not in cloud.faults:
        del cloud.of("server")[ident]
        for volume in cloud.of("volume").values():
            if volume.get("_server") == ident:
                volume |= {"status": "available", "_server": ""}


@on("POST", "/compute/v2.1/servers/([^/]+)/action")
def act(cloud: FakeCloud, request: Request, ident: str) -> Any:
    found, asked = cloud.get("server", ident, request.project), request.json
    guest: Guest = found["_guest"]
    if "os-getConsoleOutput" in asked:
        return {"output": cloud.console(found)}
    if "resize" in asked:
        if "resize fails" in cloud.faults:
            found["status"] = "ERROR"
        elif "resize does nothing" not in cloud.faults:
            flavor = cloud.of("flavor")[asked["resize"]["flavorRef"]]
            found |= {"flavor": {**flavor, "original_name": flavor["name"]}}
        waits = "ACTIVE" if "confirms by itself" in cloud.faults else "VERIFY_RESIZE"
        found["status"] = "ERROR" if found["status"] == "ERROR" else waits
    elif "confirmResize" in asked:
        found["status"] = "ACTIVE"
        guest.boots, guest.beats = guest.boots + 1, 0
    elif "os-migrateLive" in asked:
        return _migrate(cloud, request, found, guest)
    elif "createImage" in asked:
        body = asked["createImage"]
        memory = (guest.mark, guest.boots)
        status = "killed" if "image fails" in cloud.faults else "active"
        made = cloud.add("image", request.project, name=body["name"], status=status, visibility="private", size=9)
        made |= {**body.get("metadata", {}), "_memory": memory}
        return 202, {}, json.dumps({"image_id": made["id"]}).encode()
    return 202, {}, b""


def _migrate(cloud: FakeCloud, request: Request, found: dict[str, Any], guest: Guest) -> Answer:
    if request.project != ADMIN:
        raise Refused(403, "Policy doesn't allow os_compute_api:os-migrate-server:migrate_live")
    if "one host" in cloud.faults:
        raise Refused(400, "No valid host was found")
    found["OS-EXT-SRV-ATTR:host"] = "compute-2"
    if "moved cold" in cloud.faults:
        guest.boots, guest.beats = guest.boots + 1, 0
    return 202, {}, b""


@on("POST", "/compute/v2.1/servers/([^/]+)/os-volume_attachments")
def attach(cloud: FakeCloud, request: Request, ident: str) -> dict[str, Any]:
    volume = request.json["volumeAttachment"]["volumeId"]
    cloud.get("volume", volume, request.project).update({"status": "in-use", "_server": ident})
    return {"volumeAttachment": {"id": volume, "volumeId": volume, "serverId": ident, "device": "/dev/vdb"}}


@on("DELETE", "/compute/v2.1/servers/([^/]+)/os-volume_attachments/([^/]+)")
def detach(cloud: FakeCloud, request: Request, _: str, volume: str) -> None:
    cloud.get("volume", volume, request.project).update({"status": "available", "_server": ""})
