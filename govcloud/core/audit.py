"""Who did what through the cloud's interfaces: the services' audit records, gathered and chained.

Each API writes a record in CADF's form for every request that changes something (keystonemiddleware's `audit`), and
keystone one for everything that it has changed and for every login that failed.

Whoever gathers them keeps them by department, each line bound to the one before by its digest: a line that is changed,
taken out or put in breaks the chain from there on. Lines cut off at the end break nothing; for that the last digest has
to be kept elsewhere, and every look tells it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from govcloud.core.cache import locked
from govcloud.core.model.base import Model
from govcloud.core.model.environment import Environment
from govcloud.core.workspace import Workspace

_SAID = re.compile(r" (?:oslo\.messaging\.notification\.)?(?:audit\.http\.response|identity\.\S+) ")
# What keystone says of a thing beside its id: the parts of what joins several, as a role does.
_PARTS = ("resource_info", "project", "domain", "user", "group", "role")
_FIRST = "0" * 64
ELSEWHERE = "provider"
"""Where records of projects go that are no department's."""


class Record(Model):
    """One request that was answered."""

    id: str
    at: datetime
    who: str
    user_id: str
    project_id: str
    address: str
    """From where it was asked."""
    action: str
    path: str
    status: str
    """How HTTP answered; keystone's own word where nothing tells of the request: success or failure."""
    service: str

    @property
    def done(self) -> bool:
        """Whether it was carried out."""
        return self.status.startswith("2") or self.status == "success"


@dataclass(frozen=True)
class Chain:
    """One department's records, oldest first, and whether they are as they were written."""

    department: str
    records: tuple[Record, ...] = ()
    digest: str = _FIRST
    broken_at: int = 0
    """The first line that does not follow from the one before; 0 when all do."""


def parse(lines: Iterable[str]) -> Iterator[Record]:
    """Yield the records in a service's log; a line that is cut off, as the last one may be, is read the next time."""
    for line in lines:
        if _SAID.search(line):
            try:
                told = json.loads(line[line.index("{") :])
                event, payload = told["event_type"], told["payload"]
            except (ValueError, KeyError):
                continue
            if event.startswith("identity."):
                yield _record(payload | _of_identity(event, payload))
            elif "reason" in payload:
                yield _record(payload)


def _of_identity(event: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return what keystone's records say in words of their own, in the words of the others."""
    kind = event.split(".")[1]
    parts = "&".join(f"{part}={payload[part]}" for part in _PARTS if payload.get(part))
    return {
        "initiator": payload.get("initiator") or {},
        "requestPath": f"/{kind}?{parts}" if parts else f"/{kind}",
        "reason": {"reasonCode": payload["outcome"]},
        "target": {"name": "keystone"},
    }


def _record(told: Mapping[str, Any]) -> Record:
    who = told["initiator"]
    return Record(
        id=told["id"],
        at=told["eventTime"],
        who=str(who.get("name") or ""),
        user_id=str(who.get("id") or ""),
        project_id=str(who.get("project_id") or ""),
        address=str((who.get("host") or {}).get("address") or ""),
        action=told["action"],
        path=told["requestPath"],
        status=str(told["reason"].get("reasonCode", "")),
        service=str(told["target"].get("name") or ""),
    )


@dataclass(frozen=True)
class Archive:
    """Where an environment's records are kept."""

    workspace: Workspace
    environment: Environment
    projects: Mapping[str, str]
    """Departments by their project's id."""

    @property
    def folder(self) -> Path:
        """One file for each department."""
        return self.workspace.lab / "audit" / self.environment.key

    def gather(self) -> int:
        """Take in what the services have written since the last time; return how many records that were."""
        new = 0
        with locked(self.folder / "lock"):
            kept = {one.id for chain in self.chains() for one in chain.records}
            fresh: dict[str, list[Record]] = {}
            for one in sorted(self._written(), key=lambda one: one.at):
                if one.id not in kept:
                    kept.add(one.id)
                    fresh.setdefault(self.projects.get(one.project_id, ELSEWHERE), []).append(one)
                    new += 1
            for department, records in fresh.items():
                self._append(department, records)
        return new

    def chains(self) -> list[Chain]:
        """Return all departments' records."""
        return [_read(file) for file in sorted(self.folder.glob("*.jsonl"))]

    def _written(self) -> Iterator[Record]:
        for pattern in self.environment.audit_logs:
            for file in sorted(self.workspace.root.glob(pattern)):
                with file.open(encoding="utf-8", errors="replace") as lines:
                    yield from parse(lines)

    def _append(self, department: str, records: list[Record]) -> None:
        file = self.folder / f"{department}.jsonl"
        file.touch(mode=0o600)
        digest = _read(file).digest
        with file.open("r+b") as out:
            # What a killed run has begun to write is no line yet.
            out.truncate(file.read_bytes().rfind(b"\n") + 1)
            out.seek(0, os.SEEK_END)
            for one in records:
                line = json.dumps({"previous": digest, "record": one.model_dump(mode="json")}, ensure_ascii=False)
                out.write(f"{line}\n".encode())
                digest = _digest(line)


def _read(file: Path) -> Chain:
    records: list[Record] = []
    digest, broken = _FIRST, 0
    *lines, _ = file.read_text(encoding="utf-8", errors="replace").split("\n")
    for number, line in enumerate(lines, 1):
        try:
            told = json.loads(line)
            follows = told["previous"] == digest
            records.append(Record.model_validate(told["record"]))
        except (ValueError, KeyError, TypeError):
            follows = False
        broken = broken or (0 if follows else number)
        digest = _digest(line)
    return Chain(file.stem, tuple(records), digest, broken)


def _digest(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()


def concerns(record: Record, thing: str) -> bool:
    """Say whether a request named a thing: by its id, or by all parts of one that joins two things."""
    return set(thing.split("/")) <= set(re.split(r"[/?&=]", record.path))


def last_done(records: Iterable[Record], thing: str) -> Record | None:
    """Return the last request that changed a thing; what was refused has not."""
    done = [one for one in records if one.done and concerns(one, thing)]
    return max(done, key=lambda one: one.at, default=None)
