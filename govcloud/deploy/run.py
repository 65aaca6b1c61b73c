"""Units in their order: each after those it needs, those without an edge between them at the same time.

A unit that fails does not stop the independent ones; what needs it is left out and said to be.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from keystoneauth1.exceptions.base import ClientException
from openstack.exceptions import SDKException

from govcloud.core import cache
from govcloud.core.errors import GovcloudError
from govcloud.core.model.environment import Environment
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.units import Unit
from govcloud.core.progress import Phases
from govcloud.deploy import clouds_file, credentials, orphans, policy, stacks, unchanged, unfinished
from govcloud.deploy.drift import run as drift
from govcloud.deploy.drift import states
from govcloud.deploy.events import Changes, Outcome, Planned
from govcloud.deploy.gather import known
from govcloud.deploy.pulumi_cli import AT_ONCE, Pulumi


@dataclass
class Report:
    """What became of each unit, by its name."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    approved: Path | None = None
    """Where the saved plans are, once somebody has approved them."""

    @property
    def digest(self) -> str:
        """Name exactly what would be done in all units; what could not be said of one makes another name of it."""
        each = sorted(self.outcomes.items())
        return cache.digest(*(f"{name} {outcome.ok} {outcome.digest}" for name, outcome in each))


def preview(pulumi: Pulumi, inventory: Inventory, environment: Environment, wanted: list[Unit], plans: Path) -> Report:
    """Ask the cloud what would change and save it in `plans`; nothing is changed, so no unit waits for another.

    The cloud is asked for lists first, once for all units. Only a unit in which something is not as its state has it is
    asked about resource by resource; one that is, and of which nothing else has changed either, is not planned anew.
    """
    drifted = _drifted(pulumi, inventory, environment, wanted)
    names = {unit.name: "" if unit.name in drifted else unchanged.key(pulumi, environment, unit) for unit in wanted}
    as_before = {unit.name for unit in wanted if unchanged.noted(pulumi, environment, unit, names[unit.name])}

    def one(unit: Unit) -> Outcome:
        if unit.name in as_before:
            return Outcome(ok=True)
        stack = unit.stack(environment.key)
        with tempfile.TemporaryDirectory(prefix="govcloud-settings-") as folder:
            options = ["--refresh"] if unit.name in drifted else []
            if not credentials.known(pulumi.workspace, unit.cloud(environment)):
                copy = Path(folder) / "settings.yaml"
                stacks.settings_with_cloud(pulumi.settings(stack), environment.cloud("admin"), copy)
                options = ["--config-file", str(copy)]
            outcome = pulumi.operate("preview", stack, "--save-plan", str(policy.plan_of(plans, unit)), *options)
        if outcome.nothing:
            unchanged.note(pulumi, environment, unit, names[unit.name])
        return outcome

    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = dict(zip((unit.name for unit in wanted), pool.map(one, wanted), strict=True))
    return Report(outcomes)


def _drifted(pulumi: Pulumi, inventory: Inventory, environment: Environment, wanted: list[Unit]) -> set[str]:
    """Return the units whose state the cloud may contradict: all of them, when not everything could be looked at."""
    names = {unit.name for unit in wanted}
    known = states.read(pulumi, environment, wanted)
    if not any(one.resources for one in known.values()):
        return set()  # of what has never been made there is nothing to ask
    interrupted = {name for name, one in known.items() if one.pending}
    try:
        seen = drift.look(pulumi, inventory, environment, wanted)
    except (GovcloudError, SDKException, ClientException):
        return names
    return names if seen.could_not_look else interrupted | seen.units


