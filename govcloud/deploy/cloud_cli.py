"""`govcloud credentials`, `govcloud adopt` and `govcloud cloud`: access to a cloud, and what stands there already."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.language import say, tr
from govcloud.core.model.units import Kind, units
from govcloud.core.workspace import Workspace
from govcloud.deploy import chosen_cloud, clouds_file, stacks
from govcloud.deploy import credentials as access
from govcloud.deploy.adoption import Adoption
from govcloud.deploy.asked import chosen, city_of
from govcloud.deploy.existing import Search
from govcloud.deploy.pulumi_cli import Pulumi


def credentials(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[DEPARTMENT]...", help="All when none is named.")
    ] = None,
    env: Annotated[str, typer.Option("--env", help="Environment of the inventory.")] = "lab",
    cloud: Annotated[str, typer.Option("--cloud", help="Your access in clouds.yaml; remembered.")] = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the named departments' access away.")] = False,
) -> None:
    """Give departments their access to the cloud, or renew it when less than a third of its life is left.

    Needed between the foundation and the departments when stacks are applied by plain `pulumi up`; with --withdraw
    after a department's stacks are destroyed.

    Example: govcloud credentials approval
    """
    workspace = Workspace.here()
    inventory, environment = city_of(env, cloud)
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
        say(f"{environment.cloud(name)}: {now}")


def adopt(
    name: Annotated[str, typer.Argument(metavar="UNIT", help="The unit that it is to belong to.")],
    called: Annotated[
        list[str] | None, typer.Option("--as", metavar="OURS=THEIRS", help="What the cloud calls it, if not as we do.")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Act; without it only say what would be adopted.")] = False,
    env: Annotated[str, typer.Option("--env", help="Environment of the inventory.")] = "lab",
    cloud: Annotated[str, typer.Option("--cloud", help="Your access in clouds.yaml; remembered.")] = "",
) -> None:
    """Take over what stands in a cloud: networks, servers, volumes that a unit would create.

    Into the state and the environment's file; the cloud is not touched. Names and labels come with `govcloud deploy`.
    Exit 0 when nothing is to be adopted or it is done, 1 when something would be, 4 when it would then be replaced.

    Example: govcloud adopt approval-elicence --as approval-elicence-web-1=old-web --apply
    """
    inventory, environment = city_of(env, cloud)
    pulumi = Pulumi(Workspace.here(), environment.state_backend)
    (unit,) = chosen(inventory, environment, [name])
    wrong = [one for one in called or [] if "=" not in one]
    if wrong:
        raise GovcloudError(*(tr("--as {given}: is not OURS=THEIRS", given=one) for one in wrong))
    names = dict(one.split("=", 1) for one in called or [])
    stacks.prepare(pulumi, inventory, environment, [unit], say)
    if apply and unit.department:
        access.ensure(pulumi.workspace, environment, unit.department)
    adoption = Adoption(pulumi, environment, unit)
    with tempfile.TemporaryDirectory(prefix="govcloud-adoption-") as folder:
        wanted, _ = adoption.plan(Path(folder))
    with clouds_file.connect(pulumi.workspace, unit.cloud(environment)) as connection:
        search = Search(connection, names)
        search.run(wanted)
        for reason in search.reasons:
            say(tr("left alone: {reason}", reason=reason))
        for (kind, ours), known in search.ids.items():
            thing = f"{kind} {ours} ({known})"
            say(tr("adopting: {thing}", thing=thing) if apply else tr("would be adopted: {thing}", thing=thing))
        if apply and search.ids:
            adoption.carry_out(search)
            say(tr("Adopted. Names and labels come with: {command}", command=f"govcloud deploy {name} --env {env}"))
    if search.ids and not apply:
        raise typer.Exit(Exit.FINDINGS)


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
    inventory, environment = city_of(env)
    environment = environment.model_copy(update={"access": name})
    findings = chosen_cloud.findings(Workspace.here(), inventory, environment)
    if json_:
        print(json.dumps({"findings": [asdict(one) for one in findings]}, ensure_ascii=False, indent=1))
    for one in findings:
        if one.verdict != "conform":
            say(f"{one.rule} {one.object}: {one.verdict}: {one.reason}" + tr(". Fix: {fix}", fix=one.remedy))
    verdicts = [one.verdict for one in findings]
    counted = ", ".join(f"{verdicts.count(one)} {one}" for one in ("conform", "nonconform", "not_tested"))
    say(f"{name}: {counted}")
    if "not_tested" in verdicts:
        raise typer.Exit(Exit.COULD_NOT_CHECK)
    if "nonconform" in verdicts:
        raise typer.Exit(Exit.FINDINGS)
