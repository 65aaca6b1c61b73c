"""What an interrupted update leaves in the cloud and no state knows, found and removed before the next one.

Created once more it would stand there twice, or be refused because it exists. It is looked for by label and name: what
is about to be created and is there already. Pulumi's own notes of what it was creating name it after a kill, but not
when the cloud carried a request out and its answer was lost.

An orphan is removed when Pulumi has noted it, or when it was made by an update that did not end well: whatever would
depend on it was never asked for, so nothing uses it, and the next update makes it anew. Anything older that bears our
name is not touched, and nothing is made beside it: it may hold data of a city whose state was lost.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from keystoneauth1.exceptions.base import ClientException
from openstack.connection import Connection
from openstack.exceptions import SDKException

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.language import tr
from govcloud.core.model.environment import Environment
from govcloud.core.model.units import Unit
from govcloud.deploy import clouds_file, unfinished
from govcloud.deploy.events import Planned
from govcloud.deploy.pulumi_cli import Pulumi
from govcloud.deploy.remedies import REMEDIES, Remedy

# A request that was under way when its sender was killed may still be carried out.
_LOOKS = 2
_SECONDS_BETWEEN_LOOKS = 3
# How an event says that an input is not known yet.
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


@dataclass(frozen=True)
class Orphan:
    """A thing of the cloud, and what becomes of it."""

    kind: str
    thing: Any
    removable: str
    """Why it may go; empty when it may not."""

    @property
    def remedy(self) -> Remedy:
        """How it is removed."""
        return REMEDIES[self.kind]

    def __str__(self) -> str:
        return f"{_short(self.kind)} {self.thing.name or ''} ({self.remedy.identity(self.thing)})"


@dataclass(frozen=True)
class _Look:
    """What is looked for, for one unit."""

    unit: Unit
    cloud: Connection
    known: frozenset[str]
    window: unfinished.Window | None
    noted: tuple[Planned, ...]
    wanted: tuple[Planned, ...]
    names: Mapping[str, frozenset[str]]
    """By type. A type that is not here is only looked for by label, and only when `thorough`."""
    thorough: bool

    def orphans(self) -> Iterator[Orphan]:
        ours = [one for one in REMEDIES.items() if one[1].shared == (self.unit.department is None)]
        for kind, remedy in sorted(ours, key=lambda one: one[1].rank):
            seen = set(self.known)
            with _told_as(tr("looking for {what}", what=_short(kind))):
                things = [*self._things(kind, remedy)]
            for thing in things:
                identity = remedy.identity(thing)
                if identity not in seen:
                    seen.add(identity)
                    yield Orphan(kind, thing, self._reason(kind, remedy, thing))

    def _things(self, kind: str, remedy: Remedy) -> Iterator[Any]:
        names = self.names.get(kind, frozenset())
        if remedy.listed and (names or self.thorough):
            for thing in remedy.listed(self.cloud, () if self.thorough else names):
                owner = unit_of(thing)
                named = thing.name in names and owner in {None, self.unit.name}
                if named or (self.thorough and owner == self.unit.name):
                    yield thing
        for one in self.wanted if remedy.joined else ():
            if remedy.joined and one.kind == kind and one.inputs.get(remedy.needs) not in {None, _UNKNOWN}:
                yield from remedy.joined(self.cloud, one.inputs)

    def _reason(self, kind: str, remedy: Remedy, thing: Any) -> str:
        if any(one.kind == kind and one.inputs.get("name") == thing.name for one in self.noted):
            return tr("Pulumi was killed while it made this")
        if self.window is None:
            return ""
        made = _made(thing)
        if made is None:
            may_go = remedy.vacant is not None and remedy.vacant(self.cloud, thing)
            return tr("it holds nothing, and an update did not end well") if may_go else ""
        return tr("made by an update that did not end well") if self.window.holds(made) else ""


@dataclass(frozen=True, kw_only=True)
class Search:
    """The search for what interrupted updates of one unit have left, with the unit's own access."""

    pulumi: Pulumi
    environment: Environment
    unit: Unit
    tell: Callable[[str], None]
    always: bool = False
    """Whether to look at everything although no update is known to have ended badly."""

    @property
    def stack(self) -> str:
        """The unit's stack."""
        return self.unit.stack(self.environment.key)

    def connect(self) -> Connection:
        """Connect as the unit does."""
        return clouds_file.connect(self.pulumi.workspace, self.unit.cloud(self.environment))

    def settle(self, planned: Iterable[Planned]) -> int:
        """Remove what is left, clear Pulumi's notes, and return how many things were removed.

        `planned` is what is about to be created. Refuses (exit 4) when something of it is there and may not go.
        """
        state = json.loads(self.pulumi.text("stack", "export", "--stack", self.stack)).get("deployment") or {}
        noted = tuple(
            Planned(str(one["resource"]["urn"]), str(one["resource"]["type"]), one["resource"].get("inputs") or {})
            for one in state.get("pending_operations") or ()
            if one.get("type") == "creating"
        )
        window = unfinished.window(self.pulumi.workspace, self.stack)
        wanted = (*noted, *planned)
        thorough = self.always or window is not None or bool(noted)
        if not wanted and not thorough:
            return 0
        resources = [one for one in state.get("resources") or () if one.get("id")]
        existing = (Planned(one["urn"], one["type"], one.get("inputs") or {}) for one in resources)
        look = _Look(
            unit=self.unit,
            cloud=self.connect(),
            known=frozenset(str(one["id"]) for one in resources),
            window=window,
            noted=noted,
            wanted=wanted,
            names=_names((*wanted, *existing) if thorough else wanted),
            thorough=thorough,
        )
        removed = _remove_all(look, self.tell)
        if noted:
            outcome = self.pulumi.operate("refresh", self.stack, "--yes", "--skip-preview", "--clear-pending-creates")
            if not outcome.ok:
                told = "; ".join(outcome.errors)
                message = tr("{unit}: the state cannot be cleared: {errors}", unit=self.unit.name, errors=told)
                raise GovcloudError(message, status=Exit.COULD_NOT_CHECK)
        return removed


