"""`govcloud verify reach` from beginning to end: what is demanded, one look, what is made of it, where it is kept."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path as File
from typing import Any

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.files import write_atomically
from govcloud.core.language import tr
from govcloud.core.model.environment import Environment
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.results import Verdict
from govcloud.core.progress import Phases
from govcloud.core.workspace import Workspace
from govcloud.verify import cloud, guests, outside
from govcloud.verify.asking import Look, Plan, Seen
from govcloud.verify.city import Endpoint, Kind, endpoints, province
from govcloud.verify.demands import Demands
from govcloud.verify.guests import Hosts
from govcloud.verify.halves import Halves
from govcloud.verify.judging import Evidence, Judge, strange_addresses
from govcloud.verify.lines import Lines
from govcloud.verify.matrix import Around, Path, paths, services
from govcloud.verify.records import Finding
from govcloud.verify.ways import Ways

FOUND = {Verdict.NONCONFORM, Verdict.PARTIAL}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is asked for."""

    inventory: Inventory
    environment: Environment
    units: Sequence[str] = ()
    """Only paths from or to these; all when none is named."""
    outside: str = ""
    outside_addresses: Sequence[str] = ()
    province: str = ""
    """The command that gives a shell at the province's end."""


@dataclass
class Report:
    """What was found."""

    findings: list[Finding]
    ends: list[Endpoint]
    at: datetime
    seconds: float = 0.0
    guests: int = 0
    could_not_look: list[str] = field(default_factory=list)
    asked_from: dict[str, list[str]] = field(default_factory=dict)
    """The places outside, with their addresses."""
    as_public: bool = False
    """Whether one of them is no operator's."""
    unasked: bool = False
    """Whether there is a province and nobody knocked from there."""

    @property
    def summary(self) -> dict[str, Any]:
        """Return the numbers."""
        count = Counter(one.result.verdict for one in self.findings)
        return {
            "paths": len(self.findings),
            **{verdict.value: count[verdict] for verdict in Verdict},
            "guests": self.guests,
            "seconds": round(self.seconds, 1),
            "at": self.at.isoformat(timespec="seconds"),
            "could_not_look": self.could_not_look,
            "asked_from": self.asked_from,
        }

    @property
    def status(self) -> Exit:
        """Return how the command ends."""
        if self.could_not_look or any(one.failed_look for one in self.findings):
            return Exit.COULD_NOT_CHECK
        return Exit.FINDINGS if any(one.result.verdict in FOUND for one in self.findings) else Exit.DONE


def run(workspace: Workspace, wish: Wish) -> Report:
    """Look at the city and judge it; the evidence is kept in `build/<environment>/reach/`."""
    started = time.monotonic()
    inventory, environment = wish.inventory, wish.environment
    ends = list(endpoints(inventory, environment))
    _refuse_unknown(wish.units, ends)
    demands = Demands(inventory, environment)
    named = outside.elsewhere(wish.outside, wish.outside_addresses)
    with Phases("verify reach") as phases:
        hosts = guests.host_list(workspace, environment.key)
        with phases.phase(tr("reading what the cloud has laid")):
            laid = cloud.look(workspace, environment, {one.department for one in ends})
        inner = [one.addresses[6] for one in ends if one.is_guest]
        own = outside.here(demands, hosts.doors.values(), inner)
        beyond = province(inventory, environment)
        theirs = outside.there(beyond, wish.province)
        standpoints = [one for one in (own, named) if one]
        around = Around(
            outside=[one.end for one in standpoints],
            apis=cloud.api_endpoints(laid),
            doors=dict(hosts.doors),
            province=beyond,
            asks=theirs is not None,
        )
        standpoints += [theirs] if theirs else []
        wanted = [one for one in paths(inventory, environment, ends, around) if _is_wanted(one, wish.units)]
        seen = Look(_plan(wish, wanted, ends, hosts, standpoints, around), phases).take()
    at = datetime.now(UTC)
    evidence = _keep(workspace, environment, seen, laid, at)
    lines = Lines(workspace.inventory)
    half_open = dict(Halves(laid, demands).half_open(wanted))
    findings = list(Judge(wanted, ends, seen, lines, evidence).findings(half_open))
    findings += strange_addresses(inventory, ends, seen, lines, evidence)
    findings += Ways(inventory, ends, laid, lines, evidence).findings()
    report = Report(findings, ends, at, guests=len(ends_of(wanted)), could_not_look=cloud.refused(laid))
    report.asked_from = {one.end.name: list(one.end.addresses.values()) for one in standpoints}
    strangers = [one.end for one in standpoints if one.end.kind is Kind.OUTSIDE]
    report.as_public = not all(demands.is_operator(one) for end in strangers for one in end.addresses.values())
    report.unasked = around.province is not None and not around.asks
    if own is None:
        report.could_not_look.append(tr("this machine has no way to the city from outside"))
    report.seconds = time.monotonic() - started
    records = "".join(json.dumps(record(one), ensure_ascii=False) + "\n" for one in findings)
    write_atomically(folder(workspace, environment) / "paths.jsonl", records)
    return report


def folder(workspace: Workspace, environment: Environment) -> File:
    """Return where evidence, results and picture are kept."""
    return workspace.build(environment.key) / "reach"


def record(one: Finding) -> dict[str, Any]:
    """Return a result as it is written."""
    return one.result.model_dump(mode="json", by_alias=True)


def ends_of(wanted: Sequence[Path]) -> dict[str, Endpoint]:
    """Return the guests that paths begin or end at."""
    return {end.name: end for path in wanted for end in (path.source, path.target) if end.is_guest}


def _plan(  # noqa: PLR0913, PLR0917 - what a look is made of
    wish: Wish,
    wanted: list[Path],
    ends: list[Endpoint],
    hosts: Hosts,
    standpoints: list[outside.Standpoint],
    around: Around,
) -> Plan:
    asked = ends_of(wanted)
    # Behind a balancer somebody has to listen, whether or not anybody else is asked of it.
    behind = {(path.target.system, path.target.tier) for path in wanted if path.target.ports and path.target.system}
    asked |= {one.name: one for one in ends if one.is_guest and (one.system, one.tier) in behind}
    if around.province and around.asks:
        asked[around.province.name] = around.province
    return Plan(
        paths=wanted,
        guests=list(asked.values()),
        services=services(wish.inventory, wish.environment),
        commands={**hosts.commands, **{one.end.name: one.command for one in standpoints}},
        first=hosts.bastions,
        apis=around.apis,
    )


def _is_wanted(path: Path, units: Sequence[str]) -> bool:
    return not units or path.source.unit in units or path.target.unit in units


def _refuse_unknown(units: Sequence[str], ends: Sequence[Endpoint]) -> None:
    known = dict.fromkeys(one.unit for one in ends)
    unknown = [name for name in units if name not in known]
    if unknown:
        told = ", ".join(known)
        raise GovcloudError(
            *(tr("No unit is called {name}. There are: {known}", name=name, known=told) for name in unknown)
        )


def _keep(workspace: Workspace, environment: Environment, seen: Seen, laid: cloud.Laid, at: datetime) -> Evidence:
    """Write every answer as it came; results name the file and its digest."""
    answers = [*seen.told, {"silent": seen.silent}, {"cloud": asdict(laid)}]
    text = "".join(json.dumps(one, ensure_ascii=False, default=sorted) + "\n" for one in answers)
    file = folder(workspace, environment) / "evidence.jsonl"
    write_atomically(file, text)
    name = str(file.relative_to(workspace.root))
    return Evidence(at=at, file=name, sha256=hashlib.sha256(text.encode()).hexdigest())
