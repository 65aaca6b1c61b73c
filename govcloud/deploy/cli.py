"""`govcloud deploy`."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.language import say, tr
from govcloud.core.model.environment import Environment
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.units import Unit
from govcloud.core.progress import Phases
from govcloud.core.workspace import Workspace
from govcloud.deploy import chosen_cloud, policy, removal, run, stacks
from govcloud.deploy.asked import chosen, city_of
from govcloud.deploy.events import Changes
from govcloud.deploy.gather import gather
from govcloud.deploy.pulumi_cli import Pulumi


def deploy(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[UNIT]...", help="Units; all when none is named.")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Act; without it only say what would change.")] = False,
    destroy: Annotated[bool, typer.Option("--destroy", help="Take the one named unit away for good.")] = False,
    reconcile: Annotated[
        bool, typer.Option("--reconcile", help="Remove what interrupted runs left in the cloud; make nothing.")
    ] = False,
    approve: Annotated[str, typer.Option("--approve", metavar="DIGEST", help="What was read and is meant.")] = "",
    env: Annotated[str, typer.Option("--env", help="Environment of the inventory.")] = "lab",
    cloud: Annotated[str, typer.Option("--cloud", help="Your access in clouds.yaml; remembered.")] = "",
    json_: Annotated[bool, typer.Option("--json", help="Print the changes as JSON.")] = False,
) -> None:
    """Make the cloud what the inventory says; without --apply only say what would change.

    Exit 0 when nothing would change, 1 when something would, 4 when what would be done is not what was approved.
    --apply needs --approve where the environment is not disposable; --destroy needs it everywhere.

    Example: govcloud deploy approval --apply
    """
    inventory, environment = city_of(env, cloud)
    pulumi = Pulumi(Workspace.here(), environment.state_backend)
    wanted = chosen(inventory, environment, names or [])
    if apply + destroy + reconcile > 1:
        raise GovcloudError(tr("One of --apply, --destroy and --reconcile; --apply reconciles before it acts"))
    if destroy and len(names or []) != 1:
        raise GovcloudError(tr("--destroy takes the name of one unit"))
    _get_ready(pulumi, inventory, environment, [] if destroy else wanted)
    if destroy:
        _destroy(pulumi, inventory, environment, wanted[0], approve)
        return
    broken: list[str] = []
    if reconcile:
        report = _reconcile(pulumi, inventory, environment, wanted)
    elif apply:
        report = _apply(pulumi, inventory, environment, wanted, approve)
    else:
        with tempfile.TemporaryDirectory(prefix="govcloud-plans-") as folder:
            report, broken = _look(pulumi, inventory, environment, wanted, Path(folder))
        for message in broken:
            say(tr("breaks a rule: {told}", told=message))
    _tell(report, wanted, applied=apply or reconcile, json_=json_)
    if report.left_out or not all(outcome.ok for outcome in report.outcomes.values()):
        raise typer.Exit(Exit.COULD_NOT_CHECK)
    if broken:
        raise typer.Exit(Exit.FINDINGS)
    if not apply and not reconcile and any(outcome.changes.total for outcome in report.outcomes.values()):
        say(tr("To do exactly this: --apply --approve {digest}", digest=report.digest))
        raise typer.Exit(Exit.FINDINGS)


def _apply(
    pulumi: Pulumi, inventory: Inventory, environment: Environment, wanted: list[Unit], approve: str
) -> run.Report:
    with Phases("deploy") as phases, tempfile.TemporaryDirectory(prefix="govcloud-plans-") as folder:
        with phases.phase(tr("looking at what there is")):
            seen, broken = _look(pulumi, inventory, environment, wanted, Path(folder))
        if broken:
            raise GovcloudError(*broken, status=Exit.SAFETY_RULE)
        _check_approval(environment, seen, approve)
        seen.approved = Path(folder) if approve else None
        report = run.apply(pulumi, environment, wanted, seen, phases)
    # Always: a plain `pulumi up` or `pulumi destroy` may have changed what there is since the last time.
    gather(pulumi, inventory, environment)
    return report


def _reconcile(pulumi: Pulumi, inventory: Inventory, environment: Environment, wanted: list[Unit]) -> run.Report:
    with Phases("deploy") as phases, tempfile.TemporaryDirectory(prefix="govcloud-plans-") as folder:
        with phases.phase(tr("looking at what there is")):
            seen = run.preview(pulumi, inventory, environment, wanted, Path(folder))
        return run.reconcile(pulumi, environment, wanted, seen, phases)


def _get_ready(pulumi: Pulumi, inventory: Inventory, environment: Environment, wanted: list[Unit]) -> None:
    """Refuse what a named cloud would refuse, and make what is missing of the stacks."""
    if wanted and environment.access:
        chosen_cloud.refuse_what_it_lacks(pulumi.workspace, inventory, environment)
    stacks.prepare(pulumi, inventory, environment, wanted, say)


def _look(
    pulumi: Pulumi, inventory: Inventory, environment: Environment, wanted: list[Unit], plans: Path
) -> tuple[run.Report, list[str]]:
    """Ask what would change in all units, and save it in `plans`; return it, and what of it breaks a rule."""
    report = run.preview(pulumi, inventory, environment, wanted, plans)
    seen = [unit for unit in wanted if report.outcomes[unit.name].ok]
    broken, unseen = policy.judge(pulumi, inventory, environment, seen, plans)
    for message in unseen:
        say(tr("could not be judged: {told}", told=message))
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
        outcome = removal.carry_out(pulumi, environment, found, approved, say)
        gather(pulumi, inventory, environment)
        for error in outcome.errors:
            say(error)
        raise typer.Exit(Exit.DONE if outcome.ok else Exit.COULD_NOT_CHECK)
    for urn in sorted(found.resources):
        what = tr("would go: {name}", name=urn.partition("::")[2])
        why = found.protected.get(urn)
        say(what + (tr(" (protected: {reason})", reason=tr(why)) if why else ""))
    say(
        tr(
            "{unit}: {number} resources. To let exactly these go: --destroy --approve {digest}",
            unit=unit.name,
            number=len(found.resources),
            digest=found.digest,
        )
    )
    raise typer.Exit(Exit.FINDINGS)


def _tell(report: run.Report, wanted: list[Unit], *, applied: bool, json_: bool) -> None:
    rows = []
    for unit in wanted:
        outcome = report.outcomes.get(unit.name)
        changes = outcome.changes if outcome else Changes()
        if unit.name in report.left_out:
            say(tr("{unit}: left out, because {failed} failed", unit=unit.name, failed=report.left_out[unit.name]))
        elif outcome and not outcome.ok:
            say(tr("{unit}: failed", unit=unit.name))
            for error in outcome.errors:
                say(f"  {error}")
        else:
            did = tr("{create} created, {update} updated, {replace} replaced, {delete} deleted", **asdict(changes))
            would = tr(
                "{create} to create, {update} to update, {replace} to replace, {delete} to delete", **asdict(changes)
            )
            say(f"{unit.name}: {did if applied else would}")
        known = {**asdict(changes), "changes": changes.total}
        # Of a unit that failed nobody can say how much would change: no number, not even nought.
        rows.append({"unit": unit.name, **(known if outcome and outcome.ok else dict.fromkeys(known))})
    if json_:
        print(json.dumps({"units": rows}, indent=1))
