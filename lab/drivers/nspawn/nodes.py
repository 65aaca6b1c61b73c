"""The compute nodes of the lab and where each has its switch.

Both nodes are processes of one lab: they share its mounts, devices and cgroups and differ by their network namespace,
their OVSDB and their state directory. That is why a migration moves a link and renames a directory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.drivers.nspawn.commands import GuestError, run, succeeds

MAIN = "-"


@dataclass(frozen=True)
class Node:
    """One compute node."""

    name: str
    netns: str | None
    ovsdb: str
    state: Path

    @property
    def instances(self) -> Path:
        """Where the node keeps the guests that it runs."""
        return self.state / "nspawn" / "instances"

    @property
    def link_target(self) -> str:
        """What `ip link set ... netns` takes to move a link here; the main namespace is that of process 1."""
        return self.netns or "1"

    def ip(self, *words: str) -> str:
        """Run `ip` in the node's network namespace."""
        return run("ip", *self._option(), *words)

    def has_link(self, name: str) -> bool:
        """Tell whether a link stands in the node's network namespace."""
        return succeeds("ip", *self._option(), "link", "show", name)

    def offload_off(self, link: str) -> None:
        """Make the kernel finish checksums: userspace Open vSwitch takes frames as they are."""
        inside = ("ip", "netns", "exec", self.netns) if self.netns else ()
        run(*inside, "ethtool", "-K", link, "tx", "off")

    def vsctl(self, *words: str) -> None:
        """Change the node's switch without waiting for it."""
        run("ovs-vsctl", "--no-wait", f"--db={self.ovsdb}", *words, timeout=30)

    def _option(self) -> tuple[str, ...]:
        return ("-n", self.netns) if self.netns else ()


def parse(rows: Sequence[str]) -> dict[str, Node]:
    """Read the nodes from the configuration: `NAME NETNS OVSDB STATE_DIRECTORY`, with `-` for the main namespace."""
    nodes = {}
    for row in rows:
        words = row.split()
        if len(words) != len(("name", "netns", "ovsdb", "state")):
            raise GuestError(f"[nspawn] node = {row}: expected NAME NETNS OVSDB STATE_DIRECTORY")
        name, netns, ovsdb, state = words
        nodes[name] = Node(name, None if netns == MAIN else netns, ovsdb, Path(state))
    return nodes
