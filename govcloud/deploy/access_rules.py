"""What a department's credential may ask of each service: the access rules of an application credential.

Keystone keeps the rules, each service's own middleware holds them against a call: its method, its path, and the type by
which the service knows itself. Where a service has not been told its type (`service_type` in its
`[keystone_authtoken]`) it refuses whoever has rules, so a new credential is tried before it is relied on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import openstack
import os_service_types

_UNAUTHORIZED = 401
_READ = ("GET",)
_MAKE = ("GET", "POST", "PUT", "DELETE")
# By the official name of a service. What is in no list is not asked for by any stack, nor by the function test.
_METHODS: Mapping[str, Sequence[str]] = {
    "block-storage": _MAKE,
    "compute": _MAKE,
    "identity": _READ,
    # A server's snapshot is an image, which the compute service makes and fills in the department's name.
    "image": ("PATCH", *_MAKE),
    "key-manager": _MAKE,
    "load-balancer": _MAKE,
    "network": _MAKE,
    "object-store": ("HEAD", *_MAKE),
}
# A harmless question to each: what the SDK calls the service, and a list of one.
_LOOKS: Mapping[str, tuple[str, str]] = {
    "block-storage": ("block_storage", "/volumes"),
    "compute": ("compute", "/servers"),
    "image": ("image", "/images"),
    "key-manager": ("key_manager", "/secrets"),
    "load-balancer": ("load_balancer", "/lbaas/loadbalancers"),
    "network": ("network", "/networks"),
    "object-store": ("object_store", ""),
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
    return [
        kind
        for kind, (attribute, path) in _LOOKS.items()
        if cloud.has_service(kind)
        and getattr(cloud, attribute).get(path, params={"limit": 1}).status_code == _UNAUTHORIZED
    ]
