"""A machine as it looks from outside the lab: taken before a city is made and after it was removed, and compared.

Namespaces are seen by what holds them: processes (`processes_of`) and mounts, a named one among them.
"""

from __future__ import annotations

import json
import os
import re
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from lab import inotify

# Loop devices that kernels make on demand: those that others left may go with ours, new ones may not stay.
LOOPS = "added loop devices"
# A killed lab of the same path leaves its groups, which the next one takes over and removes.
GROUPS = "control groups"
ADDED = re.compile(r"loop([89]|\d\d+)$")
# What the kernel counts or draws by itself, and what every new link brings along.
MOVING = re.compile(
    r"fs/(file-nr|inode-nr|inode-state|dentry-state|aio-nr|quota/.*|inotify/max_user_instances)|kernel/(ns_last_pid|pty/nr"
    r"|random/.*|sched_domain/.*|perf_.*)|net/netfilter/.*_count|net/ipv[46]/(conf/(?!all/|default/)|neigh/).*"
    r"|user/max_inotify_instances"  # says the same as fs/inotify's, which is looked at on its own
)
SYSCTL = Path("/proc/sys")
# Of linux/netfilter/nf_tables.h: what is asked of the kernel's packet filter.
NF_TABLES, GET_TABLES, GET_CHAINS, GET_RULES = 10, 1, 4, 7
# Of linux/netlink.h.
NETLINK_NETFILTER, NLMSG_ERROR, NLMSG_DONE = 12, 2, 3


def labs() -> set[str]:
    """Return the labs that run on the machine, by the names of their links."""
    return {path.name for path in Path("/sys/class/net").glob("gc??????")}


def look(ours: set[str]) -> dict[str, Any]:
    """Return links, routes, mounts, listeners, firewall, loop devices, device modes, settings and namespaces' owners.

    What belongs to a lab that is not ours, which comes and goes on its own, is left out.
    """
    other_labs = labs() - ours

    def foreign(text: str) -> bool:
        return any(lab in text for lab in other_labs)

    links = [link["ifname"] for link in json.loads(_output("ip", "-json", "link"))]
    routes = [line for line in _output("ip", "route", "show", "table", "all").splitlines() if not foreign(line)]
    return {
        "links": sorted(link for link in links if not foreign(link)),
        "routes": sorted(routes),
        "mounts": sorted(line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()),
        "listeners": sorted(_listeners()),
        "loop devices of ours": sorted(line for line in _output("losetup", "--all").splitlines() if "/.test/" in line),
        "device modes": {
            path.name: oct(path.lstat().st_mode)
            for path in sorted(Path("/dev").iterdir())
            if not ADDED.match(path.name)
        },
        LOOPS: sorted(path.name for path in Path("/dev").iterdir() if ADDED.match(path.name)),
        "packet filter": _packet_filter(),
        "settings": _settings(),
        # All labs of the machine share this one: the last of them restores it; a killed one leaves that to others.
        "inotify instances without labs": inotify.without_labs(),
        GROUPS: sorted(str(path) for path in Path("/sys/fs/cgroup").glob("*/gc??????") if not foreign(str(path))),
        "network namespaces by name": _output("ip", "netns", "list").splitlines(),
    }


def processes_of(checkout: Path) -> list[str]:
    """Return the processes that a checkout's city is made of: rooted in its namespaces or named after its path."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            mounts = (entry / "mountinfo").read_text()
        except OSError:
            continue
        if str(checkout) in command or f"{checkout}/.lab" in mounts:
            found.append(f"{entry.name} {command[:120]}")
    return found


def clock_drift() -> float:
    """Return by how much the wall clock has left the steady one since boot, in seconds, up to a constant."""
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def _listeners() -> Iterator[str]:
    """Yield TCP and UDP sockets that wait for others, as protocol and address; an outgoing UDP socket is none."""
    for protocol in ("tcp", "udp"):
        for line in _output("ss", "--no-header", "--listening", "--numeric", f"--{protocol}").splitlines():
            yield f"{protocol} {line.split()[3]}"


def _settings() -> dict[str, str]:
    """Return all settings of the kernel, with those of forwarding, that may be read and do not move by themselves."""
    found = {}
    for path in SYSCTL.rglob("*"):
        name = str(path.relative_to(SYSCTL))
        if path.is_file() and path.stat().st_mode & 0o444 and not MOVING.fullmatch(name):
            with suppress(OSError):
                found[name] = path.read_text(errors="replace").strip()
    return found


def _packet_filter() -> dict[str, str]:
    """Return tables, chains and rules of nftables as the kernel tells them, and the tables of its predecessor.

    Asked of the kernel itself, for `nft` need not be installed.
    """
    names = (Path("/proc/net") / f"{family}_tables_names" for family in ("ip", "ip6", "arp"))
    found = {name.name: name.read_text() for name in names if name.exists()}
    for what in (GET_TABLES, GET_CHAINS, GET_RULES):
        found[f"nftables {what}"] = _dump(what).hex()
    return found


def _dump(what: int) -> bytes:
    """Ask for everything of one kind over netlink; return the records without their moving headers."""
    found, done, kind = b"", False, NF_TABLES << 8 | what
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as kernel:
        # Length, kind, request for all, sequence, sender; then any family, version, resource.
        kernel.send(struct.pack("=LHHLLBBH", 20, kind, 0x301, 1, 0, socket.AF_UNSPEC, 0, 0))
        kernel.settimeout(5)
        while not done:
            answer = kernel.recv(1 << 20)
            while answer:
                length, reply = struct.unpack_from("=LH", answer)
                if reply in (NLMSG_ERROR, NLMSG_DONE):
                    done = True
                else:
                    # After the record's own header comes the generation of the rules, which every change moves on.
                    found += answer[20:length]
                answer = answer[(length + 3) & ~3 :]
    return found


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
