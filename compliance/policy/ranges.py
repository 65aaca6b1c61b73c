"""Ranges of addresses: what a rule of a security group opens, and how much of the internet a set of ranges holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from compliance.policy.city import Network
from compliance.policy.resource import CouldNotLook, Resource
from govcloud.core.language import tr

_EVERY_PORT = range(1, 65536)
_WITH_PORTS = frozenset({"tcp", "udp", "sctp", "dccp", "udplite"})
_NUMBERS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "ipv6-icmp", "icmpv6": "ipv6-icmp", "0": "", "any": ""}
_ANYWHERE: dict[str, Network] = {"IPv4": ip_network("0.0.0.0/0"), "IPv6": ip_network("::/0")}
# What is never routed on the internet (IANA's special-purpose registries); of IPv6, all that is not 2000::/3.
_PRIVATE = tuple(
    IPv4Network(one)
    for one in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
    )
)  # fmt: skip
_GLOBAL_IPV6 = IPv6Network("2000::/3")
# A city's own addresses are far fewer, and so are its partners'.
_INTERNET = {4: 1 << (32 - 8), 6: 1 << (128 - 16)}


@dataclass(frozen=True)
class Opening:
    """What a rule of a security group lets through; `network` is None where its other side is a group."""

    ingress: bool
    family: int
    protocol: str
    """Empty for every protocol."""
    ports: range
    """Empty where the protocol has none."""
    network: Network | None

    def covers(self, protocol: str, port: int) -> bool:
        """Tell whether one port is let through."""
        return self.protocol in {"", protocol} and port in self.ports


def opening(one: Resource) -> Opening:
    """Read a rule of a security group. Where it names no other side, that is everywhere."""
    family = one.text("ethertype") or "IPv4"
    protocol = one.text("protocol").lower()
    protocol = _NUMBERS.get(protocol, protocol)
    first, last = one.get("portRangeMin"), one.get("portRangeMax")
    if protocol not in _WITH_PORTS and protocol:
        ports = range(0)
    elif first is None and last is None:
        ports = _EVERY_PORT
    else:
        ports = range(int(first if first is not None else last), int(last if last is not None else first) + 1)
    network: Network | None = None
    if "remoteGroupId" not in one.values and "remoteAddressGroupId" not in one.values:
        prefix = one.text("remoteIpPrefix")
        network = read_range(prefix) if prefix else _ANYWHERE[family]
    return Opening(one.text("direction") == "ingress", 6 if family == "IPv6" else 4, protocol, ports, network)


def described(found: Opening) -> str:
    """Name protocol and ports."""
    ports = f" {found.ports[0]}" if found.ports else ""
    return (found.protocol or tr("everything")) + f"{ports}{f'-{found.ports[-1]}' if len(found.ports) > 1 else ''}"


def read_range(text: str) -> Network:
    """Read a range; what is none cannot be looked at."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise CouldNotLook(tr("{text} is no range of addresses", text=text)) from None


def holds_the_internet(networks: Iterable[Network]) -> bool:
    """Tell whether ranges together hold as much of the internet as nobody's own addresses do, in either family."""
    ranges = list(networks)
    ipv4 = collapse_addresses(one for one in ranges if isinstance(one, IPv4Network))
    ipv6 = collapse_addresses(one for one in ranges if isinstance(one, IPv6Network))
    return sum(map(public_addresses, ipv4)) >= _INTERNET[4] or sum(map(public_addresses, ipv6)) >= _INTERNET[6]


def public_addresses(network: Network) -> int:
    """Count the addresses of a range that are routed on the internet."""
    if isinstance(network, IPv6Network):
        if network.subnet_of(_GLOBAL_IPV6):
            return network.num_addresses
        return _GLOBAL_IPV6.num_addresses if _GLOBAL_IPV6.subnet_of(network) else 0
    if any(network.subnet_of(one) for one in _PRIVATE):
        return 0
    return network.num_addresses - sum(one.num_addresses for one in _PRIVATE if one.subnet_of(network))
