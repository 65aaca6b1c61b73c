"""`govcloud drift`."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from typing import Annotated

import typer

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.files import write_atomically
from govcloud.core.language import say, tr
from govcloud.core.workspace import Workspace
from govcloud.deploy.asked import chosen, city_of
from govcloud.deploy.drift.compare import Finding, Report
from govcloud.deploy.drift.explained import TOLD
from govcloud.deploy.drift.proposal import proposal
from govcloud.deploy.drift.run import look
from govcloud.deploy.drift.watch import Watch
from govcloud.deploy.pulumi_cli import Pulumi


def drift(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[UNIT]...", help="Units; all when none is named.")
    ] = None,
    env: Annotated[str, typer.Option("--env", help="Environment of the inventory.")] = "lab",
    cloud: Annotated[str, typer.Option("--cloud", help="Your access in clouds.yaml; remembered.")] = "",
    json_: Annotated[bool, typer.Option("--json", help="Print every finding as JSON.")] = False,
    watch: Annotated[int, typer.Option("--watch", min=0, metavar="SECONDS", help="Look this often until stopped.")] = 0,
    fix: Annotated[bool, typer.Option("--fix", help="Write a plan of what could be done; do nothing.")] = False,
    webhook: Annotated[str, typer.Option("--webhook", metavar="URL", help="Told when the alarm changes.")] = "",
) -> None:
    """Say what the cloud has and no state knows, what a state knows and the cloud lost, and what was changed.

    Nothing is changed. Exit 0 when nothing is found, 1 when something is, 3 when something could not be looked at.
    With --watch findings raise an alarm in build/<environment>/drift-alarm.json, which goes when they do.

    Example: govcloud drift approval-elicence
    """
    inventory, environment = city_of(env, cloud)
    if webhook and not webhook.startswith(("http://", "https://")):
        raise GovcloudError(tr("--webhook {address}: is no address that begins with http", address=webhook))
    pulumi = Pulumi(Workspace.here(), environment.state_backend)
    wanted = chosen(inventory, environment, names or [])
    if watch:
        looking = Watch(
            lambda: look(pulumi, inventory, environment, wanted),
            pulumi.workspace.build(environment.key),
            watch,
            webhook,
        )
        raise typer.Exit(Exit.FINDINGS if _watched(looking) else Exit.DONE)
    report = look(pulumi, inventory, environment, wanted)
    if json_:
        print(json.dumps(report.model_dump(mode="json"), ensure_ascii=False, indent=1))
    for line in _lines(report):
        say(line)
    if fix:
        plan = pulumi.workspace.build(environment.key) / "drift-proposal.sh"
        write_atomically(plan, proposal(report, environment))
        say(tr("What could be done: {file}", file=plan.relative_to(pulumi.workspace.root)))
    say(
        tr(
            "{unmanaged} unmanaged, {missing} missing, {changed} changed; {calls} calls in {seconds} s",
            unmanaged=len(report.unmanaged),
            missing=len(report.missing),
            changed=len(report.changed),
            calls=report.api_calls,
            seconds=report.seconds,
        )
    )
    if report.could_not_look:
        raise typer.Exit(Exit.COULD_NOT_CHECK)
    if report.found:
        raise typer.Exit(Exit.FINDINGS)


def _watched(looking: Watch) -> bool:
    """Watch until a signal asks for the end; return whether the alarm is raised then."""
    stopped = threading.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: stopped.set())
    return looking.until(stopped, say)


def _lines(report: Report) -> Iterator[str]:
    for stray in report.unmanaged:
        what = f"{TOLD[stray.kind]()} {stray.name} ({stray.id})"
        told = tr("unmanaged: {what}, of {project}: no state knows it", what=what, project=stray.project or "-")
        yield told + _by_whom(stray)
    for lost in report.missing:
        what = f"{lost.kind} {lost.name} ({lost.id})"
        yield tr("missing: {unit}: {what}", unit=lost.unit, what=what) + _by_whom(lost)
    for one in report.changed:
        for part in one.fields:
            told = tr(
                "changed: {unit}: {what}: {field} is {cloud}, and the state has {state}",
                unit=one.unit,
                what=f"{one.kind} {one.name}",
                field=part.field,
                cloud=_short(part.cloud),
                state=_short(part.state),
            )
            yield told + _by_whom(one)
    for question in report.could_not_look:
        yield tr("could not look: {question}", question=question)


def _by_whom(one: Finding) -> str:
    if one.since is None:
        return ""
    return tr("; last touched by {who} at {when}", who=one.by, when=f"{one.since:%Y-%m-%d %H:%M:%S}")


def _short(value: object) -> str:
    return tr("nothing") if value is None else json.dumps(value, ensure_ascii=False)
