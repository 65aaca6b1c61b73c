"""Servers: which image, how one signs in, and that those of a tier do not fail together."""

from __future__ import annotations

import base64
import binascii
import functools
import re
from collections.abc import Iterator

from compliance.policy.city import SHARED, City
from compliance.policy.resource import NotApplicable, NotHere, Resource
from compliance.policy.rule import rule
from govcloud.core.language import mark, tr

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
    mark("A server starts from an image that the environment names"),
    "8.1.10.8 a, 8.2.4.4 a",
    SERVER,
    place="compute.{tier}.image",
    fix=mark("name a key of the environment's `images`"),
    alone=True,
)
def image(one: Resource, city: City) -> Iterator[str]:
    """Refuse images that are not pinned: another may stand behind the same words tomorrow."""
    name = one.text("imageName")
    if "imageId" in one.values or any("bootIndex" in each for each in one.many("blockDevices")):
        yield tr("starts from something else than the image that it names")
    if name in city.environment.images.values():
        return
    if name:
        yield tr("starts from {name}, which the environment does not name", name=name)
    else:
        yield tr("starts from an image without a name, or from a volume")


@rule(
    "server-hardened",
    mark("Servers of level 3 and bastions start from a hardened image"),
    "8.2.4.4 a",
    SERVER,
    place="compute.{tier}.image",
    fix=mark("write `image: hardened`"),
    alone=True,
)
def hardened(one: Resource, city: City) -> Iterator[str]:
    """Compare with the environment's name for the hardened image."""
    level = city.label(one, "level")
    if level.isdecimal() and int(level) < _REDUNDANT_FROM_LEVEL:
        raise NotApplicable(tr("is of level {level}", level=level))
    image_name = one.text("imageName")
    if image_name != city.environment.images.get(_HARDENED):
        yield tr("starts from {name}, which is not the environment's hardened image", name=image_name or "?")


@rule(
    "server-password",
    mark("No server is given an administrator's password"),
    "8.1.4.1 c, 8.1.4.2 b",
    SERVER,
    place="compute.{tier}",
    fix=mark("leave it out; operators sign in with their keys"),
    alone=True,
)
def password(one: Resource, _: City) -> Iterator[str]:
    """Refuse a password, seen or not."""
    if "adminPass" in one.values:
        yield tr("is given an administrator's password")


@rule(
    "server-key",
    mark("Operators sign in to a server with a key"),
    "8.1.4.1 d",
    SERVER,
    place="compute.{tier}",
    fix=mark("give it the department's key pair"),
    alone=True,
)
def key(one: Resource, _: City) -> Iterator[str]:
    """Ask for a key pair; which one is the department's to say."""
    if "keyPair" not in one.values:
        yield tr("has no key pair")


@rule(
    "server-secrets",
    mark("No secret stands in a server's user data, metadata or files"),
    "8.1.4.8 b",
    SERVER,
    place="compute.{tier}",
    fix=mark("put it into the key manager, from where the playbook takes it"),
    alone=True,
)
def secrets(one: Resource, _: City) -> Iterator[str]:
    """Refuse what every process on the server may ask the metadata service for. The value is never repeated."""
    if "userData" in one.values and _SECRETS.search(_decoded(one.text("userData"))):
        yield tr("has what looks like a secret in its user data")
    metadata = one.get("metadata", {})
    for name in metadata:
        if _SECRETS.search(f"{name}={metadata[name]}"):
            yield tr("has what looks like a secret in its metadata {name}", name=name)
    for each in one.many("personalities"):
        file = each["file"]
        yield tr("is given the file {file} from outside its image", file=file)


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode(errors="replace")
    except (binascii.Error, ValueError):
        return text


@rule(
    "server-port",
    mark("A server is joined by a port of the plan"),
    "8.1.2.1 c, 8.1.3.1 a",
    SERVER,
    "compute.InterfaceAttach",
    place="compute.{tier}.zone",
    fix=mark("make the port first, with its addresses and groups"),
    alone=True,
)
def port(one: Resource, _: City) -> Iterator[str]:
    """Refuse servers that the cloud joins to a network by itself, the external one among them."""
    if one.kind != SERVER:
        yield tr("joins a server to a network after it was made")
        return
    networks = one.many("networks")
    if not networks:
        yield tr("names no port and is joined to whatever network there is")
    for each in networks:
        if "port" not in each:
            network = each.get("name", "?")
            yield tr("is joined to {network} without a port of the plan", network=network)


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
        raise NotApplicable(tr("belongs to no system"))
    system = city.system(one)
    if system.level < _REDUNDANT_FROM_LEVEL:
        raise NotApplicable(tr("its system is of level {level}", level=system.level))
    return _tiers(city)[labels.get("owner", ""), labels["system"], labels.get("tier", "")]


@rule(
    "server-two",
    mark("From level 3 on a tier has two servers"),
    "8.1.2.1 e, 8.1.4.9 c",
    SERVER,
    place="compute.{tier}.count",
    fix=mark("write 2"),
)
def two(one: Resource, city: City) -> Iterator[str]:
    """Count the servers of a tier."""
    if len(_of_same_tier(one, city)) < 2:  # noqa: PLR2004 - said in the title
        yield tr("is the only server of its tier")


@rule(
    "server-apart",
    mark("From level 3 on the servers of a tier stand on different machines"),
    "8.1.2.1 e",
    SERVER,
    place="compute.{tier}.anti_affinity",
    fix=mark("write true"),
)
def apart(one: Resource, city: City) -> Iterator[str]:
    """Ask for one group with strict anti-affinity for all servers of a tier."""
    servers = _of_same_tier(one, city)
    if len(servers) < 2:  # noqa: PLR2004 - a single one cannot stand apart
        raise NotApplicable(tr("is the only server of its tier"))
    groups = city.referred(one, "schedulerHints", "compute.ServerGroup")
    policies = {policy for group in groups for policy in group.many("policies")}
    few = len(servers) > (city.environment.compute_hosts or len(servers)) and city.environment.disposable
    if "anti-affinity" not in policies and not (few and "soft-anti-affinity" in policies):
        yield tr("is in no group with strict anti-affinity")
    elif any(city.referred(other, "schedulerHints", "compute.ServerGroup") != groups for other in servers):
        yield tr("is in another group than other servers of its tier")
    elif "anti-affinity" not in policies:
        raise NotHere(tr("an environment that is only rehearsed has fewer machines than the tier has servers"))


@rule(
    "server-majority",
    mark("Servers that decide by majority are an odd number, three or more"),
    "8.1.2.1 e, 8.1.4.9 c",
    SERVER,
    place="compute.{tier}.count",
    fix=mark("write an odd number, 3 or more"),
)
def majority(one: Resource, city: City) -> Iterator[str]:
    """Count the servers of a tier that the inventory says decides by majority."""
    system, tier = city.system(one), city.label(one, "tier")
    if not any(group.quorum for key, group in system.compute.items() if key.value == tier):
        raise NotApplicable(tr("does not decide by majority"))
    labels = city.labels(one)
    number = len(_tiers(city)[labels.get("owner", ""), labels["system"], tier])
    if number < 3 or number % 2 == 0:  # noqa: PLR2004 - said in the title
        yield tr("is one of {number}, which cannot lose one and still decide", number=number)
