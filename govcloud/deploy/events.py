"""What an operation of Pulumi did, read from the engine's event log, in which the engine has masked every secret."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from govcloud.core import cache

_STACK = "pulumi:pulumi:Stack"
_ACTS = {"create", "update", "delete", "replace", "create-replacement", "delete-replaced", "import", "discard"}
# What the provider's own logging puts around a message; the message comes a second time without it.
_LOGGED = re.compile(r"^sdk-v2/\S+: ")
_COUNTED = re.compile(r"\b\d+ errors? occurred: \* ")


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


@dataclass(frozen=True)
class Planned:
    """A resource that is about to be created, by its type and by what is asked for."""

    urn: str
    kind: str
    inputs: Mapping[str, Any]


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
    creates: list[Planned] = field(default_factory=list)
    """Those of the steps that create something; what is not known yet has the engine's word for it."""
    takes_over: bool = False
    """Whether something is, or has just been, taken over that was made by somebody else (import)."""
    under_way: dict[str, str] = field(default_factory=dict)
    """What has begun and not ended: by URN, what it is and what is done to it."""

    @property
    def nothing(self) -> bool:
        """Whether it went well and neither a resource nor what the stack tells others changes."""
        return self.ok and not self.changes.total and not self.export_changes

    @property
    def digest(self) -> str:
        """Name exactly these steps, in whatever order they come."""
        return cache.digest(*sorted(self.steps))

    def note(self, event: dict[str, Any]) -> None:
        """Take one event in."""
        if "summaryEvent" in event:
            self.changes = _changes(event["summaryEvent"].get("resourceChanges") or {})
        if step := (event.get("resourcePreEvent") or {}).get("metadata"):
            self._begun(step)
        told = (event.get("resOutputsEvent") or {}).get("metadata") or {}
        if told.get("type") == _STACK:
            self.export_changes = _outputs(told, "old") != _outputs(told, "new")
        ended = told or (event.get("resOpFailedEvent") or {}).get("metadata") or {}
        self.under_way.pop(str(ended.get("urn")), None)
        diagnostic = event.get("diagnosticEvent")
        if diagnostic and diagnostic.get("severity") == "error":
            self._failed(str(diagnostic.get("urn", "")), _in_one_line(str(diagnostic.get("message", ""))))

    def _begun(self, step: dict[str, Any]) -> None:
        urn, operation = str(step.get("urn")), str(step.get("op"))
        self.under_way[urn] = f"{operation} {_what(urn)}"
        if operation in _ACTS:
            inputs = (step.get("new") or {}).get("inputs")
            # What has come by import has its values, without what the provider notes beside them.
            known = (step.get("old") or {}).get("inputs") or {}
            ours = str(step.get("type")).startswith("openstack:")
            self.takes_over |= operation == "import" or (operation == "update" and ours and "__defaults" not in known)
            self.steps.append(f"{operation} {urn} {json.dumps(inputs, sort_keys=True, ensure_ascii=False)}")
            if operation == "create":
                self.creates.append(Planned(urn, str(step.get("type")), inputs or {}))

    def _failed(self, urn: str, message: str) -> None:
        if _LOGGED.match(message):
            return
        error = f"{self.under_way.get(urn) or _what(urn)}: {message}" if urn else message
        if error not in self.errors:
            self.errors.append(error)


def _what(urn: str) -> str:
    """Return a resource's type and name as a reader has them: `networking.Router approval`."""
    _, _, rest = urn.partition("::")
    kinds, _, name = rest.rpartition("::")
    package, _, kind = kinds.rpartition("$")[2].rpartition("::")[2].rpartition(":")
    return f"{package.split(':')[1].partition('/')[0]}.{kind} {name}" if ":" in package else name


def _in_one_line(message: str) -> str:
    """Return a message in one line; of a Python traceback only what was raised."""
    lines = [line for line in message.splitlines() if line.strip()]
    if any(line.startswith("Traceback ") for line in lines):
        raised = [number for number, line in enumerate(lines) if re.match(r"\s*[A-Za-z_.]+(Error|Exception)?: ", line)]
        lines = lines[raised[-1] :] if raised else lines[-1:]
    return _COUNTED.sub("", " ".join(" ".join(lines).split()))


def _outputs(told: dict[str, Any], side: str) -> object:
    return (told.get(side) or {}).get("outputs")


def _changes(by_step: dict[str, int]) -> Changes:
    return Changes(
        create=by_step.get("create", 0) + by_step.get("import", 0),
        update=by_step.get("update", 0),
        replace=by_step.get("replace", 0) or by_step.get("create-replacement", 0),
        delete=by_step.get("delete", 0),
    )
