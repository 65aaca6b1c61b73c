"""The guest's network: a namespace of its own and one veth pair per port, the outer end in the node's br-int.

OVN binds the port by `iface-id`; from then on security groups, routers and floating addresses work as for any server.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lab.drivers.nspawn import networkd
from lab.drivers.nspawn.commands import run, succeeds
from lab.drivers.nspawn.nodes import Node

BRIDGE = "br-int"
NAMESPACES = Path("/run/netns")

# Reverse ARP from each of the guest's addresses: OVN moves a migrated port's binding at the first one it sees
# (activation-strategy=rarp), switches learn the new place. Those before the flows are made are lost, hence 20 s.
_ANNOUNCE = r"""
import pathlib, socket, struct, sys, time
links = {(p / "address").read_text().strip(): p.name for p in pathlib.Path("/sys/class/net").iterdir()}
for _ in range(100):
    for text in sys.argv[1:]:
        mac = bytes.fromhex(text.replace(":", ""))
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
            raw.bind((links[text], 0))
            body = struct.pack("!HHBBH", 1, 0x800, 6, 4, 3) + (mac + bytes(4)) * 2 + bytes(18)
            raw.send(b"\xff" * 6 + mac + b"\x80\x35" + body)
    time.sleep(0.2)
"""


def outer(vif: Mapping[str, Any]) -> str:
    """Return the name of the link's end in the switch."""
    return str(vif.get("devname") or f"tap{vif['id']}"[:14])


def ours(vifs: Iterable[Mapping[str, Any]] | None) -> list[Mapping[str, Any]]:
    """Return the ports that are plugged into Open vSwitch; an unbound port is left alone."""
    return [vif for vif in vifs or () if vif["type"] == "ovs"]


def prepare(namespace: str) -> None:
    """Make the guest's namespace; a server may have no port at all."""
    if not (NAMESPACES / namespace).exists():
        run("ip", "netns", "add", namespace)


def plug(node: Node, namespace: str, vif: Mapping[str, Any], instance: str) -> None:
    """Connect one port; what already stands is left as it is."""
    link = outer(vif)
    prepare(namespace)
    if not node.has_link(link):
        inner = _free_name(namespace)
        size = str(networkd.mtu(vif))
        where = ("netns", node.netns) if node.netns else ()
        # With the address from the start, networkd of a running guest knows the link the moment it appears.
        peer = ("peer", "name", inner, "address", vif["address"], "mtu", size, "netns", namespace)
        run("ip", "link", "add", link, "mtu", size, *where, "type", "veth", *peer)
        run("ip", "netns", "exec", namespace, "ethtool", "-K", inner, "tx", "off")
        # A port left by a lab that lost its power names a link that is gone.
        node.vsctl("--", "--if-exists", "del-port", link)
    arrive(node, vif, instance)


def arrive(node: Node, vif: Mapping[str, Any], instance: str) -> None:
    """Put a link that stands in the node's namespace into its switch."""
    link = outer(vif)
    node.ip("link", "set", link, "addrgenmode", "none")
    node.ip("link", "set", link, "up")
    node.offload_off(link)
    node.vsctl(
        *("--", "--may-exist", "add-port", BRIDGE, link, "--", "set", "Interface", link),
        f"external_ids:iface-id={vif['id']}",
        "external_ids:iface-status=active",
        f"external_ids:attached-mac={vif['address']}",
        f"external_ids:vm-uuid={instance}",
    )


def unplug(node: Node, vif: Mapping[str, Any]) -> None:
    """Take one port out of the switch and remove its link."""
    link = outer(vif)
    node.vsctl("--", "--if-exists", "del-port", link)
    if node.has_link(link):
        node.ip("link", "del", link)


def move(source: Node, destination: Node, vif: Mapping[str, Any], instance: str) -> None:
    """Move the outer end of a running guest's port from one node's switch to the other's."""
    link = outer(vif)
    source.vsctl("--", "--if-exists", "del-port", link)
    if source.has_link(link):
        source.ip("link", "set", link, "netns", destination.link_target)
    arrive(destination, vif, instance)


def announce(namespace: str, vifs: Iterable[Mapping[str, Any]]) -> None:
    """Tell the network where a guest's addresses are now."""
    run("ip", "netns", "exec", namespace, "python3", "-c", _ANNOUNCE, *(vif["address"] for vif in vifs))


def remove_namespace(namespace: str) -> None:
    """Remove a guest's namespace and with it every link that is still in it."""
    if (NAMESPACES / namespace).exists() and not succeeds("ip", "netns", "del", namespace):
        # Its mount was lost with the lab's last mount namespace; the name alone is left.
        (NAMESPACES / namespace).unlink()


def _free_name(namespace: str) -> str:
    taken = set(re.findall(r"^\d+: (\w+)", run("ip", "-n", namespace, "-o", "link"), re.MULTILINE))
    return next(name for name in (f"eth{number}" for number in range(256)) if name not in taken)
