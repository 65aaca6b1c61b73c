"""Containers and objects."""

from __future__ import annotations

import json
from typing import Any

from tests.verify.fake_cloud import FakeCloud, Refused, Request
from tests.verify.fake_services.routes import Answer, on


@on("GET", "/object-store/v1/AUTH_([^/]+)")
def list_containers(cloud: FakeCloud, request: Request, account: str) -> Answer:
    _own(cloud, request, account)
    prefix = request.query.get("prefix", "")
    found = [one for one in cloud.of("container").values() if one["project_id"] == account]
    return 200, {}, json.dumps([{"name": one["name"]} for one in found if one["name"].startswith(prefix)]).encode()


def _own(cloud: FakeCloud, request: Request, account: str) -> None:
    if request.project != account and "no isolation" not in cloud.faults:
        raise Refused(403, "Access was denied to this resource.")


def _container(cloud: FakeCloud, request: Request, account: str, name: str) -> dict[str, Any]:
    _own(cloud, request, account)
    found = cloud.of("container").get(f"{account}/{name}")
    if found is None:
        raise Refused(404, "The resource could not be found.")
    return found


@on("PUT", "/object-store/v1/AUTH_([^/]+)/([^/]+)")
def put_container(cloud: FakeCloud, request: Request, account: str, name: str) -> Answer:
    _own(cloud, request, account)
    mark = request.headers.get("x-container-meta-govcloud-verify", "")
    cloud.add("container", account, id=f"{account}/{name}", name=name, _objects={}, _mark=mark)
    return 201, {}, b""


@on("GET", "/object-store/v1/AUTH_([^/]+)/([^/]+)")
def get_container(cloud: FakeCloud, request: Request, account: str, name: str) -> Answer:
    found = _container(cloud, request, account, name)
    return 200, {}, json.dumps([{"name": one} for one in found["_objects"]]).encode()


@on("HEAD", "/object-store/v1/AUTH_([^/]+)/([^/]+)")
def head_container(cloud: FakeCloud, request: Request, account: str, name: str) -> Answer:
    return 204, {"X-Container-Meta-Govcloud-Verify": _container(cloud, request, account, name)["_mark"]}, b""


@on("DELETE", "/object-store/v1/AUTH_([^/]+)/([^/]+)")
def delete_container(cloud: FakeCloud, request: Request, account: str, name: str) -> None:
    if _container(cloud, request, account, name)["_objects"]:
        raise Refused(409, "There was a conflict when trying to complete your request.")
    del cloud.of("container")[f"{account}/{name}"]


@on("PUT", "/object-store/v1/AUTH_([^/]+)/([^/]+)/(.+)")
def put_object(cloud: FakeCloud, request: Request, account: str, name: str, key: str) -> Answer:
    _container(cloud, request, account, name)["_objects"][key] = request.body
    return 201, {}, b""


@on("GET", "/object-store/v1/AUTH_([^/]+)/([^/]+)/(.+)")
def get_object(cloud: FakeCloud, request: Request, account: str, name: str, key: str) -> Answer:
    content = _container(cloud, request, account, name)["_objects"].get(key)
    if content is None:
        raise Refused(404, "The resource could not be found.")
    return 200, {}, content[:-1] if "object shortened" in cloud.faults else content


@on("DELETE", "/object-store/v1/AUTH_([^/]+)/([^/]+)/(.+)")
def delete_object(cloud: FakeCloud, request: Request, account: str, name: str, key: str) -> None:
    _container(cloud, request, account, name)["_objects"].pop(key, None)
