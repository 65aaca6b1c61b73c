"""A machine as it looks from outside the lab: taken before a city is made and after it was removed, and compared."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from pathlib import Path
from typing import Any

from lab import inotify

# Loop devices that kernels make on demand: those that others left may go with ours, new ones may not stay.
LOOPS = "added loop devices"
# A killed lab of the same path leaves its groups, which the next one takes over and removes.
GROUPS = "control groups"
ADDED = re.compile(r"loop([89]|\d\d+)$")
SYSCTLS = ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding", "kernel/hostname")


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
        "settings": {name: (Path("/proc/sys") / name).read_text().strip() for name in SYSCTLS},
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


def _listeners() -> set[str]:
    """Return local TCP and UDP listeners that are not of short life, as protocol and address."""
    found = set()
    for line in _output("ss", "--no-header", "--listening", "--tcp").splitlines():
        found.add(line.split()[3])
    return found


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
