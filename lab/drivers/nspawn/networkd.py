"""The guest's network configuration: one systemd-networkd file per port, from nova's own data.

Addresses are static: nova's data is complete, and a guest then needs no DHCP answer to be reached. The route to the
metadata service is on-link, because OVN answers ARP for that address on every network.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

METADATA = "169.254.169.254/32"


def file_name(port: str) -> str:
    """Return the name of a port's file in /etc/systemd/network."""
    return f"10-port-{port[:8]}.network"


def render(vif: Mapping[str, Any], *, first: bool) -> str:
    """Return the file for one port; only the first port of a server has the default and the metadata route."""
    lines = ["[Match]", f"MACAddress={vif['address']}", "", "[Network]"]
    # In a live migration the link is gone for a second and must keep its addresses.
    lines += ["IgnoreCarrierLoss=10s", "LinkLocalAddressing=ipv6", "DHCP=no", "IPv6AcceptRA=no"]
    routes: list[tuple[str, str]] = []
    for subnet in _subnets(vif):
        prefix = subnet["cidr"].split("/")[1]
        lines += [f"Address={ip['address']}/{prefix}" for ip in subnet["ips"]]
        gateway = (subnet.get("gateway") or {}).get("address")
        if first and gateway:
            lines.append(f"Gateway={gateway}")
        routes += [(route["cidr"], route["gateway"]["address"]) for route in subnet.get("routes") or ()]
    for destination, gateway in routes:
        if destination != METADATA:
            lines += ["", "[Route]", f"Destination={destination}", f"Gateway={gateway}"]
    if first:
        lines += ["", "[Route]", f"Destination={METADATA}", "Scope=link"]
    return "\n".join(lines) + "\n"


def nameservers(vifs: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the resolvers of all subnets, each once, in order."""
    found = [dns["address"] for vif in vifs for subnet in _subnets(vif) for dns in subnet.get("dns") or ()]
    return list(dict.fromkeys(found))


def mtu(vif: Mapping[str, Any]) -> int:
    """Return the largest packet of a port's network; 1442 is what geneve leaves of 1500."""
    return int((vif["network"].get("meta") or {}).get("mtu") or 1442)


def _subnets(vif: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(vif["network"].get("subnets") or ())
