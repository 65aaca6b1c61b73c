"""What is handed to a service comes back the same: an object by its check sum, a secret by its value."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from govcloud.core.language import mark
from govcloud.verify.function import sweep
from govcloud.verify.function.scenario import Part, Scenario
from govcloud.verify.function.steps import Finding, Said, refused

_BYTES = 4 << 20
_NOT_FOUND = 404
_REFUSED_FROM = 400


def answered(response: Any) -> Any:
    """Return an answer, or judge it where it refuses."""
    if response.status_code >= _REFUSED_FROM:
        raise refused(response.status_code, response.text)
    return response


@dataclass
class ObjectScenario(Scenario):
    """A container with one object of 4 MiB."""

    name: ClassVar[str] = "object"
    needs: ClassVar[tuple[str, ...]] = ("object-store",)
    steps: ClassVar[tuple[str, ...]] = ("create container", "upload", "read back", "delete")

    _content: bytes = field(default_factory=lambda: secrets.token_bytes(_BYTES), repr=False)

    def parts(self) -> Sequence[Part]:
        """Return what to do."""
        return (self._create, self._upload, self._read, self._delete)

    def clean(self) -> None:
        """Take the container away."""
        sweep.sweep(self.cloud, self.context.marker, self.context.marker.prefix(self.name), ("container",))

    @property
    def _container(self) -> str:
        return f"/{self.context.marker.name(self.name, 'container')}"

    @property
    def _object(self) -> str:
        return f"{self._container}/round-trip"

    def _create(self) -> None:
        headers = {sweep.CONTAINER_MARK: self.context.marker.owner}
        answered(self.cloud.object_store.put(self._container, headers=headers))

    def _upload(self) -> Said:
        content = self._content
        # The service compares what arrives with this sum (MD5 is what it takes).
        checked = {"ETag": hashlib.md5(content, usedforsecurity=False).hexdigest()}
        answered(self.cloud.object_store.put(self._object, data=content, headers=checked))
        return Said(mark("{size} MiB"), {"size": len(content) >> 20})

    def _read(self) -> None:
        got = answered(self.cloud.object_store.get(self._object)).content
        if hashlib.sha256(got).digest() != hashlib.sha256(self._content).digest():
            raise Finding(
                mark("{got} bytes came back with another check sum, {put} were put"),
                got=len(got),
                put=len(self._content),
            )

    def _delete(self) -> None:
        for path in (self._object, self._container):
            answered(self.cloud.object_store.delete(path))
        if self.cloud.object_store.get(self._object).status_code != _NOT_FOUND:
            raise Finding(mark("the object is still read after it was deleted"))


@dataclass
class SecretScenario(Scenario):
    """One secret, which ends by itself a day later if nobody can remove it."""

    name: ClassVar[str] = "secret"
    needs: ClassVar[tuple[str, ...]] = ("key-manager",)
    steps: ClassVar[tuple[str, ...]] = ("store", "read back", "delete")

    _value: str = field(default_factory=lambda: secrets.token_hex(24), repr=False)
    _id: str = ""

    def parts(self) -> Sequence[Part]:
        """Return what to do."""
        return (self._store, self._read, self._delete)

    def clean(self) -> None:
        """Take the secret away."""
        sweep.sweep(self.cloud, self.context.marker, self.context.marker.prefix(self.name), ("secret",))

    def _store(self) -> None:
        end = datetime.now(UTC) + timedelta(days=1)
        body = {
            "name": self.context.marker.name(self.name, "value"),
            "payload": base64.b64encode(self._value.encode()).decode(),
            "payload_content_type": "application/octet-stream",
            "payload_content_encoding": "base64",
            "secret_type": "opaque",
            "expiration": f"{end:%Y-%m-%dT%H:%M:%S}",
        }
        made = answered(self.cloud.key_manager.post("/secrets", json=body)).json()
        # The answer has an address for an id.
        self._id = str(made["secret_ref"]).rstrip("/").rpartition("/")[2]

    def _read(self) -> None:
        path = f"/secrets/{self._id}/payload"
        got = answered(self.cloud.key_manager.get(path, headers={"Accept": "application/octet-stream"})).content
        if got != self._value.encode():
            raise Finding(mark("another value came back than was stored"))

    def _delete(self) -> None:
        answered(self.cloud.key_manager.delete(f"/secrets/{self._id}"))
        if self.cloud.key_manager.get(f"/secrets/{self._id}").status_code != _NOT_FOUND:
            raise Finding(mark("the secret is still there after it was deleted"))
