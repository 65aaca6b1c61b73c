"""Running the `pulumi` command, nothing else.

The command gets no OpenStack user, password or token from the caller's environment: the provider would silently prefer
them. And it is stopped when it says nothing for longer than anything of ours may take: the provider waits without end
for a service that takes a call and never answers.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from govcloud.core.environment import patience, variables
from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.language import tr
from govcloud.core.model.units import PROJECT
from govcloud.core.workspace import Workspace
from govcloud.deploy import database
from govcloud.deploy.events import Outcome
from govcloud.deploy.locks import Lock, noted

# How many commands run side by side.
AT_ONCE = 4
# Longer than the longest of the provider's own limits, which is a server's 30 minutes.
_SILENCE_SECONDS = 2400
# How long Pulumi gets to end in order after each signal.
_GRACE_SECONDS = 5


@dataclass(frozen=True)
class Pulumi:
    """The command, for one checkout."""

    workspace: Workspace
    state_backend: str | None = None
    """The database that keeps the states; the checkout's folder when there is none."""

    def environment(self) -> dict[str, str]:
        """Return the environment that the command and its plugins get."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("OS_")}
        # Its programs live for seconds, and have room for what a tenth of their work would be to collect.
        quick = {"GOGC": "400"}
        # Makes `--event-log` known, as Pulumi's own automation interface does.
        return {**quick, **kept, **variables(self.workspace, self.state_backend), "PULUMI_DEBUG_COMMANDS": "true"}

    def stacks(self) -> set[str]:
        """Return the names of the stacks that exist."""
        self.workspace.pulumi_backend.mkdir(parents=True, exist_ok=True)
        listed = json.loads(self.text("stack", "ls", "--json"))
        return {str(one["name"]).rpartition("/")[2] for one in listed}

    def text(self, *arguments: str, given: str = "") -> str:
        """Run a short command and return what it prints; `given` goes to its input, never to its arguments."""
        done = subprocess.run(
            self._command(*arguments),
            cwd=self.workspace.root,
            env=self.environment(),
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            reason = " ".join((done.stderr or done.stdout).split())
            raise GovcloudError(
                tr("pulumi {verb} failed: {reason}", verb=" ".join(arguments[:2]), reason=reason),
                status=Exit.COULD_NOT_CHECK,
            )
        return done.stdout

    def operate(self, verb: str, stack: str, *options: str) -> Outcome:
        """Run `preview`, `up`, `refresh` or `destroy` on a stack."""
        outcome = Outcome(ok=False)
        with tempfile.TemporaryDirectory(prefix="govcloud-events-") as folder, tempfile.TemporaryFile("w+") as printed:
            # A pipe, not a file: the engine's debugging goes through it and must not stay on a disk.
            pipe = Path(folder) / "events"
            os.mkfifo(pipe, 0o600)
            with _Events(pipe) as events:
                process = subprocess.Popen(
                    self._command(verb, "--stack", stack, "--event-log", str(pipe), "--color", "never", *options),
                    cwd=self.workspace.root,
                    env=self.environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=printed,
                    stderr=subprocess.STDOUT,
                )
                with noted(self.workspace, process.pid):
                    for event in events.until_end_of(process):
                        outcome.note(event)
            outcome.ok = process.returncode == 0
            if events.stopped_after:
                doing = "; ".join(outcome.under_way.values()) or verb
                outcome.errors.insert(0, f"stopped, for nothing was heard for {events.stopped_after} s of: {doing}")
            if not outcome.ok and not outcome.errors:
                printed.seek(0)
                outcome.errors = [line.strip() for line in printed if line.strip()][-5:]
        return outcome

    def _command(self, *arguments: str) -> list[str]:
        found = shutil.which("pulumi", path=self.environment()["PATH"])
        if found is None:
            raise GovcloudError(tr("pulumi is not there. Fix: make up, or install pulumi"), status=Exit.COULD_NOT_CHECK)
        return [found, *arguments, "--non-interactive"]

    def settings(self, stack: str) -> Path:
        """Return the file with a stack's settings."""
        return self.workspace.root / "stacks" / "settings" / f"Pulumi.{stack}.yaml"

    def state(self, stack: str) -> Path:
        """Return the file with a stack's state, where states are files."""
        return self.workspace.pulumi_backend / ".pulumi" / "stacks" / PROJECT / f"{stack}.json"

    def locks(self, stack: str) -> list[Lock]:
        """Return the locks on a stack."""
        folder = f".pulumi/locks/organization/{PROJECT}/{stack}/"
        if self.state_backend:
            found = database.read(self.state_backend, self.environment(), folder)
            return [Lock(key, text) for key, text in found.items()]
        files = sorted((self.workspace.pulumi_backend / folder).glob("*.json"))
        # One that went between the look and the reading is none.
        return [Lock(str(file), text) for file in files if (text := _text(file))]

    def unlock(self, lock: Lock) -> None:
        """Take one lock away."""
        if self.state_backend:
            database.remove(self.state_backend, self.environment(), lock.key)
        else:
            Path(lock.key).unlink(missing_ok=True)


class _Events:
    """The reading end of the engine's event log."""

    def __init__(self, pipe: Path) -> None:
        self._descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        # With a writer of our own the pipe does not look ended before the engine has opened it.
        self._writer = os.open(pipe, os.O_WRONLY)
        self.stopped_after = 0
        """How long nothing had been heard when the process was stopped; 0 when it was not."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._writer)
        os.close(self._descriptor)

    def until_end_of(self, process: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
        """Yield the events as they come, until the process has ended and all are read."""
        rest = b""
        limit = patience(_SILENCE_SECONDS)
        # The first signal asks Pulumi to end what is under way, the second to leave it.
        signals = [signal.SIGINT, signal.SIGINT, signal.SIGKILL]
        deadline = time.monotonic() + limit
        while True:
            ended = process.poll() is not None
            while select.select([self._descriptor], [], [], 0 if ended else 0.2)[0]:
                rest += os.read(self._descriptor, 1 << 16)
                *whole, rest = rest.split(b"\n")
                yield from (json.loads(line) for line in whole if line.strip())
                if not self.stopped_after:
                    deadline = time.monotonic() + limit
            if ended:
                return
            if time.monotonic() > deadline and signals:
                process.send_signal(signals.pop(0))
                self.stopped_after, deadline = limit, time.monotonic() + _GRACE_SECONDS


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        return ""
