"""Paths that only one of their two ends keeps closed, by the security groups as the cloud has them.

A rule that is too wide on one side is seen by no probe as long as the other side holds, though half of the wall is
gone. What each side may have open follows from the inventory; what it has open is read out of the cloud's books.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from govcloud.core.language import tr
from govcloud.verify.city import Endpoint, Kind
from govcloud.verify.cloud import GroupRule, Laid, Port
from govcloud.verify.demands import Demands
from govcloud.verify.matrix import Path

INGRESS, EGRESS = "ingress", "egress"
_NUMBERS = {"6": "tcp", "17": "udp"}


class Halves:
    """The two sides of every path, as the cloud's security groups have them."""

    def __init__(self, laid: Laid, demands: Demands) -> None:
        self._laid, self._demands = laid, demands
        self._by_address = {address: port for port in laid.ports for address in port.addresses}
        self._rules: dict[tuple[str, str], list[GroupRule]] = {}
        for rule in laid.rules:
            self._rules.setdefault((rule.group, rule.direction), []).append(rule)
        self._members: dict[str, set[str]] = {}
        for port in laid.ports:
            for group in port.groups:
                self._members.setdefault(group, set()).update(port.addresses, port.pairs)
        self._opening = functools.cache(self._find_opening)

    def half_open(self, paths: Sequence[Path]) -> Iterator[tuple[int, str]]:
        """Yield the number of each path that has an open side which should be closed, and which side that is."""
        for number, path in enumerate(paths):
            if path.demand.allowed or path.target.kind not in {Kind.SERVER, Kind.BASTION, Kind.BORDER, Kind.PROVINCE}:
                continue
            about = (path.source, path.target, path.protocol, path.port, path.family)
            opening = self._enters(path)
            if opening and not self._demands.may_enter(*about):
                yield number, _told(path.target, opening)
                continue
            opening = self._leaves(path)
            if opening and not self._demands.may_leave(*about):
                yield number, _told(path.source, opening)

    def _enters(self, path: Path) -> str:
        """Return what lets a path in at its target; empty where nothing does."""
        port = self._by_address.get(path.target.addresses[path.family])
        remote = path.source.addresses[path.family]
        return self._opens(port, INGRESS, path, remote) if port else ""

    def _leaves(self, path: Path) -> str:
        port = self._by_address.get(path.source.addresses[path.family]) if path.source.is_guest else None
        return self._opens(port, EGRESS, path, path.target.addresses[path.family]) if port else ""

    def _opens(self, port: Port, direction: str, path: Path, remote: str) -> str:
        if not port.secured:
            return tr("port security is off")
        for group in port.groups:
            for members, network in self._opening(group, direction, path.protocol, path.port, path.family):
                if remote in members if members is not None else network is None or ip_address(remote) in network:
                    name = self._laid.group_names.get(group, group)
                    return tr("a rule of the security group {name}", name=name)
        return ""

    def _find_opening(
        self, group: str, direction: str, protocol: str, port: int, family: int
    ) -> list[tuple[set[str] | None, IPv4Network | IPv6Network | None]]:
        """Return whom the rules of a group let through at a port: members of groups, ranges, or (None) everybody."""
        found: list[tuple[set[str] | None, IPv4Network | IPv6Network | None]] = []
        for rule in self._rules.get((group, direction), ()):
            if rule.family == family and _carries(rule, protocol, port):
                members = self._members.get(rule.remote_group, set()) if rule.remote_group else None
                found.append((members, ip_network(rule.remote_range, strict=False) if rule.remote_range else None))
        return found


def _carries(rule: GroupRule, protocol: str, port: int) -> bool:
    if rule.protocol and _NUMBERS.get(rule.protocol, rule.protocol) != protocol:
        return False
    first = rule.first if rule.first is not None else 1
    last = rule.last if rule.last is not None else 65535
    return first <= port <= last


def _told(end: Endpoint, opening: str) -> str:
    return tr("is closed by the other end only: at {name} {opening} opens it", name=end.name, opening=opening)
