"""What is made of a look: every path is open or closed as demanded, or is not, or nobody can say.

A path that is found closed counts only where somebody was alive behind it: the target itself said so before and after,
or somebody came in at that time. Otherwise it is not tested, whatever it looked like.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import cast

from govcloud.core.language import mark, tr
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.results import Verdict
from govcloud.verify.asking import Seen
from govcloud.verify.city import Endpoint, Kind
from govcloud.verify.lines import Lines, Place
from govcloud.verify.matrix import Path
from govcloud.verify.records import ANY, RULE_VERSION, Finding, Got, PathResult

_WAYS = {mark("open"), mark("refused"), mark("dropped"), mark("unreachable")}


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Where the answers are kept, and when they were given."""

    at: datetime
    file: str
    sha256: str


@dataclass(frozen=True)
class _Said:
    verdict: Verdict
    reason: str
    failed_look: bool = False


class Judge:
    """Judges the paths of one look."""

    def __init__(
        self, paths: Sequence[Path], ends: Sequence[Endpoint], seen: Seen, lines: Lines, evidence: Evidence
    ) -> None:
        self._paths, self._seen, self._lines, self._evidence = paths, seen, lines, evidence
        self._members = _members(ends)
        self._to_be_reached = {path.listener for path in paths if path.demand.allowed}
        self._come_in = {path.listener for number, path in enumerate(paths) if self._got(number) == "open"}

    def findings(self, half_open: Mapping[int, str]) -> Iterator[Finding]:
        """Yield one finding for each path; `half_open` tells of paths that only one of their ends keeps closed."""
        for number, path in enumerate(self._paths):
            alive = self._is_alive(path)
            said = self._judge(number, path, alive=alive)
            if said.verdict is Verdict.CONFORM and number in half_open:
                said = _Said(Verdict.PARTIAL, half_open[number])
            got = self._got(number)
            result = PathResult(
                rule="reach-open" if path.demand.allowed else "reach-closed",
                rule_version=RULE_VERSION,
                object=f"{path.source.name} > {path.target.name} {path.protocol} {path.port} IPv{path.family}",
                at=self._evidence.at,
                verdict=said.verdict,
                reason=said.reason,
                evidence=self._evidence.file,
                evidence_sha256=self._evidence.sha256,
                source=path.source.name,
                to=path.target.name,
                protocol=path.protocol,
                port=path.port,
                family=path.family,
                expect="reach" if path.demand.allowed else "deny",
                got=got,
                listener_alive=alive,
                line=self._lines.at(path.demand.place),
            )
            yield Finding(result, said.failed_look)

    def _got(self, number: int) -> Got | None:
        got, _ = self._seen.answers.get(number, ("", ""))
        return cast("Got", got) if got in _WAYS else None

    def _is_alive(self, path: Path) -> bool:
        if path.target.kind is Kind.API:
            return (path.target.name, path.family) in self._seen.witnessed
        if path.listener in self._come_in:
            return True
        names = self._members[path.target.name] if path.target.kind is Kind.BALANCER else [path.target.name]
        return any((name, path.protocol, path.port, path.family) in self._seen.alive for name in names)

    def _judge(self, number: int, path: Path, *, alive: bool) -> _Said:
        got, detail = self._seen.answers.get(number, ("", ""))
        if got not in _WAYS:
            why = detail or self._seen.silent.get(path.source.name) or tr("it gave no answer")
            said = tr("{name} could not be asked: {why}", name=path.source.name, why=why)
            return _Said(Verdict.NOT_TESTED, said, failed_look=True)
        line = self._lines.at(path.demand.place)
        if got != "open":
            return self._closed(path, got, detail, line, alive=alive)
        if path.demand.allowed:
            return _Said(Verdict.CONFORM, "")
        return _Said(Verdict.NONCONFORM, tr("is open, and {line} does not list it", line=line))

    def _closed(self, path: Path, got: str, detail: str, line: str, *, alive: bool) -> _Said:
        if path.source.kind is Kind.OUTSIDE and detail == "no route":
            return _Said(Verdict.NOT_TESTED, tr("{name} has no route to it", name=path.source.name))
        if path.target.kind is Kind.BALANCER and path.port not in path.target.ports:
            return _Said(Verdict.NOT_APPLICABLE, tr("the balancer has no such listener, and nothing answers"))
        if not alive:
            return self._unproven(path)
        if path.demand.allowed:
            return _Said(Verdict.NONCONFORM, tr("is {got}, and {line} lists it", got=tr(got), line=line))
        return _Said(Verdict.CONFORM, "")

    def _unproven(self, path: Path) -> _Said:
        """Say why silence proves nothing here; a look has failed where somebody should have listened for us."""
        why = self._seen.silent.get(path.target.name) or self._seen.not_opened.get(path.listener)
        # Theirs is the listener: only who is allowed to come in can show that it lives.
        theirs = path.target.kind in {Kind.METADATA, Kind.PROVINCE}
        unreachable = theirs and path.listener not in self._to_be_reached
        if unreachable:
            why = tr("nothing in the city is allowed to reach it")
        said = tr("nobody is known to have listened there: {why}", why=why or tr("the listener did not answer"))
        return _Said(Verdict.NOT_TESTED, said, failed_look=not unreachable)


def strange_addresses(
    inventory: Inventory, ends: Sequence[Endpoint], seen: Seen, lines: Lines, evidence: Evidence
) -> Iterator[Finding]:
    """Yield a finding for each address that a guest has and the inventory does not give it: another way in and out."""
    for guest in ends:
        own = {ip_address(one) for one in (*guest.addresses.values(), *guest.others)}
        for text in seen.addresses.get(guest.name, ()):
            address = ip_address(text)
            if address in own:
                continue
            zones = inventory.plan.zones.items()
            zone = next((key for key, block in zones if address in block.of(address.version)), "")
            where = tr("zone {zone}", zone=zone) if zone else tr("a network of no zone")
            line = lines.at(guest.place / "zone")
            reason = tr(
                "has {address} in {where}; {line} gives it one network only", address=text, where=where, line=line
            )
            yield whole_way(guest.name, zone or text, address.version, guest.place / "zone", reason, lines, evidence)


def whole_way(  # noqa: PLR0913, PLR0917 - a finding has this many parts
    source: str, target: str, family: int, place: Place, reason: str, lines: Lines, evidence: Evidence
) -> Finding:
    """Return the finding of a way that is open as a whole and that nothing in the inventory speaks of."""
    return Finding(
        PathResult(
            rule="reach-ways",
            rule_version=RULE_VERSION,
            object=f"{source} > {target} IPv{family}",
            at=evidence.at,
            verdict=Verdict.NONCONFORM,
            reason=reason,
            evidence=evidence.file,
            evidence_sha256=evidence.sha256,
            source=source,
            to=target,
            protocol=ANY,
            port=None,
            family=family,
            expect="deny",
            got="open",
            listener_alive=None,
            line=lines.at(place),
        )
    )


def _members(ends: Sequence[Endpoint]) -> dict[str, list[str]]:
    """Return the servers behind each balancer."""
    servers: dict[tuple[str, str], list[str]] = {}
    for one in ends:
        if one.kind is Kind.SERVER:
            servers.setdefault((one.system, one.tier), []).append(one.name)
    return {one.name: servers.get((one.system, one.tier), []) for one in ends if one.kind is Kind.BALANCER}
