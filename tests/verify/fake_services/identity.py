"""Sign-in and the catalogue."""

from __future__ import annotations

import json

from tests.verify.fake_cloud import ENDPOINTS, FakeCloud, Request
from tests.verify.fake_services.routes import Answer, on


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
