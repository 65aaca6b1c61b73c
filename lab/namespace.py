"""The lab's one set of namespaces, seen from the machine: start it, step into it, end it.

Everything of the lab is a descendant of one process, the holder. When that ends, however it ends, the kernel takes
every process, mount, network namespace and link of the lab with it; only empty control groups stay (removed here).
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.files import write_atomically
from govcloud.core.workspace import Workspace
from lab.identity import PROVINCE, PROVINCE_GATEWAY, Identity
from lab.rootfs import Foundations

CODE = Path(__file__).parent
CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Holder:
    """The process that holds the namespaces (`unshare`) and the first process inside, by pid and start time."""

    outer: int
    outer_started: int
    inner: int

    @property
    def alive(self) -> bool:
        """Whether it still runs; a reused pid has another start time."""
        return _started(self.outer) == self.outer_started and _started(self.inner) is not None


def holder(workspace: Workspace) -> Holder | None:
    """Return the running lab of a checkout, or None."""
    try:
        found = Holder(**json.loads(_file(workspace).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return found if found.alive else None


def start(workspace: Workspace, identity: Identity, foundations: Foundations) -> Holder:
    """Start the namespaces with their supervisor; nothing is supervised yet."""
    state = workspace.lab / "state"
    (state / "log").mkdir(parents=True, exist_ok=True)
    wait_for_no_cgroups(identity)
    environment = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "LAB_ID": identity.lab_id,
        "ROOT": str(foundations.root),
        "OPENSTACK": str(foundations.openstack),
        "STATE": str(state),
        "CODE": str(CODE),
        "LINK_ADDRESS": identity.lab_address,
        "LINK_ADDRESS6": identity.lab_address6,
        "EXTERNAL_GATEWAY": identity.floating_gateway,
        "EXTERNAL_GATEWAY6": identity.floating6_gateway,
        "MIRROR_ADDRESS": identity.mirror_address,
        "PROVINCE_GATEWAY": PROVINCE_GATEWAY,
        "PROVINCE_ADDRESS": PROVINCE,
        "MACHINE_PID": str(os.getpid()),
    }
    namespaces = ["unshare", "--pid", "--fork", "--mount", "--net", "--uts", "--ipc", "--propagation", "private"]
    with (state / "log" / "init.log").open("ab") as log:
        outer = subprocess.Popen(
            [*namespaces, "--kill-child=KILL", "/bin/sh", str(CODE / "init.sh")],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
        )
    inner = _wait_for_child(outer, state / "log" / "init.log")
    found = Holder(outer.pid, _started(outer.pid) or 0, inner)
    write_atomically(_file(workspace), json.dumps(asdict(found)))
    _link(identity, inner)
    return found


def run_inside(
    workspace: Workspace, command: Sequence[str], *, stdin: str | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run a command inside the lab and return its output; a lab that does not run is the operator's to start."""
    return subprocess.run(
        [*_enter(workspace), *command], input=stdin or "", capture_output=True, text=True, check=False, timeout=timeout
    )


def inside_path(workspace: Workspace, path: str) -> Path:
    """Return a short path by which the machine reaches a file of the lab's own root, sockets included."""
    return Path(f"/proc/{_running(workspace).inner}/root{path}")


def stop(workspace: Workspace) -> None:
    """End the namespaces at once, whatever still runs inside."""
    found = holder(workspace)
    if found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(found.outer, signal.SIGKILL)
        _wait_for_end(found.inner)
    _file(workspace).unlink(missing_ok=True)


def remove_cgroups(identity: Identity) -> list[Path]:
    """Remove the empty control groups that a killed lab leaves; return the tops of those that are not empty."""
    tops = [controller / identity.lab_id for controller in (CGROUPS, *CGROUPS.iterdir())]
    for top in tops:
        for directory, _, _ in os.walk(top, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(directory)  # noqa: PTH106 - a control group is no ordinary directory
    return [top for top in tops if top.is_dir()]


def wait_for_no_cgroups(identity: Identity, seconds: float = 60) -> None:
    """After a power cut the kernel needs its time to end all guests; until then their groups are in use."""
    deadline = time.monotonic() + seconds
    while remove_cgroups(identity):
        if time.monotonic() > deadline:
            message = f"control groups of {identity.lab_id} still hold processes. Fix: end them, run this again"
            raise GovcloudError(message, status=Exit.COULD_NOT_CHECK)
        time.sleep(0.2)


def _file(workspace: Workspace) -> Path:
    return workspace.lab / "holder.json"


def _running(workspace: Workspace) -> Holder:
    found = holder(workspace)
    if not found:
        raise GovcloudError("the lab does not run. Fix: make up", status=Exit.COULD_NOT_CHECK)
    return found


def _enter(workspace: Workspace) -> list[str]:
    target = str(_running(workspace).inner)
    path = "PATH=/opt/openstack/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    namespaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd"]
    return ["nsenter", "--target", target, *namespaces, "env", "-i", path, "HOME=/state", "LANG=C.UTF-8"]


def _link(identity: Identity, inner: int) -> None:
    """Join machine and lab by one veth; the kernel removes it, and its routes, with the lab."""
    commands = [
        f"link add {identity.link} type veth peer name eth0 netns {inner}",
        f"address add {identity.machine_address}/30 dev {identity.link}",
        f"-6 address add {identity.machine_address6}/64 dev {identity.link} nodad",
        f"link set {identity.link} up",
        f"route add {identity.floating} via {identity.lab_address} dev {identity.link}",
        f"-6 route add {identity.floating6} via {identity.lab_address6} dev {identity.link}",
    ]
    for command in commands:
        done = subprocess.run(["ip", *command.split()], capture_output=True, text=True, check=False)
        if done.returncode:
            raise GovcloudError(f"ip {command}: {done.stderr.strip()}", status=Exit.COULD_NOT_CHECK)


def _wait_for_child(outer: subprocess.Popen[bytes], log: Path, seconds: float = 10) -> int:
    children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children")
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and outer.poll() is None:
        found = children.read_text(encoding="ascii").split()
        # Between fork and exec the child is still in the making: its own /proc entry tells its network namespace.
        if found and Path(f"/proc/{found[0]}/ns/net").readlink() != Path("/proc/self/ns/net").readlink():
            return int(found[0])
        time.sleep(0.02)
    tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    raise GovcloudError(f"the lab's namespaces did not start:\n{tail}", status=Exit.COULD_NOT_CHECK)


def _wait_for_end(pid: int, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)


def _started(pid: int) -> int | None:
    """Return a process's start time in clock ticks, or None when there is none (a zombie counts as none)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except (OSError, UnicodeDecodeError):
        return None
    return None if fields[0] == "Z" else int(fields[19])
