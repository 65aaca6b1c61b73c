"""The services of the cloud in memory: which request does what."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.verify.fake_cloud import ADMIN, ENDPOINTS, FakeCloud, Refused, Request, settings_of
from tests.verify.fake_guest import Guest

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
_PLURALS = {
    "network/v2.0/networks": ("network", "network"),
    "network/v2.0/subnets": ("subnet", "subnet"),
    "network/v2.0/routers": ("router", "router"),
    "network/v2.0/ports": ("port", "port"),
    "network/v2.0/security-groups": ("security_group", "security_group"),
    "network/v2.0/security-group-rules": ("rule", "security_group_rule"),
    r"load-balancer/v2(?:\.0)?/lbaas/listeners": ("listener", "listener"),
    r"load-balancer/v2(?:\.0)?/lbaas/pools": ("pool", "pool"),
    r"load-balancer/v2(?:\.0)?/lbaas/healthmonitors": ("monitor", "healthmonitor"),
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


def _shown(made: Any) -> Any:  # noqa: ANN401
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


@on("POST", "/identity/v3/auth/tokens")
def token(cloud: FakeCloud, request: Request) -> Answer:
    """Whoever signs in names the project by the id of the credential; the token is the project."""
    project = request.json["auth"]["identity"]["application_credential"]["id"]
    catalogue = [
        {
            "type": kind,
            "name": kind,
            "id": kind,
            "endpoints": [
                {
                    "interface": "public",
                    "region": "RegionOne",
                    "region_id": "RegionOne",
                    "id": kind,
                    "url": cloud.url + path.format(project=project),
                }
            ],
        }
        for kind, path in ENDPOINTS.items()
        if kind in cloud.services
    ]
    told = {
        "token": {
            "methods": ["application_credential"],
            "expires_at": "2099-01-01T00:00:00.000000Z",
            "issued_at": "2026-01-01T00:00:00.000000Z",
            "user": {"id": f"user-{project}", "name": project, "domain": {"id": "default", "name": "Default"}},
            "project": {"id": project, "name": project, "domain": {"id": "default", "name": "Default"}},
            "roles": [{"id": "1", "name": "member"}],
            "catalog": catalogue,
        }
    }
    return 201, {"X-Subject-Token": project}, json.dumps(told).encode()


# ------------------------------------------------------------------ servers


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
def act(cloud: FakeCloud, request: Request, ident: str) -> Any:  # noqa: ANN401
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


# ------------------------------------------------------------------ images, volumes


@on("GET", "/image/v2/images")
def images(cloud: FakeCloud, request: Request) -> dict[str, Any]:
    owner = request.query.get("owner")
    found = cloud.listed("image", request.project)
    return {"images": [one for one in found if owner in {None, one["project_id"]}]}


@on("GET", "/image/v2/images/([^/]+)")
def image(cloud: FakeCloud, request: Request, ident: str) -> dict[str, Any]:
    return cloud.get("image", ident, request.project)


@on("DELETE", "/image/v2/images/([^/]+)")
def delete_image(cloud: FakeCloud, request: Request, ident: str) -> None:
    cloud.get("image", ident, request.project)
    del cloud.of("image")[ident]


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


# ------------------------------------------------------------------ networks, balancers


def _plain(path: str, kind: str, key: str) -> None:
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


for _path, (_kind, _key) in _PLURALS.items():
    _plain(_path, _kind, _key)


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


# ------------------------------------------------------------------ secrets, objects


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
