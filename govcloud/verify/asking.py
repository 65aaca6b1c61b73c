"""One look at the city: listeners are opened everywhere, everybody knocks, the listeners are asked whether they lived.

All guests knock at the same time, and each at all its addresses at once. What should have opened and did not is tried
again for a while: a balancer needs seconds to see that somebody listens behind it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from govcloud.core.language import tr
from govcloud.core.progress import Phases
from govcloud.verify.city import FAMILIES, Endpoint, Kind
from govcloud.verify.guests import CouldNotAskError, Session
from govcloud.verify.matrix import Path

Listener = tuple[str, str, int, int]
"""Name of the guest, protocol, port, version of IP."""
T = TypeVar("T")
SECONDS = 3.5
_SIDE_BY_SIDE = 24
_AT_ONCE = 600
_PATIENCE = 40.0


@dataclass
class Seen:
    """What a look has seen."""

    silent: dict[str, str] = field(default_factory=dict)
    """Who could not be asked, and why."""
    alive: set[Listener] = field(default_factory=set)
    """Listeners that were there before the knocks and after them."""
    not_opened: dict[Listener, str] = field(default_factory=dict)
    answers: dict[int, tuple[str, str]] = field(default_factory=dict)
    """How each knock ended, by the number of its path, with a detail."""
    addresses: dict[str, list[str]] = field(default_factory=dict)
    """What addresses each guest says that it has."""
    witnessed: set[tuple[str, int]] = field(default_factory=set)
    """Interfaces of the cloud that answered this machine at that time, with the version of IP."""
    told: list[dict[str, Any]] = field(default_factory=list)
    """Every answer of every guest as it came: the evidence."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to look at, and how to come to it."""

    paths: Sequence[Path]
    guests: Sequence[Endpoint]
    """Those on which listeners are opened."""
    services: Sequence[tuple[str, int]]
    commands: Mapping[str, Sequence[str]]
    """The command that gives a shell, by the name of the guest or of the outside."""
    first: frozenset[str]
    """Who is connected before the others, because their connections lead through them."""
    apis: Sequence[Endpoint] = ()
    waits: float = 25.0
    """For how long, in seconds, what should have opened is tried again."""
    seconds: float = SECONDS
    """How long a knock waits for an answer: TCP repeats a lost packet after one second and after three."""
    witness: Sequence[str] = ("sh", "-c")
    """The shell from which the cloud's interfaces are known to answer: this machine's own."""


