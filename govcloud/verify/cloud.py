"""What the cloud has laid: ports with their security groups, routers' legs, floating addresses, balancers' listeners.

Read by list calls, a handful for a whole city, as plain values. It is the second look: a probe sees whether a way is
open, the cloud's own books tell when only one of a way's two ends still keeps it closed.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from keystoneauth1.exceptions.base import ClientException
from openstack.exceptions import SDKException

from govcloud.core.language import tr
from govcloud.core.model.environment import Environment
from govcloud.core.workspace import Workspace
from govcloud.deploy import clouds_file
from govcloud.verify.city import Endpoint, Kind
from govcloud.verify.lines import Place
from govcloud.verify.outside import own_address


@dataclass(frozen=True, kw_only=True)
class GroupRule:
    """One rule of a security group; None means any."""

    group: str
    direction: str
    family: int
    protocol: str | None
    first: int | None
    last: int | None
    remote_group: str | None
    remote_range: str | None


@dataclass(frozen=True, kw_only=True)
class Port:
    """One port; the device is a server's, a router's or a balancer's."""

    id: str
    owner: str
    device: str
    addresses: tuple[str, ...]
    secured: bool
    pairs: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass
class Laid:
    """All of it."""

    ports: list[Port] = field(default_factory=list)
    rules: list[GroupRule] = field(default_factory=list)
    group_names: dict[str, str] = field(default_factory=dict)
    floating: dict[str, str] = field(default_factory=dict)
    """The inner address behind each floating address."""
    listeners: dict[str, set[int]] = field(default_factory=dict)
    """Ports on which each balancer's address listens."""
    apis: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Host and port of each public interface."""
    unseen: dict[str, str] = field(default_factory=dict)
    """Accesses that did not work, and why."""


def look(workspace: Workspace, environment: Environment, departments: Iterable[str]) -> Laid:
    """Read what there is: with the administrator's access, or where there is none with each department's own."""
    holders = sorted(departments) if environment.tenancy else ["admin"]
    laid = Laid()
    for name in map(environment.cloud, holders):
        try:
            with clouds_file.connect(workspace, name) as connection:
                _read(connection, laid)
        except (SDKException, ClientException) as error:
            laid.unseen[name] = clouds_file.said(error)
    return laid


def api_endpoints(laid: Laid) -> list[Endpoint]:
    """Return the cloud's interfaces as ends of paths, at the addresses to which this machine has a way.

    Several services behind one address and port are one.
    """
    found: dict[tuple[str, int], str] = {}
    for name, where in sorted(laid.apis.items()):
        found.setdefault(where, f"api-{name}")
    ends = []
    for (host, port), name in found.items():
        addresses = _addresses(host)
        if addresses:
            ends.append(Endpoint(name=name, kind=Kind.API, addresses=addresses, place=Place("zones"), ports=(port,)))
        else:
            laid.unseen[name] = tr("this machine knows no way to {host}", host=host)
    return ends


def _addresses(host: str) -> dict[int, str]:
    found: dict[int, str] = {}
    with contextlib.suppress(OSError):
        for family, _, _, _, where in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM):
            version = 6 if family == socket.AF_INET6 else 4
            if version not in found and own_address(str(where[0])):
                found[version] = str(where[0])
    return found


def _read(connection: Any, laid: Laid) -> None:
    network = connection.network
    laid.ports += [_port(one) for one in network.ports()]
    laid.group_names |= {one.id: one.name for one in network.security_groups()}
    laid.rules += [_rule(one) for one in network.security_group_rules()]
    for one in network.ips():
        if one.fixed_ip_address:
            laid.floating[one.floating_ip_address] = one.fixed_ip_address
    balancers = connection.load_balancer
    addresses = {one.id: one.vip_address for one in balancers.load_balancers()}
    for one in balancers.listeners():
        for owner in one.load_balancers or ():
            laid.listeners.setdefault(addresses.get(owner["id"], ""), set()).add(one.protocol_port)
    session = connection.session
    catalogue: Mapping[str, Any] = session.auth.get_access(session).service_catalog.get_endpoints(interface="public")
    for kind, endpoints in catalogue.items():
        for endpoint in endpoints:
            parts = urlsplit(endpoint["url"])
            if parts.hostname:
                laid.apis[kind] = (parts.hostname, parts.port or (443 if parts.scheme == "https" else 80))


def _port(one: Any) -> Port:
    return Port(
        id=one.id,
        owner=one.device_owner or "",
        device=one.device_id or "",
        addresses=tuple(fixed["ip_address"] for fixed in one.fixed_ips or ()),
        secured=bool(one.is_port_security_enabled),
        pairs=tuple(pair["ip_address"] for pair in one.allowed_address_pairs or ()),
        groups=tuple(one.security_group_ids or ()),
    )


def _rule(one: Any) -> GroupRule:
    return GroupRule(
        group=one.security_group_id,
        direction=one.direction,
        family=6 if one.ether_type == "IPv6" else 4,
        protocol=one.protocol,
        first=one.port_range_min,
        last=one.port_range_max,
        remote_group=one.remote_group_id,
        remote_range=one.remote_ip_prefix,
    )


def refused(laid: Laid) -> list[str]:
    """Return what could not be read, one line each."""
    return [tr("{name} could not be asked: {why}", name=name, why=why) for name, why in laid.unseen.items()]
