"""What runs in the lab: up or down, memory, since when, last error."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from govcloud.core.workspace import Workspace
from lab import namespace
from lab.services import SERVICES
from lab.supervisor import Process, Supervisor


class ServiceStatus(BaseModel):
    """One service. `memory_mib` counts the process and its children, shared pages once (PSS)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    up: bool
    memory_mib: int
    since: str | None
    last_error: str


class LabStatus(BaseModel):
    """The whole lab."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    services: list[ServiceStatus]
    guests: int


def look(workspace: Workspace) -> LabStatus:
    """Return the state of every service and the number of running guests; a stopped lab has all services down."""
    if namespace.holder(workspace) is None:
        down = [ServiceStatus(name=one.name, up=False, memory_mib=0, since=None, last_error="") for one in SERVICES]
        return LabStatus(services=down, guests=0)
    logs = workspace.lab / "state" / "log"
    inner_to_outer = _pids(workspace)
    children = _children()
    services = [_status(one, inner_to_outer.get(one.pid), children, logs) for one in Supervisor(workspace).processes()]
    return LabStatus(services=services, guests=_guests(workspace))


def _status(process: Process, pid: int | None, children: dict[int, list[int]], logs: Path) -> ServiceStatus:
    since = dt.datetime.fromtimestamp(process.since, dt.UTC).isoformat() if process.since else None
    return ServiceStatus(
        name=process.name,
        up=process.running,
        memory_mib=_memory_kib(pid, children) >> 10 if pid else 0,
        since=since,
        last_error=process.last_error or _last_error(logs / f"{process.name}.log"),
    )


def _last_error(log: Path, tail: int = 65536) -> str:
    """Return the newest line of a service's log that reports an error."""
    if not log.is_file():
        return ""
    with log.open("rb") as handle:
        handle.seek(max(0, log.stat().st_size - tail))
        lines = handle.read().decode(errors="replace").splitlines()
    return next((line[:300] for line in reversed(lines) if " ERROR " in line or " CRITICAL " in line), "")


def _pids(workspace: Workspace) -> dict[int, int]:
    """Map pids inside the lab to pids of the machine."""
    found = namespace.holder(workspace)
    if not found:
        return {}
    own = (Path(f"/proc/{found.inner}/ns/pid")).readlink()
    mapping = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if (entry / "ns/pid").readlink() != own:
                continue
            line = next(one for one in (entry / "status").read_text().splitlines() if one.startswith("NSpid:"))
        except (OSError, StopIteration):
            continue
        mapping[int(line.split()[-1])] = int(entry.name)
    return mapping


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
            found.setdefault(parent, []).append(int(entry.name))
    return found


def _memory_kib(pid: int, children: dict[int, list[int]]) -> int:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        own = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return 0
    return own + sum(_memory_kib(child, children) for child in children.get(pid, ()))


def _guests(workspace: Workspace) -> int:
    """Count running guests: each has a control group of its own with processes in it."""
    count = (
        "found=0; for group in /sys/fs/cgroup/pids/$(hostname)/guests/* /sys/fs/cgroup/$(hostname)/guests/*; do"
        ' if grep -qs . "$group/cgroup.procs" || grep -qs . "$group"/*/cgroup.procs; then found=$((found + 1)); fi;'
        " done; echo $found"
    )
    return int(namespace.run_inside(workspace, ["/bin/sh", "-c", count]).stdout.strip() or 0)
