"""Servers: which image, how one signs in, and that those of a tier do not fail together."""

from __future__ import annotations

import base64
import binascii
import functools
import re
from collections.abc import Iterator

from compliance.policy.city import SHARED, City
from compliance.policy.resource import NotApplicable, Resource
from compliance.policy.rule import rule

SERVER = "compute.Instance"
_HARDENED = "hardened"
_REDUNDANT_FROM_LEVEL = 3
_SECRETS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(?:password|passwd|passphrase|secret|token|api[_-]?key|chpasswd)\b[\"']?\s*[:=]\s*[\"']?[^\s\"'$#{<|]{3}"
    r"|\$(?:1|5|6|y|2[aby])\$[^\s]{8}",
    re.IGNORECASE,
)


@rule(
    "server-image",
    "A server starts from an image that the environment names",
    "8.1.10.8 a, 8.2.4.4 a",
    SERVER,
    place="compute.{tier}.image",
    fix="name a key of the environment's `images`",
    alone=True,
)
def image(one: Resource, city: City) -> Iterator[str]:
    """Refuse images that are not pinned: another may stand behind the same words tomorrow."""
    name = one.text("imageName")
    if "imageId" in one.values or any("bootIndex" in each for each in one.many("blockDevices")):
        yield "starts from something else than the image that it names"
    if name in city.environment.images.values():
        return
    if name:
        yield f"starts from {name}, which the environment does not name"
    else:
        yield "starts from an image without a name, or from a volume"


@rule(
    "server-hardened",
    "Servers of level 3 and bastions start from a hardened image",
    "8.2.4.4 a",
    SERVER,
    place="compute.{tier}.image",
    fix="write `image: hardened`",
    alone=True,
)
def hardened(one: Resource, city: City) -> Iterator[str]:
    """Compare with the environment's name for the hardened image."""
    level = city.label(one, "level")
    if level.isdecimal() and int(level) < _REDUNDANT_FROM_LEVEL:
        raise NotApplicable(f"is of level {level}")
    wanted = city.environment.images.get(_HARDENED)
    if one.text("imageName") != wanted:
        yield f"starts from {one.text('imageName') or 'an image without a name'}, not from {wanted or 'a hardened one'}"


@rule(
    "server-password",
    "No server is given an administrator's password",
    "8.1.4.1 c, 8.1.4.2 b",
    SERVER,
    place="compute.{tier}",
    fix="leave it out; operators sign in with their keys",
    alone=True,
)
def password(one: Resource, _: City) -> Iterator[str]:
    """Refuse a password, seen or not."""
    if "adminPass" in one.values:
        yield "is given an administrator's password"


@rule(
    "server-key",
    "Operators sign in to a server with a key",
    "8.1.4.1 d",
    SERVER,
    place="compute.{tier}",
    fix="give it the department's key pair",
    alone=True,
)
def key(one: Resource, _: City) -> Iterator[str]:
    """Ask for a key pair; which one is the department's to say."""
    if "keyPair" not in one.values:
        yield "has no key pair"


@rule(
    "server-secrets",
    "No secret stands in a server's user data, metadata or files",
    "8.1.4.8 b",
    SERVER,
    place="compute.{tier}",
    fix="put it into the key manager, from where the playbook takes it",
    alone=True,
)
def secrets(one: Resource, _: City) -> Iterator[str]:
    """Refuse what every process on the server may ask the metadata service for. The value is never repeated."""
    if "userData" in one.values and _SECRETS.search(_decoded(one.text("userData"))):
        yield "has what looks like a secret in its user data"
    metadata = one.get("metadata", {})
    for name in metadata:
        if _SECRETS.search(f"{name}={metadata[name]}"):
            yield f"has what looks like a secret in its metadata {name}"
    for each in one.many("personalities"):
        yield f"is given the file {each['file']} from outside its image"


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode(errors="replace")
    except (binascii.Error, ValueError):
        return text


@rule(
    "server-port",
    "A server is joined by a port of the plan",
    "8.1.2.1 c, 8.1.3.1 a",
    SERVER,
    "compute.InterfaceAttach",
    place="compute.{tier}.zone",
    fix="make the port first, with its addresses and groups",
    alone=True,
)
def port(one: Resource, _: City) -> Iterator[str]:
    """Refuse servers that the cloud joins to a network by itself, the external one among them."""
    if one.kind != SERVER:
        yield "joins a server to a network after it was made"
        return
    networks = one.many("networks")
    if not networks:
        yield "names no port and is joined to whatever network there is"
    for each in networks:
        if "port" not in each:
            yield f"is joined to {each.get('name', 'a network')} without a port of the plan"


@functools.lru_cache(maxsize=2)
def _tiers(city: City) -> dict[tuple[str, str, str], list[Resource]]:
    found: dict[tuple[str, str, str], list[Resource]] = {}
    for other in city.every(SERVER):
        labels = city.labels(other)
        found.setdefault((labels.get("owner", ""), labels.get("system", ""), labels.get("tier", "")), []).append(other)
    return found


def _of_same_tier(one: Resource, city: City) -> list[Resource]:
    labels = city.labels(one)
    if labels.get("system", SHARED) == SHARED:
        raise NotApplicable("belongs to no system")
    system = city.system(one)
    if system.level < _REDUNDANT_FROM_LEVEL:
        raise NotApplicable(f"its system is of level {system.level}")
    return _tiers(city)[labels.get("owner", ""), labels["system"], labels.get("tier", "")]


@rule(
    "server-two",
    "From level 3 on a tier has two servers",
    "8.1.2.1 e, 8.1.4.9 c",
    SERVER,
    place="compute.{tier}.count",
    fix="write 2",
)
def two(one: Resource, city: City) -> Iterator[str]:
    """Count the servers of a tier."""
    if len(_of_same_tier(one, city)) < 2:  # noqa: PLR2004 - said in the title
        yield "is the only server of its tier"


@rule(
    "server-apart",
    "From level 3 on the servers of a tier stand on different machines",
    "8.1.2.1 e",
    SERVER,
    place="compute.{tier}.anti_affinity",
    fix="write true",
)
def apart(one: Resource, city: City) -> Iterator[str]:
    """Ask for one group with strict anti-affinity for all servers of a tier."""
    servers = _of_same_tier(one, city)
    if len(servers) < 2:  # noqa: PLR2004 - a single one cannot stand apart
        raise NotApplicable("is the only server of its tier")
    groups = city.referred(one, "schedulerHints", "compute.ServerGroup")
    if not any("anti-affinity" in [*group.many("policies")] for group in groups):
        yield "is in no group with strict anti-affinity"
    elif any(city.referred(other, "schedulerHints", "compute.ServerGroup") != groups for other in servers):
        yield "is in another group than other servers of its tier"
