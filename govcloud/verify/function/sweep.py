"""Removes what the function test has made, found by its mark and by nothing else.

At the end of each scenario, and what an earlier run of the same operator left when it was killed. Everything is listed
anew, because a request whose answer was lost has been carried out all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from openstack.exceptions import ConflictException, NotFoundException

from govcloud.core.language import mark
from govcloud.verify.function.marker import KEY, Marker
from govcloud.verify.function.offer import has
from govcloud.verify.function.steps import CLOUD_ERRORS, CouldNotLook, Finding, judged, refused, wait

CONTAINER_MARK = "X-Container-Meta-Govcloud-Verify"
_GONE_SECONDS = 180
_PAGE = 100
_REFUSED_FROM = 400
_NOT_FOUND = 404


@dataclass(frozen=True)
class Found:
    """One thing that bears the mark."""

    kind: str
    id: str
    name: str


def _servers(cloud: Any, marker: Marker) -> Iterator[tuple[str, str, object]]:
    # Nova takes a regular expression; the name is compared again afterwards.
    for one in cloud.compute.servers(name=f"^{marker.everybody}"):
        yield one.id, one.name, one.metadata or {}


def _volumes(cloud: Any, _: Marker) -> Iterator[tuple[str, str, object]]:
    for one in cloud.block_storage.volumes():
        yield one.id, one.name, one.metadata or {}


def _images(cloud: Any, _: Marker) -> Iterator[tuple[str, str, object]]:
    for one in cloud.image.images(owner=cloud.current_project_id):
        yield one.id, one.name, {KEY: (one.properties or {}).get(KEY)}


def _networks(cloud: Any, _: Marker) -> Iterator[tuple[str, str, object]]:
    for one in cloud.network.networks(project_id=cloud.current_project_id):
        yield one.id, one.name, one.description or ""


def _routers(cloud: Any, _: Marker) -> Iterator[tuple[str, str, object]]:
    for one in cloud.network.routers(project_id=cloud.current_project_id):
        yield one.id, one.name, one.description or ""


def _remove_router(cloud: Any, ident: str) -> None:
    for port in cloud.network.ports(device_id=ident):
        if str(port.device_owner).startswith("network:router_interface"):
            cloud.network.remove_interface_from_router(ident, port_id=port.id)
    cloud.network.delete_router(ident)


def _groups(cloud: Any, _: Marker) -> Iterator[tuple[str, str, object]]:
    for one in cloud.network.security_groups(project_id=cloud.current_project_id):
        yield one.id, one.name, one.description or ""


def _balancers(cloud: Any, _: Marker) -> Iterator[tuple[str, str, object]]:
    for one in cloud.load_balancer.load_balancers():
        yield one.id, one.name, one.description or ""


def _containers(cloud: Any, marker: Marker) -> Iterator[tuple[str, str, object]]:
    listed = cloud.object_store.get("", params={"format": "json", "prefix": marker.everybody})
    if listed.status_code >= _REFUSED_FROM:
        raise refused(listed.status_code, listed.text)
    for one in listed.json() if listed.content else []:
        headers = cloud.object_store.head(f"/{one['name']}").headers
        yield one["name"], one["name"], {KEY: headers.get(CONTAINER_MARK)}


def _secrets(cloud: Any, _: Marker) -> Iterator[tuple[str, str, object]]:
    offset = 0
    while True:
        listed = cloud.key_manager.get("/secrets", params={"limit": _PAGE, "offset": offset})
        if listed.status_code >= _REFUSED_FROM:
            raise refused(listed.status_code, listed.text)
        page = listed.json().get("secrets", [])
        for one in page:
            yield str(one["secret_ref"]).rstrip("/").rpartition("/")[2], one.get("name") or "", None
        offset += _PAGE
        if len(page) < _PAGE:
            return


def _remove_container(cloud: Any, name: str) -> None:
    for one in cloud.object_store.get(f"/{name}", params={"format": "json"}).json():
        cloud.object_store.delete(f"/{name}/{one['name']}")
    _answered(cloud.object_store.delete(f"/{name}"))


def _remove_volume(cloud: Any, ident: str) -> None:
    """Remove a volume; where its server is gone it may still count as attached for a moment."""
    volume = cloud.block_storage.find_volume(ident)
    if volume is not None and (volume.status == "available" or str(volume.status).startswith("error")):
        cloud.block_storage.delete_volume(ident)


def _answered(response: Any) -> None:
    if response.status_code >= _REFUSED_FROM and response.status_code != _NOT_FOUND:
        raise refused(response.status_code, response.text)


Lister = Callable[[Any, Marker], Iterator[tuple[str, str, object]]]
Remover = Callable[[Any, str], object]
# In the order in which things let go of each other: service, how they are listed, how one is removed.
KINDS: dict[str, tuple[str, Lister, Remover]] = {
    "load_balancer": (
        "load-balancer",
        _balancers,
        lambda cloud, ident: cloud.load_balancer.delete_load_balancer(ident, cascade=True),
    ),
    "server": ("compute", _servers, lambda cloud, ident: cloud.compute.delete_server(ident)),
    "volume": ("block-storage", _volumes, _remove_volume),
    "image": ("image", _images, lambda cloud, ident: cloud.image.delete_image(ident)),
    "router": ("network", _routers, _remove_router),
    "network": ("network", _networks, lambda cloud, ident: cloud.network.delete_network(ident)),
    "security_group": ("network", _groups, lambda cloud, ident: cloud.network.delete_security_group(ident)),
    "container": ("object-store", _containers, _remove_container),
    "secret": ("key-manager", _secrets, lambda cloud, ident: _answered(cloud.key_manager.delete(f"/secrets/{ident}"))),
}
OF_SERVERS = ("server", "image", "network", "security_group")


def found(cloud: Any, marker: Marker, kind: str, prefix: str) -> list[Found]:
    """Return the things of a kind that a run of this operator made, of those whose names begin with `prefix`."""
    service, listed, _ = KINDS[kind]
    if not has(cloud, service):
        return []
    return [
        Found(kind, ident, name)
        for ident, name, second in listed(cloud, marker)
        if name and name.startswith(prefix) and marker.owns(name, second)
    ]


def sweep(cloud: Any, marker: Marker, prefix: str, kinds: tuple[str, ...] = tuple(KINDS)) -> list[Found]:
    """Remove everything of these kinds that bears the mark; return what there was.

    A service that does not answer does not keep the others from being swept; it is told afterwards.
    """
    swept: list[Found] = []
    failed: list[Exception] = []
    for kind in (one for one in KINDS if one in kinds):
        try:
            swept += _sweep_kind(cloud, marker, prefix, kind)
        except (*CLOUD_ERRORS, Finding, CouldNotLook) as error:
            failed.append(error)
    for failure in failed:
        raise judged(failure) if isinstance(failure, CLOUD_ERRORS) else failure
    return swept


def _sweep_kind(cloud: Any, marker: Marker, prefix: str, kind: str) -> list[Found]:
    there = found(cloud, marker, kind, prefix)
    if not there:
        return []

    def gone() -> bool:
        for one in found(cloud, marker, kind, prefix):
            try:
                KINDS[kind][2](cloud, one.id)
            except NotFoundException:
                continue
            except ConflictException:
                # Something still holds it: what goes before it is on its way.
                continue
        return not found(cloud, marker, kind, prefix)

    try:
        wait(mark("what the test has made is gone"), gone, _GONE_SECONDS, poll=1)
    except Finding:
        names = ", ".join(f"{one.kind} {one.name}" for one in found(cloud, marker, kind, prefix))
        raise Finding(mark("stays in the cloud: {names}"), names=names) from None
    return there