class Look:
    """A look in the making."""

    def __init__(self, plan: Plan, phases: Phases) -> None:
        self._plan, self._phases = plan, phases
        self._sessions: dict[str, Session] = {}
        self.seen = Seen()

    def take(self) -> Seen:
        """Take the look; whoever cannot be asked is told in it, nothing is raised."""
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            self._pool = pool
            try:
                with self._phases.phase(tr("connecting to the servers")):
                    self._connect()
                with self._phases.phase(tr("opening listeners")):
                    self._each(self._listeners(), self._listen)
                    before = self._check()
                with self._phases.phase(tr("{number} paths", number=len(self._plan.paths))):
                    self._knock()
                    self._call_apis()
                self.seen.alive |= before & self._check()
            finally:
                for session in self._sessions.values():
                    pool.submit(session.close)
        return self.seen

    def _connect(self) -> None:
        wanted = {path.source.name for path in self._plan.paths} | {one.name for one in self._plan.guests}
        for name in sorted(wanted - set(self._plan.commands)):
            self.seen.silent[name] = tr("the host list does not have it")
        known = wanted & set(self._plan.commands)
        for names in (known & self._plan.first, known - self._plan.first):
            # Twice: a bastion turns some of many newcomers away.
            for _ in range(2):
                list(self._pool.map(self._open, sorted(names - set(self._sessions))))

    def _open(self, name: str) -> None:
        try:
            listens = any(one.name == name for one in self._plan.guests)
            self._sessions[name] = Session(self._plan.commands[name], listens=listens)
            self.seen.silent.pop(name, None)
        except CouldNotAskError as error:
            self.seen.silent[name] = str(error)

    def _listeners(self) -> dict[str, list[tuple[str, str, int]]]:
        return {
            guest.name: [
                (protocol, guest.addresses[family], port)
                for protocol, port in ([("tcp", port) for port in guest.ports] or self._plan.services)
                for family in FAMILIES
            ]
            for guest in self._plan.guests
        }

    def _listen(self, name: str, items: list[tuple[str, str, int]]) -> None:
        answer = self._ask(name, _PATIENCE, listen=items)
        for protocol, address, port, state, detail in answer["listening"]:
            if state == "failed":
                self.seen.not_opened[name, protocol, port, _family(address)] = detail
        self.seen.addresses[name] = answer["addresses"]

    def _check(self) -> set[Listener]:
        found: set[Listener] = set()

        def check(name: str, _: object) -> None:
            for protocol, address, port in self._ask(name, _PATIENCE, check=True)["alive"]:
                found.add((name, protocol, port, _family(address)))

        self._each({guest.name: None for guest in self._plan.guests}, check)
        return found

    def _knock(self) -> None:
        """Knock everywhere; then again, a few times, where something should have opened."""
        deadline = time.monotonic() + self._plan.waits
        self._knock_at(range(len(self._plan.paths)))
        while missing := [one for one in range(len(self._plan.paths)) if self._is_missing(one)]:
            if time.monotonic() >= deadline:
                return
            time.sleep(self._plan.seconds)
            self._knock_at(missing)

    def _knock_at(self, numbers: Iterable[int]) -> None:
        by_source: dict[str, list[list[Any]]] = {}
        for number in numbers:
            path = self._plan.paths[number]
            elsewhere = path.source.kind in {Kind.OUTSIDE, Kind.PROVINCE}
            bound = path.source.addresses[path.family] if elsewhere else None
            knock = [number, path.protocol, path.address, path.port, bound]
            by_source.setdefault(path.source.name, []).append(knock)
        self._each(by_source, self._knock_from)

    def _knock_from(self, name: str, knocks: list[list[Any]]) -> None:
        patience = _PATIENCE + (len(knocks) / _AT_ONCE + 1) * self._plan.seconds
        for number, got, detail in self._ask(name, patience, knock=knocks, seconds=self._plan.seconds)["knocked"]:
            self.seen.answers[number] = (got, detail)

    def _is_missing(self, number: int) -> bool:
        path, answer = self._plan.paths[number], self.seen.answers.get(number)
        return path.demand.allowed and answer is not None and answer[0] != "open"

    def _call_apis(self) -> None:
        """See that the cloud's interfaces answer, from where they are known to."""
        asked = [(one, family) for one in self._plan.apis for family in one.addresses]
        if not asked:
            return
        knocks = [[n, "tcp", one.addresses[family], one.ports[0], None] for n, (one, family) in enumerate(asked)]
        try:
            session = Session(self._plan.witness)
        except CouldNotAskError:
            return
        try:
            answer = session.ask(_PATIENCE, knock=knocks, seconds=self._plan.seconds)
            opened = [asked[number] for number, got, _ in answer["knocked"] if got == "open"]
            self.seen.witnessed = {(one.name, family) for one, family in opened}
        except CouldNotAskError:
            return
        finally:
            session.close()

    def _each(self, wanted: Mapping[str, T], work: Callable[[str, T], None]) -> None:
        """Do something with every guest that answers; one that stops answering is told."""

        def one(name: str) -> None:
            try:
                work(name, wanted[name])
            except CouldNotAskError as error:
                self.seen.silent[name] = str(error)
                self._sessions.pop(name).close()

        list(self._pool.map(one, [name for name in wanted if name in self._sessions]))

    def _ask(self, name: str, patience: float, **command: object) -> dict[str, Any]:
        answer = self._sessions[name].ask(patience, **command)
        self.seen.told.append({"guest": name, "asked": next(iter(command)), **answer})
        return answer


def _family(address: str) -> int:
    return 6 if ":" in address else 4
