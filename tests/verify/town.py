"""Guests that are network namespaces around one router: real stacks, real silence, no cloud.

The router is the security groups: rules of its policy routing let paths through by addresses, protocol and port, and
drop what is left. `ip netns exec` takes the place of SSH; the probe that runs there is the real one.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from govcloud.verify.city import Endpoint
from govcloud.verify.matrix import Path

# The router's own address on every link; guests have no neighbour but it.
_NEAR = {4: "169.254.1.1", 6: "fe80::1"}
_ORDER = {"listed": 100, "spoilt": 50, "rest": 300}
_STACK = (
    "net.ipv4.ip_forward=1",
    "net.ipv6.conf.all.forwarding=1",
    "net.ipv4.conf.all.rp_filter=0",
    "net.ipv4.conf.default.rp_filter=0",
    "net.ipv4.icmp_ratelimit=0",
    "net.ipv6.icmp.ratelimit=0",
)


@dataclass
class Town:
    """The namespaces of one test."""

    prefix: str
    guests: list[Endpoint]
    changes: list[str] = field(default_factory=list)

    @property
    def commands(self) -> dict[str, list[str]]:
        """Return what gives a shell on each guest."""
        return {one.name: ["ip", "netns", "exec", self.namespace(one), "sh", "-c"] for one in self.guests}

    def namespace(self, guest: Endpoint) -> str:
        """Return the namespace of a guest."""
        return f"{self.prefix}-{self.guests.index(guest)}"

    @property
    def router(self) -> str:
        """The namespace of the router."""
        return f"{self.prefix}-router"

    def let(self, paths: Iterable[Path], *, answers: bool = True, order: str = "listed") -> None:
        """Let paths through, and what is answered on them."""
        lines = []
        for path in paths:
            lines.append(f"{_there(path)} lookup main pref {_ORDER[order]}")
            if answers:
                lines.append(f"{_back(path)} lookup main pref {_ORDER[order]}")
        self.rules("add", lines)

    def stop(self, paths: Iterable[Path], how: str = "blackhole") -> None:
        """Stop paths: `blackhole` is silence, `prohibit` and `unreachable` are answers of the router."""
        self.rules("add", [f"{_there(path)} {how} pref {_ORDER['spoilt']}" for path in paths])

    def stop_answers(self, paths: Iterable[Path]) -> None:
        """Lose what is answered on paths: the way back is another one."""
        self.rules("add", [f"{_back(path)} blackhole pref {_ORDER['spoilt']}" for path in paths])

    def open(self, paths: Iterable[Path]) -> None:
        """Let paths through that nothing lists."""
        self.let(paths, order="spoilt")

    def mend(self) -> None:
        """Take everything back that was spoilt."""
        for version in (4, 6):
            while self._run(f"-{version}", "rule", "del", "pref", str(_ORDER["spoilt"]), check=False) == 0:
                pass

    def rules(self, verb: str, lines: Iterable[str]) -> None:
        """Add or remove rules of the router."""
        batch = "".join(f"{version} rule {verb} {line}\n" for line in lines for version in [_version(line)])
        for version in ("-4", "-6"):
            part = "".join(line[3:] + "\n" for line in batch.splitlines() if line.startswith(version))
            _batch(part, "-n", self.router, version)

    def _run(self, *arguments: str, check: bool = True) -> int:
        return subprocess.run(["ip", "-n", self.router, *arguments], check=check, capture_output=True).returncode


def _there(path: Path) -> str:
    start, end = path.source.addresses[path.family], path.address
    return f"from {start} to {end} ipproto {path.protocol} dport {path.port}"


def _back(path: Path) -> str:
    start, end = path.source.addresses[path.family], path.address
    return f"from {end} to {start} ipproto {path.protocol} sport {path.port}"


def _version(line: str) -> str:
    return "-6" if ":" in line.split()[1] else "-4"


@contextmanager
def town(guests: list[Endpoint], name: str) -> Iterator[Town]:
    """Build a town that lets nothing through; take it away again, whatever happened in it."""
    made = Town(f"gvt{os.getpid()}{name}", guests)
    spaces = [made.router, *(made.namespace(one) for one in guests)]
    try:
        _batch("".join(f"netns add {one}\n" for one in spaces))
        for one in spaces:
            _inside(one, "ip", "link", "set", "lo", "up")
        _inside(made.router, "sysctl", "-qw", *_STACK)
        for number, guest in enumerate(guests):
            _join(made, number, guest)
        for version in ("-4", "-6"):
            own = f"rule add iif lo lookup main pref 10\nrule add blackhole pref {_ORDER['rest']}\n"
            _batch(own, "-n", made.router, version)
        # Neighbours are found by multicast, which the rule for the rest would eat.
        _batch("rule add ipproto ipv6-icmp to ff00::/8 lookup main pref 9\n", "-n", made.router, "-6")
        yield made
    finally:
        for one in spaces:
            subprocess.run(["ip", "netns", "del", one], check=False, capture_output=True)


def _join(made: Town, number: int, guest: Endpoint) -> None:
    space, near = made.namespace(guest), f"g{number}"
    _batch(f"link add {near} type veth peer name eth0 netns {space}\nlink set {near} up\n", "-n", made.router)
    _batch(
        f"address add {_NEAR[4]}/32 dev {near}\nroute add {guest.addresses[4]}/32 dev {near}\n"
        f"address add {_NEAR[6]}/64 dev {near} nodad\nroute add {guest.addresses[6]}/128 dev {near}\n",
        "-n",
        made.router,
    )
    _batch(
        f"link set eth0 up\naddress add {guest.addresses[4]}/32 dev eth0\nroute add {_NEAR[4]} dev eth0\n"
        f"route add default via {_NEAR[4]}\naddress add {guest.addresses[6]}/128 dev eth0 nodad\n"
        f"route add default via {_NEAR[6]} dev eth0\n",
        "-n",
        space,
    )


def _inside(space: str, *command: str) -> None:
    subprocess.run(["ip", "netns", "exec", space, *command], check=True, capture_output=True)


def _batch(lines: str, *options: str) -> None:
    if not lines:
        return
    done = subprocess.run(
        ["ip", *options, "-batch", "-"], input=lines, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, f"{done.stderr}\n{lines}"
