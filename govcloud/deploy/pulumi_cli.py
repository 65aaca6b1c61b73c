"""Running the `pulumi` command, nothing else.

What an operation did is read from the engine's event log, in which the engine itself has masked every secret. The
command gets no OpenStack user, password or token from the caller's environment: the provider would silently prefer
them.
"""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from govcloud.core import cache
from govcloud.core.environment import variables
from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.language import tr
from govcloud.core.model.units import PROJECT
from govcloud.core.workspace import Workspace

_STACK = "pulumi:pulumi:Stack"
_ACTS = {"create", "update", "delete", "replace", "create-replacement", "delete-replaced", "import", "discard"}


@dataclass(frozen=True, kw_only=True)
class Changes:
    """How many resources an operation would change, or changed."""

    create: int = 0
    update: int = 0
    replace: int = 0
    delete: int = 0

    @property
    def total(self) -> int:
        """Return the number of all changes."""
        return self.create + self.update + self.replace + self.delete


@dataclass
class Outcome:
    """How one operation ended."""

    ok: bool
    changes: Changes = field(default_factory=Changes)
    export_changes: bool = False
    """Whether what the stack tells others changes, which may happen without any resource changing."""
    errors: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    """What is or would be done to which resource with which inputs, one line each; secrets are masked by the engine."""

    @property
    def digest(self) -> str:
        """Name exactly these steps, in whatever order they come."""
        return cache.digest(*sorted(self.steps))


@dataclass(frozen=True)
class Pulumi:
    """The command, for one checkout."""

    workspace: Workspace

    def environment(self) -> dict[str, str]:
        """Return the environment that the command and its plugins get."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("OS_")}
        # Makes `--event-log` known, as Pulumi's own automation interface does.
        return {**kept, **variables(self.workspace), "PULUMI_DEBUG_COMMANDS": "true"}

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
                for event in events.until_end_of(process):
                    _note(event, outcome)
            outcome.ok = process.returncode == 0
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
        """Return the file with a stack's state."""
        return self.workspace.pulumi_backend / ".pulumi" / "stacks" / PROJECT / f"{stack}.json"

    def locks(self, stack: str) -> Path:
        """Return the folder of a stack's locks."""
        return self.workspace.pulumi_backend / ".pulumi" / "locks" / "organization" / PROJECT / stack


class _Events:
    """The reading end of the engine's event log."""

    def __init__(self, pipe: Path) -> None:
        self._descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        # With a writer of our own the pipe does not look ended before the engine has opened it.
        self._writer = os.open(pipe, os.O_WRONLY)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._writer)
        os.close(self._descriptor)

    def until_end_of(self, process: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
        """Yield the events as they come, until the process has ended and all are read."""
        rest = b""
        while True:
            ended = process.poll() is not None
            while select.select([self._descriptor], [], [], 0 if ended else 0.2)[0]:
                rest += os.read(self._descriptor, 1 << 16)
                *whole, rest = rest.split(b"\n")
                yield from (json.loads(line) for line in whole if line.strip())
            if ended:
                return


def _note(event: dict[str, Any], outcome: Outcome) -> None:
    if "summaryEvent" in event:
        outcome.changes = _changes(event["summaryEvent"].get("resourceChanges") or {})
    step = (event.get("resourcePreEvent") or {}).get("metadata") or {}
    if step.get("op") in _ACTS:
        inputs = json.dumps((step.get("new") or {}).get("inputs"), sort_keys=True, ensure_ascii=False)
        outcome.steps.append(f"{step['op']} {step['urn']} {inputs}")
    told = (event.get("resOutputsEvent") or {}).get("metadata") or {}
    if told.get("type") == _STACK:
        outcome.export_changes = _outputs(told, "old") != _outputs(told, "new")
    diagnostic = event.get("diagnosticEvent")
    if diagnostic and diagnostic.get("severity") == "error":
        resource = str(diagnostic.get("urn", "")).rpartition("::")[2]
        message = _without_traceback(str(diagnostic.get("message", "")))
        outcome.errors.append(f"{resource}: {message}" if resource else message)


def _without_traceback(message: str) -> str:
    """Return a message in one line; of a Python traceback only what was raised."""
    lines = [line for line in message.splitlines() if line.strip()]
    if any(line.startswith("Traceback ") for line in lines):
        raised = [number for number, line in enumerate(lines) if re.match(r"\s*[A-Za-z_.]+(Error|Exception)?: ", line)]
        lines = lines[raised[-1] :] if raised else lines[-1:]
    return " ".join(" ".join(lines).split())


def _outputs(told: dict[str, Any], side: str) -> object:
    return (told.get(side) or {}).get("outputs")


def _changes(by_step: dict[str, int]) -> Changes:
    return Changes(
        create=by_step.get("create", 0) + by_step.get("import", 0),
        update=by_step.get("update", 0),
        replace=by_step.get("replace", 0) or by_step.get("create-replacement", 0),
        delete=by_step.get("delete", 0),
    )
