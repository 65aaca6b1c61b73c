"""`govcloud deploy` and `govcloud credentials`."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.language import tr
from govcloud.core.model.environment import Environment
from govcloud.core.model.inventory import Inventory, load
from govcloud.core.model.units import Kind, Unit, units
from govcloud.core.progress import Phases
from govcloud.core.workspace import Workspace
from govcloud.deploy import cloud_check, clouds_file, policy, removal, run, stacks
from govcloud.deploy import credentials as access
from govcloud.deploy.gather import gather
from govcloud.deploy.pulumi_cli import Changes, Pulumi


def deploy(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[UNIT]...", help="Units; all when none is named.")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Act; without it only say what would change.")] = False,
    destroy: Annotated[bool, typer.Option("--destroy", help="Take the one named unit away for good.")] = False,
    approve: Annotated[str, typer.Option("--approve", metavar="DIGEST", help="What was read and is meant.")] = "",
    env: Annotated[str, typer.Option("--env", help="Environment of the inventory.")] = "lab",
    json_: Annotated[bool, typer.Option("--json", help="Print the changes as JSON.")] = False,
) -> None:
    """Make the cloud what the inventory says; without --apply only say what would change.

    Exit 0 when nothing would change, 1 when something would, 4 when what would be done is not what was approved.
    --apply needs --approve where the environment is not disposable; --destroy needs it everywhere.

    Example: govcloud deploy approval --apply
    """
    pulumi = Pulumi(Workspace.here())
    inventory, environment = _city(env)
    wanted = _chosen(inventory, environment, names or [])
    if destroy and (len(names or []) != 1 or apply):
        raise GovcloudError(tr("--destroy takes the name of one unit, and no --apply"))
    stacks.prepare(pulumi, inventory, environment, [] if destroy else wanted, _say)
    if destroy:
        _destroy(pulumi, inventory, environment, wanted[0], approve)
        return
    if apply:
        with Phases("deploy") as phases:
            with phases.phase(tr("looking at what there is")):
                seen, broken = _look(pulumi, inventory, environment, wanted)
            if broken:
                raise GovcloudError(*broken, status=Exit.SAFETY_RULE)
            _check_approval(environment, seen, approve)
            report = run.apply(pulumi, environment, wanted, seen, phases)
        # Always: a plain `pulumi up` or `pulumi destroy` may have changed what there is since the last time.
        gather(pulumi, inventory, environment)
    else:
        report, broken = _look(pulumi, inventory, environment, wanted)
        for message in broken:
            _say(tr("breaks a rule: {told}", told=message))
    _tell(report, wanted, applied=apply, json_=json_)
    if report.left_out or not all(outcome.ok for outcome in report.outcomes.values()):
        raise typer.Exit(Exit.COULD_NOT_CHECK)
    if broken:
        raise typer.Exit(Exit.FINDINGS)
    if not apply and any(outcome.changes.total for outcome in report.outcomes.values()):
        _say(tr("To do exactly this: --apply --approve {digest}", digest=report.digest))
        raise typer.Exit(Exit.FINDINGS)


def _look(
    pulumi: Pulumi, inventory: Inventory, environment: Environment, wanted: list[Unit]
) -> tuple[run.Report, list[str]]:
    """Ask what would change in all units; return it, and what of it breaks a rule."""
    with tempfile.TemporaryDirectory(prefix="govcloud-plans-") as folder:
        report = run.preview(pulumi, environment, wanted, Path(folder))
        broken, unseen = policy.judge(pulumi, inventory, environment, wanted, Path(folder))
    for message in unseen:
        _say(tr("could not be judged: {told}", told=message))
    return report, broken


def _check_approval(environment: Environment, seen: run.Report, approved: str) -> None:
    """Refuse what was not approved; where everything may be destroyed at will nothing has to be."""
    if not approved and environment.disposable:
        return
    if seen.digest != approved:
        fix = tr("read the preview, approve it")
        message = (
            tr(
                "What would be done is {digest}, not {approved}. Fix: {fix}",
                digest=seen.digest,
                approved=approved,
                fix=fix,
            )
            if approved
            else tr("What would be done, {digest}, is not approved. Fix: {fix}", digest=seen.digest, fix=fix)
        )
        raise GovcloudError(message, status=Exit.SAFETY_RULE)


def _destroy(pulumi: Pulumi, inventory: Inventory, environment: Environment, unit: Unit, approved: str) -> None:
    found = removal.look(pulumi, inventory, environment, unit)
    if approved:
        outcome = removal.carry_out(pulumi, environment, found, approved, _say)
        gather(pulumi, inventory, environment)
        for error in outcome.errors:
            _say(error)
        raise typer.Exit(Exit.DONE if outcome.ok else Exit.COULD_NOT_CHECK)
    for urn in sorted(found.resources):
        what = tr("would go: {name}", name=urn.partition("::")[2])
        _say(what + (tr(" (protected: holds data)") if urn in found.protected else ""))
    _say(
        tr(
            "{unit}: {number} resources. To let exactly these go: --destroy --approve {digest}",
            unit=unit.name,
            number=len(found.resources),
            digest=found.digest,
        )
    )
    raise typer.Exit(Exit.FINDINGS)


def credentials(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[DEPARTMENT]...", help="All when none is named.")
    ] = None,
    env: Annotated[str, typer.Option("--env", help="Environment of the inventory.")] = "lab",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the named departments' access away.")] = False,
) -> None:
    """Give departments their access to the cloud, or renew it when less than a third of its life is left.

    Needed between the foundation and the departments when stacks are applied by plain `pulumi up`; with --withdraw
    after a department's stacks are destroyed.

    Example: govcloud credentials approval
    """
    workspace = Workspace.here()
    inventory, environment = _city(env)
    departments = [one.name for one in units(inventory, environment).values() if one.kind is Kind.DEPARTMENT]
    unknown = [name for name in names or [] if name not in departments]
    if unknown or (withdraw and not names):
        raise GovcloudError(tr("Name departments that have units: {known}", known=", ".join(departments)))
    for name in names or departments:
        if withdraw:
            access.withdraw(workspace, environment, name)
        else:
            access.ensure(workspace, environment, name, always=True)
        now = tr("withdrawn") if withdraw else tr("ready")
        _say(f"{environment.cloud(name)}: {now}")


cloud = typer.Typer(help="A cloud of clouds.yaml, before a city is built on it.", no_args_is_help=True)


@cloud.callback()
def _cloud() -> None:
    """Keep `check` a command of its own."""


@cloud.command("check", epilog="Example: govcloud cloud check lab-admin --json")
def check_cloud(
    name: Annotated[str, typer.Argument(help="Name in clouds.yaml.")],
    env: Annotated[str, typer.Option("--env", help="Environment of the inventory.")] = "lab",
    json_: Annotated[bool, typer.Option("--json", help="Print every finding as JSON.")] = False,
) -> None:
    """Say what a cloud has and lacks for this city, each lack with its remedy; nothing is changed.

    Exit 0 when it has all, 1 when it lacks something, 3 when something could not be looked at.
    """
    inventory, environment = _city(env)
    with clouds_file.connect(Workspace.here(), name) as connection:
        findings = cloud_check.look(connection, inventory, environment)
    if json_:
        print(json.dumps({"findings": [asdict(one) for one in findings]}, ensure_ascii=False, indent=1))
    for one in findings:
        if one.verdict != "conform":
            _say(f"{one.rule} {one.object}: {one.verdict}: {one.reason}" + tr(". Fix: {fix}", fix=one.remedy))
    verdicts = [one.verdict for one in findings]
    counted = ", ".join(f"{verdicts.count(one)} {one}" for one in ("conform", "nonconform", "not_tested"))
    _say(f"{name}: {counted}")
    if "not_tested" in verdicts:
        raise typer.Exit(Exit.COULD_NOT_CHECK)
    if "nonconform" in verdicts:
        raise typer.Exit(Exit.FINDINGS)


def _city(env: str) -> tuple[Inventory, Environment]:
    inventory = load(Workspace.here().inventory)
    if env not in inventory.environments:
        raise GovcloudError(
            tr("No environment is called {name}. There are: {known}", name=env, known=", ".join(inventory.environments))
        )
    return inventory, inventory.environments[env]


def _chosen(inventory: Inventory, environment: Environment, names: list[str]) -> list[Unit]:
    known = units(inventory, environment)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise GovcloudError(
            *(tr("No unit is called {name}. There are: {known}", name=name, known=", ".join(known)) for name in unknown)
        )
    return [unit for name, unit in known.items() if not names or name in names]


def _tell(report: run.Report, wanted: list[Unit], *, applied: bool, json_: bool) -> None:
    rows = []
    for unit in wanted:
        outcome = report.outcomes.get(unit.name)
        changes = outcome.changes if outcome else Changes()
        if unit.name in report.left_out:
            _say(tr("{unit}: left out, because {failed} failed", unit=unit.name, failed=report.left_out[unit.name]))
        elif outcome and not outcome.ok:
            _say(tr("{unit}: failed", unit=unit.name))
            for error in outcome.errors:
                _say(f"  {error}")
        else:
            did = tr("{create} created, {update} updated, {replace} replaced, {delete} deleted", **asdict(changes))
            would = tr(
                "{create} to create, {update} to update, {replace} to replace, {delete} to delete", **asdict(changes)
            )
            _say(f"{unit.name}: {did if applied else would}")
        rows.append({"unit": unit.name, **asdict(changes), "changes": changes.total})
    if json_:
        print(json.dumps({"units": rows}, indent=1))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
