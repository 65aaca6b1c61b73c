"""Stops the lab, keeping its state; and removes it, saying what was removed."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.model.units import PROJECT
from govcloud.core.progress import Phases
from govcloud.core.workspace import Workspace
from lab import identity, inotify, loops, namespace
from lab.supervisor import Supervisor


def stop(workspace: Workspace, phases: Phases) -> None:
    """Stop services, then guests, then the namespaces. Servers stay ACTIVE and come back with the next start."""
    _leave(workspace)
    if namespace.holder(workspace):
        with phases.phase("services stop"):
            _stop_services(workspace)
        with phases.phase("guests stop"):
            _stop_guests(workspace, phases)
        with contextlib.suppress(OSError):
            Supervisor(workspace).stop("mariadb")
    _end(workspace, phases)


def _leave(workspace: Workspace) -> None:
    """Let nobody count on the lab any more."""
    (workspace.lab / "ready").unlink(missing_ok=True)
    _end_shared_connections(workspace)


def _end(workspace: Workspace, phases: Phases) -> None:
    """End at once whatever runs, and give back to the machine what it lent."""
    who = identity.load(workspace)
    if who is None:
        return
    if namespace.holder(workspace):
        with phases.phase("namespaces end"):
            namespace.stop(workspace)
    namespace.wait_for_no_cgroups(who)
    loops.remove_left(workspace.lab / "state" / "cinder" / "volumes")
    if inotify.restore_limit(who.lab_id):
        phases.note("fs.inotify.max_user_instances restored")


def clean(workspace: Workspace, phases: Phases) -> list[str]:
    """Remove everything that this checkout made outside git; return what was removed.

    Nothing is shut down in order: what it would write to its disks goes with them.
    Refuses (exit 4) while it keeps the state of what stands in another cloud, which would never be found again.
    """
    foreign = _states_of_other_clouds(workspace)
    if foreign:
        fix = "destroy what it stands for (govcloud deploy UNIT --env NAME --destroy), or move it to a safe place"
        told = (f"{one}: the state of what stands in another cloud. Fix: {fix}" for one in foreign)
        raise GovcloudError(*told, status=Exit.SAFETY_RULE)
    who = identity.load(workspace)
    removed: list[str] = []
    if namespace.holder(workspace):
        removed.append(f"lab {who.lab_id if who else ''}: its processes, mounts, namespaces and link")
    _leave(workspace)
    _end(workspace, phases)
    for path in (workspace.lab, workspace.root / "build"):
        if path.exists():
            removed.append(f"{path} ({_size_mib(path)} MiB)")
            _remove(path)
    # Settings of stacks are encrypted with this lab's passphrase, which is gone now.
    for path in (workspace.root / "stacks" / "settings").glob("Pulumi.lab-*.yaml"):
        removed.append(str(path))
        path.unlink()
    return removed


def _states_of_other_clouds(workspace: Workspace) -> list[Path]:
    """Return the states of stacks that are not the lab's and are not empty; one that cannot be read is not."""
    files = (workspace.pulumi_backend / ".pulumi" / "stacks" / PROJECT).glob("*.json")
    return sorted(one for one in files if not one.name.startswith("lab-") and _holds_something(one))


def _holds_something(state: Path) -> bool:
    try:
        latest = json.loads(state.read_text(encoding="utf-8"))["checkpoint"]["latest"] or {}
    except (ValueError, KeyError, TypeError):
        return True
    return bool(latest.get("resources") or latest.get("pending_operations"))


def _remove(path: Path) -> None:
    try:
        shutil.rmtree(path)
    except OSError as error:
        message = (
            f"{error.filename or path}: {error.strerror}. Fix: end the command that still works there, run this again"
        )
        raise GovcloudError(message, status=Exit.SAFETY_RULE) from None


def _end_shared_connections(workspace: Workspace) -> None:
    """End the ssh connections to bastions that commands left open for the next one."""
    for socket in (workspace.lab / "ssh").glob("*"):
        command = ["ssh", "-O", "exit", "-o", f"ControlPath={socket}", "bastion"]
        subprocess.run(command, capture_output=True, check=False)


def _stop_services(workspace: Workspace) -> None:
    """End together, for none of them needs another in order to end, all but what guests need in order to shut down.

    Their network is among that: a database waits at its end for the standby that follows it.
    """
    last = ("mariadb", "libvirtd", "ovn-", "ovsdb-", "vswitchd-")
    names = [process.name for process in Supervisor(workspace).processes() if not process.name.startswith(last)]
    with ThreadPoolExecutor(max_workers=16) as pool:
        list(pool.map(lambda name: Supervisor(workspace).stop(name), names))


def _stop_guests(workspace: Workspace, phases: Phases) -> None:
    script = "cd / && GOVCLOUD_LAB_ID=$(hostname) PYTHONPATH=/code exec python -m lab.drivers.stop_guests"
    done = namespace.run_inside(workspace, ["/bin/sh", "-c", script], timeout=120)
    if done.returncode:
        # What would not end is ended with the namespaces; its disk is as after a power cut.
        phases.note(f"guests did not all shut down: {done.stderr.strip()[-300:]}")


def _size_mib(path: Path) -> int:
    done = subprocess.run(
        ["du", "--summarize", "--block-size=1M", str(path)], capture_output=True, text=True, check=False
    )
    return int(done.stdout.split()[0]) if done.stdout else 0
