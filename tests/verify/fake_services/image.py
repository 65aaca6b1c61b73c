"""Images."""

from __future__ import annotations

from typing import Any

from tests.verify.fake_cloud import FakeCloud, Request
from tests.verify.fake_services.routes import on


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
