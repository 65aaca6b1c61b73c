"""Networks and what belongs to them."""

from __future__ import annotations

from typing import Any

from tests.verify.fake_cloud import FakeCloud, Request
from tests.verify.fake_services.routes import on, plain

for _path, _kind in {
    "networks": "network",
    "subnets": "subnet",
    "routers": "router",
    "ports": "port",
    "security-groups": "security_group",
}.items():
    plain(f"network/v2.0/{_path}", _kind, _kind)
plain("network/v2.0/security-group-rules", "rule", "security_group_rule")


@on("PUT", "/network/v2.0/routers/([^/]+)/add_router_interface")
def add_interface(cloud: FakeCloud, request: Request, ident: str) -> dict[str, Any]:
    router = cloud.get("router", ident, request.project)
    subnet = cloud.get("subnet", request.json["subnet_id"], request.project)
    owner = {"device_id": router["id"], "device_owner": "network:router_interface"}
    port = cloud.add("port", request.project, network_id=subnet["network_id"], **owner)
    return {"id": ident, "subnet_id": subnet["id"], "port_id": port["id"]}


@on("PUT", "/network/v2.0/routers/([^/]+)/remove_router_interface")
def remove_interface(cloud: FakeCloud, request: Request, ident: str) -> dict[str, Any]:
    del cloud.of("port")[request.json["port_id"]]
    return {"id": ident, "port_id": request.json["port_id"]}
