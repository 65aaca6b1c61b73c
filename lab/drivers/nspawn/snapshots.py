"""Images of guests: the root file system packed and uploaded."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
from nova.compute import task_states
from nova.image import glance

from lab.drivers.nspawn import rootfs, settings
from lab.drivers.nspawn.guest import Guest

CONF = settings.CONF


def take(guest: Guest, context: Any, image_id: str, update_task_state: Callable[..., None]) -> None:
    """Fill an image that nova has made; nova is told how far it is."""
    update_task_state(task_state=task_states.IMAGE_PENDING_UPLOAD)
    with tempfile.TemporaryDirectory(dir=settings.base_path()) as scratch:
        archive = Path(scratch) / "snapshot.tar.zst"
        rootfs.pack(guest, archive)
        before = task_states.IMAGE_PENDING_UPLOAD
        update_task_state(task_state=task_states.IMAGE_UPLOADING, expected_state=before)
        formats = {"disk_format": "raw", "container_format": "bare"}
        glance.API().update(context, image_id, formats, purge_props=False)
        _upload(context, image_id, archive)


def _upload(context: Any, image_id: str, archive: Path) -> None:
    """Upload with a length in one PUT: the client's chunked upload does not pass every WSGI server."""
    url = f"{CONF.glance.endpoint_override}/v2/images/{image_id}/file"
    headers = {"X-Auth-Token": context.auth_token, "Content-Type": "application/octet-stream"}
    with archive.open("rb") as data:
        requests.put(url, data=data, headers=headers, timeout=600).raise_for_status()