class _UnitFailedError(Exception):
    """Carries the outcome of a unit out of its phase, so that the phase is told as failed."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


def apply(pulumi: Pulumi, environment: Environment, wanted: list[Unit], seen: Report, phases: Phases) -> Report:
    """Make the cloud what the inventory says; where plans were approved, do nothing that is not in them.

    `seen` is what the cloud has just said of all wanted units. Of those that have been made before, the ones in which
    nothing would change, and for which what they take from others stays the same, are left in peace.
    """
    made = known(pulumi.workspace, environment)
    quiet = _quiet(pulumi, environment, [unit for unit in wanted if unit.name in made], seen)
    changed: set[str] = set()

    def one(unit: Unit) -> Outcome:
        if unit.name in quiet and changed.isdisjoint(unit.needs):
            return Outcome(ok=True)
        with phases.phase(unit.name):
            found = seen.outcomes[unit.name]
            options = _bound(seen.approved, unit, found) if found.ok else policy.pack(pulumi)
            search = orphans.Search(pulumi=pulumi, environment=environment, unit=unit, tell=phases.note)
            outcome = _up(search, found.creates, options)
            if not outcome.ok:
                raise _UnitFailedError(outcome)
        if outcome.export_changes:
            changed.add(unit.name)
        return outcome

    return in_order(wanted, one)


def _bound(plans: Path | None, unit: Unit, seen: Outcome) -> list[str]:
    """Return the options by which `pulumi` refuses a step that is not in a unit's plan.

    A plan that changes what was taken over (import) forbids its own step: it leaves out what the provider notes beside
    the values. There what was read a moment ago is all there is to hold to.
    """
    plan = policy.plan_of(plans, unit) if plans else None
    return ["--plan", str(plan)] if plan and plan.is_file() and not seen.takes_over else []


def _up(search: orphans.Search, creates: list[Planned], options: list[str]) -> Outcome:
    _settle(search, creates)
    pulumi, stack = search.pulumi, search.stack
    begun, clock = unfinished.begin(pulumi.workspace, stack, search.connect()), time.monotonic()
    outcome = pulumi.operate("up", stack, "--yes", "--skip-preview", "--refresh", *options)
    if outcome.ok:
        unfinished.forget(pulumi.workspace, stack)
    else:
        unfinished.failed(pulumi.workspace, stack, begun, time.monotonic() - clock)
    return outcome


def _settle(search: orphans.Search, creates: list[Planned]) -> int:
    if search.unit.department:
        credentials.ensure(search.pulumi.workspace, search.environment, search.unit.department)
    return search.settle(creates)


def reconcile(pulumi: Pulumi, environment: Environment, wanted: list[Unit], seen: Report, phases: Phases) -> Report:
    """Remove what interrupted updates have left of all wanted units, wherever it was noted or not; make nothing."""

    def one(unit: Unit) -> Outcome:
        if unit.department and not credentials.known(pulumi.workspace, unit.cloud(environment)):
            return Outcome(ok=True)  # without its access nothing of it was ever made
        search = orphans.Search(pulumi=pulumi, environment=environment, unit=unit, tell=phases.note, always=True)
        with phases.phase(unit.name):
            return Outcome(ok=True, changes=Changes(delete=_settle(search, seen.outcomes[unit.name].creates)))

    return in_order(wanted, one)


def _quiet(pulumi: Pulumi, environment: Environment, units: list[Unit], seen: Report) -> set[str]:
    """Return the units in which nothing would change, as far as their access lives long enough to be left alone."""
    outcomes = {
        one.name: seen.outcomes[one.name]
        for one in units
        if not one.department or credentials.lasts(pulumi.workspace, one.cloud(environment))
        if unfinished.window(pulumi.workspace, one.stack(environment.key)) is None
    }
    return {name for name, one in outcomes.items() if one.nothing}


def in_order(wanted: list[Unit], work: Callable[[Unit], Outcome]) -> Report:
    """Run `work` on each unit after the units it needs, as far as those are wanted too."""
    report = Report()
    names = {unit.name for unit in wanted}
    running: dict[str, Future[Outcome | None]] = {}

    def after_needed(unit: Unit) -> Outcome | None:
        for need in unit.needs:
            if need in names:
                before = running[need].result()
                if before is None or not before.ok:
                    report.left_out[unit.name] = need
                    return None
        return _tried(work, unit)

    # A unit stands after those it needs, so a worker waits only for units that have a worker already.
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for unit in wanted:
            running[unit.name] = pool.submit(after_needed, unit)
        try:
            wait(running.values())
        except KeyboardInterrupt:
            # Pulumi was interrupted with us and ends in order; what has not begun must not begin now.
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    for name, future in running.items():
        outcome = future.result()
        if outcome is not None:
            report.outcomes[name] = outcome
    return report


def _tried(work: Callable[[Unit], Outcome], unit: Unit) -> Outcome:
    try:
        return work(unit)
    except _UnitFailedError as failed:
        return failed.outcome
    except GovcloudError as error:
        return Outcome(ok=False, errors=[*error.messages])
    except (SDKException, ClientException) as error:
        return Outcome(ok=False, errors=[clouds_file.said(error)])
