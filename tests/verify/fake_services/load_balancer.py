"""Balancers and their members."""

from __future__ import annotations

import json
from typing import Any

from tests.verify.fake_cloud import FakeCloud, Request
from tests.verify.fake_services.routes import Answer, on, plain

_LBAAS = r"load-balancer/v2(?:\.0)?/lbaas"
plain(f"{_LBAAS}/listeners", "listener", "listener")
plain(f"{_LBAAS}/pools", "pool", "pool")
plain(f"{_LBAAS}/healthmonitors", "monitor", "healthmonitor")


@on("GET", r"/load-balancer/v2(?:\.0)?/lbaas/providers")
def providers(cloud: FakeCloud, _: Request) -> dict[str, Any]:
    return {"providers": [{"name": "amphora" if "no ovn" in cloud.faults else "ovn", "description": ""}]}


@on("POST", r"/load-balancer/v2(?:\.0)?/lbaas/loadbalancers")
def create_balancer(cloud: FakeCloud, request: Request) -> Answer:
    status = "ERROR" if "balancer fails" in cloud.faults else "ACTIVE"
    asked = {**request.json["loadbalancer"], "provisioning_status": status, "vip_address": "198.18.254.9"}
    made = cloud.add("loadbalancer", request.project, **asked)
    return 201, {}, json.dumps({"loadbalancer": made}).encode()


@on("GET", r"/load-balancer/v2(?:\.0)?/lbaas/loadbalancers")
def balancers(cloud: FakeCloud, request: Request) -> dict[str, Any]:
    project = request.query.get("project_id")
    found = cloud.listed("loadbalancer", request.project)
    return {"loadbalancers": [one for one in found if project in {None, one["project_id"]}]}


@on("GET", r"/load-balancer/v2(?:\.0)?/lbaas/loadbalancers/([^/]+)")
def balancer(cloud: FakeCloud, request: Request, ident: str) -> dict[str, Any]:
    return {"loadbalancer": cloud.get("loadbalancer", ident, request.project)}


@on("DELETE", r"/load-balancer/v2(?:\.0)?/lbaas/loadbalancers/([^/]+)")
def delete_balancer(cloud: FakeCloud, request: Request, ident: str) -> None:
    cloud.get("loadbalancer", ident, request.project)
    del cloud.of("loadbalancer")[ident]
    for kind in ("listener", "pool", "member", "monitor"):
        cloud.of(kind).clear()


@on("POST", r"/load-balancer/v2(?:\.0)?/lbaas/pools/([^/]+)/members")
def create_member(cloud: FakeCloud, request: Request, pool: str) -> Answer:
    listener = cloud.of("pool")[pool]["listener_id"]
    owner = cloud.of("listener")[listener]["loadbalancer_id"]
    made = cloud.add("member", request.project, **request.json["member"], _balancer=owner)
    return 201, {}, json.dumps({"member": made}).encode()