def _remove_all(look: _Look, tell: Callable[[str], None]) -> int:
    if look.thorough:
        tell(tr("{unit}: looking for what interrupted updates have left", unit=look.unit.name))
    removed = 0
    for number in range(_LOOKS if look.thorough else 1):
        if number:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        found = [*look.orphans()]
        left = [one for one in found if not one.removable]
        if left:
            raise GovcloudError(*(_refusal(look.unit, one) for one in left), status=Exit.SAFETY_RULE)
        for orphan in found:
            tell(tr("{unit}: removing {what}: {why}", unit=look.unit.name, what=orphan, why=orphan.removable))
            with _told_as(tr("removing {what}", what=orphan)):
                orphan.remedy.remove(look.cloud, orphan.thing)
        removed += len(found)
    return removed


def _short(kind: str) -> str:
    return kind.rpartition(":")[2]


@contextmanager
def _told_as(what: str) -> Iterator[None]:
    """Say with what the cloud answers what was asked of it: not every answer names its call."""
    try:
        yield
    except (SDKException, ClientException) as error:
        raise GovcloudError(f"{what}: {clouds_file.said(error)}", status=Exit.COULD_NOT_CHECK) from None


def _refusal(unit: Unit, orphan: Orphan) -> str:
    return tr(
        "{unit}: the cloud has {what}, which the state does not know and no interrupted update has made; nothing is "
        "made beside it. Fix: `pulumi import` it if it is the city's, or remove it if it is not",
        unit=unit.name,
        what=orphan,
    )


def _names(resources: Iterable[Planned]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for one in resources:
        if isinstance(name := one.inputs.get("name"), str):
            found.setdefault(one.kind, set()).add(name)
    return {kind: frozenset(names) for kind, names in found.items()}


def _made(thing: Any) -> datetime | None:
    """Return when the cloud made a thing, as far as it says so."""
    try:
        return datetime.fromisoformat(str(thing.created_at).rstrip("Z")).replace(tzinfo=UTC)
    except (AttributeError, ValueError):
        return None


def unit_of(thing: Any) -> str | None:
    """Return the unit that a thing's label names, or None where it has no label."""
    metadata = getattr(thing, "metadata", None)
    if isinstance(metadata, dict) and "unit" in metadata:
        return str(metadata["unit"])
    tags = getattr(thing, "tags", None) or ()
    return next((tag.partition("=")[2] for tag in tags if str(tag).startswith("unit=")), None)
