"""What the machine must offer, looked at before anything starts; every fault at once, each with its remedy."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.workspace import Workspace
from lab import namespace

# Measured: services 3.8 GiB, the whole city's 41 guests 1 GiB, and room for a restart of everything at once.
NEEDED_MIB = 6500
NEEDED_DISK_MIB = 6000


def check(workspace: Workspace) -> None:
    """Refuse to go on where something is missing."""
    faults = [
        fault for look in (_root, _tools, _loop, _kernel, _disk(workspace), _memory(workspace)) for fault in look()
    ]
    if faults:
        raise GovcloudError(*faults, status=Exit.SAFETY_RULE)


def _root() -> list[str]:
    if os.geteuid() == 0:
        return []
    return ["user: the lab makes namespaces, mounts and links, which only root may. Fix: run as root"]


def _tools() -> list[str]:
    wanted = {"mmdebstrap": "mmdebstrap", "ip": "iproute2", "unshare": "util-linux", "nsenter": "util-linux"}
    return [
        f"{tool}: not found. Fix: apt-get install {package}"
        for tool, package in wanted.items()
        if not shutil.which(tool)
    ]


def _loop() -> list[str]:
    if Path("/dev/loop-control").exists():
        return []
    return ["/dev/loop-control: missing; volumes are loop devices. Fix: modprobe loop"]


def _kernel() -> list[str]:
    """Try each feature for real, in namespaces that end with the try."""
    tries = {
        "overlayfs": ("mount -t overlay overlay -o lowerdir=l,upperdir=u,workdir=w m", "modprobe overlay"),
        "veth links": ("ip link add v0 type veth peer name v1", "modprobe veth"),
        "tun devices": ("test -c /dev/net/tun || mknod t c 10 200", "modprobe tun"),
    }
    faults = []
    with tempfile.TemporaryDirectory() as directory:
        for feature, (script, remedy) in tries.items():
            command = ["unshare", "--mount", "--net", "--pid", "--fork", "sh", "-euc", f"mkdir -p l u w m; {script}"]
            done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
            if done.returncode:
                reason = (done.stderr or done.stdout).strip().splitlines()[-1:]
                faults.append(f"kernel: no {feature} ({' '.join(reason)}). Fix: {remedy}, or a kernel that has it")
    return faults


def _disk(workspace: Workspace) -> Callable[[], list[str]]:
    def look() -> list[str]:
        free = shutil.disk_usage(workspace.root).free >> 20
        if free >= NEEDED_DISK_MIB:
            return []
        return [f"{workspace.root}: {free} MiB free, the lab takes {NEEDED_DISK_MIB} MiB. Fix: free some disk"]

    return look


def _memory(workspace: Workspace) -> Callable[[], list[str]]:
    def look() -> list[str]:
        if namespace.holder(workspace):
            return []
        available = available_mib()
        if available >= NEEDED_MIB:
            return []
        message = (
            f"memory: {available} MiB available, a lab takes up to {NEEDED_MIB} MiB."
            " Fix: `make down` in another checkout, or a larger machine"
        )
        return [message]

    return look


def available_mib() -> int:
    """Return the memory that the kernel says can be had without swapping."""
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) >> 10
    return 0
