"""What a department's credential may ask of each service: the access rules of an application credential.

Keystone keeps the rules, each service's own middleware holds them against a call: its method, its path, and the type by
which the service knows itself. Where a service has not been told its type (`service_type` in its
`[keystone_authtoken]`) it refuses whoever has rules, so a new credential is tried before it is relied on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import openstack
import os_service_types
from openstack.exceptions import HttpException

_UNAUTHORIZED = 401
_READ = ("GET",)
_MAKE = ("GET", "POST", "PUT", "DELETE")
# By the official name of a service. What is in no list is not asked for by any stack, nor by the function test.
_METHODS: Mapping[str, Sequence[str]] = {
    "block-storage": _MAKE,
    "compute": _MAKE,
    "identity": _READ,
    # Snapshots of servers are made by the compute service, and deleted by whoever asked for them.
    "image": ("GET", "DELETE"),
    "key-manager": _MAKE,
    "load-balancer": _MAKE,
    "network": _MAKE,
    "object-store": ("HEAD", *_MAKE),
}
_LOOKS: Mapping[str, Callable[[Any], Iterator[Any]]] = {
    "block-storage": lambda cloud: cloud.block_storage.volumes(limit=1, paginated=False),
    "compute": lambda cloud: cloud.compute.servers(limit=1, paginated=False),
    "image": lambda cloud: cloud.image.images(limit=1, paginated=False),
    "key-manager": lambda cloud: cloud.key_manager.secrets(limit=1, paginated=False),
    "load-balancer": lambda cloud: cloud.load_balancer.load_balancers(limit=1, paginated=False),
    "network": lambda cloud: cloud.network.networks(limit=1, paginated=False),
    "object-store": lambda cloud: cloud.object_store.containers(limit=1, paginated=False),
}


def of(types: Sequence[str]) -> list[dict[str, str]]:
    """Return the rules for the services of a catalogue, by the types that it has, old names of a service included."""
    official = os_service_types.ServiceTypes()
    return [
        {"service": kind, "method": method, "path": "/**"}
        for kind in sorted(set(types))
        for method in _METHODS.get(official.get_service_type(kind) or "", ())
    ]


def refusing(cloud: openstack.connection.Connection) -> list[str]:
    """Return the services, by their official names, that refuse what the rules of a credential allow."""
    return [kind for kind, look in _LOOKS.items() if cloud.has_service(kind) and _refuses(cloud, look)]


def _refuses(cloud: openstack.connection.Connection, look: Callable[[Any], Iterator[Any]]) -> bool:
    try:
        next(iter(look(cloud)), None)
    except HttpException as refused:
        return refused.status_code == _UNAUTHORIZED
    return False
