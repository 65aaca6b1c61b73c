"""Asking a cloud for lists, and counting how often it is asked.

Not by the SDK's own calls: those ask for versions first and take many things one by one. A list is one request, however
many things it has, or one for each page where the cloud gives pages.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from keystoneauth1.exceptions.base import ClientException
from openstack.connection import Connection
from openstack.exceptions import SDKException

from govcloud.core.language import tr
from govcloud.deploy import clouds_file

Thing = Mapping[str, Any]
# Some clouds' catalogues name the version, others leave it to whoever asks.
_VERSIONS = {
    "block-storage": "/v3",
    "compute": "/v2.1",
    "identity": "/v3",
    "image": "/v2",
    "key-manager": "/v1",
    "load-balancer": "/v2.0",
    "network": "/v2.0",
}
# The first of nova's versions in which a list of servers tells whether one is locked, with tags and flavors' names.
_NOVA = {"OpenStack-API-Version": "compute 2.90"}


class LookError(Exception):
    """A question that was not answered, told with the question."""


@dataclass
class Count:
    """How often clouds were asked, tokens included."""

    calls: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def one_more(self) -> None:
        """Count a request."""
        with self._lock:
            self.calls += 1


class Asking:
    """One access to one cloud."""

    def __init__(self, connection: Connection, count: Count) -> None:
        self._session: Any = connection.session
        self._where = {"interface": connection.config.get_interface(), "region_name": connection.config.region_name}
        self._count = count
        self._signed_in = threading.Lock()
        self._token = ""

    @property
    def project_id(self) -> str:
        """The project that this access is for."""
        self._sign_in()
        return str(self._session.get_project_id())

    def listed(self, service: str, path: str) -> list[Thing]:
        """Return all things of a list; raises `LookError`."""
        return [*self._pages(service, path)]

    def one(self, service: str, path: str) -> Any:
        """Return one answer; raises `LookError`."""
        try:
            return self._ask("GET", service, path).json()
        except ValueError:
            raise LookError(f"{service} {path}: " + tr("the answer is cut off")) from None

    def headers(self, service: str, path: str) -> Mapping[str, str]:
        """Return what a service says about one thing without its contents; raises `LookError`."""
        headers: Mapping[str, str] = self._ask("HEAD", service, path).headers
        return headers

    def _pages(self, service: str, path: str) -> Iterator[Thing]:
        following = path
        while following:
            answer = self.one(service, following)
            if isinstance(answer, list):  # the object store, which has ten thousand on a page
                yield from answer
                return
            key = _key(answer)
            if not key:
                raise LookError(f"{service} {path}: " + tr("the answer has no list"))
            yield from answer[key]
            following = _next(answer, key)

    def _ask(self, method: str, service: str, path: str) -> Any:
        try:
            self._sign_in()
            address = path if path.startswith("http") else self._address(service, path)
            self._count.one_more()
            return self._session.request(address, method, headers=_NOVA if service == "compute" else {})
        except (SDKException, ClientException) as error:
            raise LookError(f"{service} {path}: {clouds_file.said(error)}") from None

    def _address(self, service: str, path: str) -> str:
        found = self._session.get_endpoint(service_type=service, **self._where)
        if not found:
            raise LookError(tr("{service}: the cloud does not offer it", service=service))
        version = _VERSIONS.get(service, "")
        top = str(found).rstrip("/")
        if re.match(r"/v\d", path):  # the image service names a page that follows from its own top
            return re.sub(r"/v\d[\d.]*$", "", top) + path
        return top + ("" if not version or re.search(r"/v\d", top) else version) + path

    def _sign_in(self) -> None:
        with self._signed_in:
            if not self._token:
                self._count.one_more()
                self._token = str(self._session.get_token())


def _key(answer: object) -> str:
    """Return under which name an answer has its list; empty where it has none."""
    named = answer.items() if isinstance(answer, dict) else ()
    return next((str(key) for key, value in named if isinstance(value, list) and not key.endswith("_links")), "")


def _next(answer: Mapping[str, Any], key: str) -> str:
    """Return the address of the page that follows: each service has its own way to name it."""
    links = answer.get(f"{key}_links") or ()
    listed = next((one["href"] for one in links if one.get("rel") == "next"), "")
    inside = answer.get("links")
    return str(listed or answer.get("next") or (inside.get("next") if isinstance(inside, dict) else "") or "")
