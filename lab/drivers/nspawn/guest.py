"""One guest: its directory, its processes, starting and stopping it.

Everything that must be known after a restart of nova-compute or a power cut stands in the directory; whether the guest
runs is asked of the kernel each time.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.drivers.nspawn.cgroups import Cgroups
from lab.drivers.nspawn.commands import GuestError, run

RUNNER = Path(__file__).with_name("runner.sh")
DROPPED = (
    "CAP_SYS_TIME",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_MKNOD",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_MAC_ADMIN",
    "CAP_AUDIT_CONTROL",
)
POWER_OFF = signal.SIGRTMIN + 4  # what systemd as a container's first process takes as "power off"
CONSOLE_BYTES = 100 * 1024
# How long a guest may take to end once it was killed.
END_SECONDS = 10.0


@dataclass(frozen=True)
class Identity:
    """What makes a container this server."""

    uuid: str
    name: str
    hostname: str
    memory_mib: int
    cpus: int


class Guest:
    """A guest in its directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    # ------------------------------------------------------------------ what is written down

    @property
    def uuid(self) -> str:
        """The server's UUID is the directory's name."""
        return self.directory.name

    @property
    def exists(self) -> bool:
        """Whether the guest is on this node."""
        return (self.directory / "guest.json").exists()

    @property
    def root(self) -> Path:
        """The guest's root file system, when mounted."""
        return self.directory / "root"

    @property
    def identity(self) -> Identity:
        """Read who the guest is."""
        return Identity(**json.loads((self.directory / "guest.json").read_text()))

    def write_identity(self, identity: Identity) -> None:
        """Make the directory this guest's; a flavor that changed is taken over at the next start."""
        self.directory.mkdir(parents=True, exist_ok=True)
        write(self.directory / "guest.json", json.dumps(asdict(identity)))

    @property
    def cgroups(self) -> Cgroups:
        """The guest's cgroups."""
        return Cgroups(self.identity.name)

    def write_arguments(self, binds: Sequence[str]) -> None:
        """Write what systemd-nspawn is started with; `binds` are the volumes as `node:device`."""
        who = self.identity
        lines = [
            "--quiet",
            "--boot",
            "--register=no",
            "--keep-unit",
            f"--machine={who.name}",
            f"--hostname={who.hostname}",
            f"--uuid={who.uuid}",
            f"--network-namespace-path=/run/netns/{who.name}",
            # With `pipe` the console log stays empty.
            "--console=read-only",
            "--capability=all",
            f"--drop-capability={','.join(DROPPED)}",
            "--resolv-conf=off",
            "--timezone=off",
            "--link-journal=no",
            "--bind=/dev/net/tun",
            *(f"--bind={bind}" for bind in binds),
        ]
        write(self.directory / "arguments", "\n".join(lines) + "\n")

    # ------------------------------------------------------------------ what the kernel knows

    @property
    def runner(self) -> int:
        """The process id of the runner, 0 when the guest is off; a stale file of a lost lab does not count."""
        try:
            pid = int((self.directory / "pid").read_text())
        except (OSError, ValueError):
            return 0
        return pid if self._is_runner(pid) else 0

    def _is_runner(self, pid: int) -> bool:
        """Whether a process is this guest's runner; one that has ended is not, even if nobody has asked for its end."""
        try:
            return self.uuid.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False

    @property
    def leader(self) -> int:
        """The guest's first process as the lab sees it, 0 when there is none."""
        for nspawn in children(self.runner):
            for process in children(nspawn):
                with suppress(OSError):
                    if re.search(r"^NSpid:.*\t1$", Path(f"/proc/{process}/status").read_text(), re.MULTILINE):
                        return process
        return 0

    @property
    def console(self) -> bytes:
        """The end of the console log."""
        log = self.directory / "console.log"
        if not log.exists():
            return b""
        with log.open("rb") as data:
            data.seek(max(0, log.stat().st_size - CONSOLE_BYTES))
            return data.read()

    # ------------------------------------------------------------------ acts

    def start(self, loops: Sequence[int]) -> None:
        """Start the guest, whose root is mounted and whose arguments are written."""
        if self.runner:
            return
        who = self.identity
        procs = self.cgroups.create(who.memory_mib, who.cpus, loops)
        write(self.directory / "cgroups", "".join(f"{path}\n" for path in procs))
        for leftover in ("stop", "pid", "ended"):
            (self.directory / leftover).unlink(missing_ok=True)
        errors = self.directory / "runner.log"
        with errors.open("ab") as log:
            subprocess.run(
                ["setsid", "--fork", "sh", str(RUNNER), self.uuid],
                check=True,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        if not wait_until(lambda: self.leader > 0, seconds=20, while_true=lambda: self._starting):
            text = (errors.read_bytes() + self.console)[-400:].decode(errors="replace")
            raise GuestError(f"the guest {who.hostname} did not start: {text}")

    def stop(self, grace: float = 0) -> None:
        """Power the guest off: by its own systemd within `grace` seconds, else at once."""
        runner = self.runner
        if not runner:
            return
        write(self.directory / "stop", "")
        self.cgroups.freeze(frozen=False)
        end = time.monotonic() + grace
        while time.monotonic() < end:
            # Again each second: a systemd that has only just started does not listen yet.
            _signal([self.leader], POWER_OFF)
            if wait_until(lambda: not self._is_runner(runner), seconds=1):
                return
        end = time.monotonic() + END_SECONDS
        while time.monotonic() < end:
            leader = self.leader
            if leader:
                _signal([leader], signal.SIGKILL)
            elif time.monotonic() > end - END_SECONDS / 2:
                # nspawn was to make a first process, or to clear up behind one, and has not. Never the runner: what it
                # has just started would go on without it, and hold the guest's files against its next start.
                _signal(children(runner), signal.SIGKILL)
            if wait_until(lambda: not self._is_runner(runner), seconds=0.1):
                return
        raise GuestError(f"the guest {self.identity.hostname} does not end")

    def inside(self, *command: str) -> str:
        """Run a command in the running guest."""
        return run("nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "-r", "-w", *command)

    @property
    def _starting(self) -> bool:
        """Whether a start is still under way: the runner writes a last word when it ends."""
        return not (self.directory / "ended").exists()


def children(pid: int) -> list[int]:
    """Return the child processes of a process; none of process 0."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _signal(processes: Sequence[int], number: int) -> None:
    """Send a signal to processes that may have ended; to process 0, which stands for the sender's own group, never."""
    for process in filter(None, processes):
        with suppress(ProcessLookupError):
            os.kill(process, number)


def wait_until(condition: Callable[[], bool], *, seconds: float, while_true: Callable[[], bool] = lambda: True) -> bool:
    """Wait for a condition; give up after the time or when `while_true` no longer holds. Return whether it came."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end or not while_true():
            return condition()
        time.sleep(0.03)
    return True


def write(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file whole; a link in its place is replaced, not followed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        os.fchmod(descriptor, mode)
        handle.write(text)
    part.replace(path)
