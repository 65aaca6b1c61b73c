"""`govcloud verify function`."""

from __future__ import annotations

import json
import time
from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.language import say, tr
from govcloud.core.model.results import Verdict
from govcloud.core.progress import Phases
from govcloud.core.workspace import Workspace
from govcloud.deploy import clouds_file
from govcloud.verify.function import foreign, report, suite
from govcloud.verify.function import sweep as sweeping
from govcloud.verify.function.marker import Marker
from govcloud.verify.function.only_one import only_one
from govcloud.verify.function.steps import CLOUD_ERRORS, Step, Told, judged


def function(
    cloud: Annotated[
        str, typer.Option("--cloud", metavar="NAME", help="A department's access in clouds.yaml.")
    ] = "lab-approval",
    operator: Annotated[
        str, typer.Option("--operator", metavar="NAME", help="Access that may move servers and see all departments'.")
    ] = "",
    scenario: Annotated[
        list[str] | None, typer.Option("--scenario", help="Only these; all when none is named.")
    ] = None,
    image: Annotated[str, typer.Option("--image", help="Instead of the smallest general public one.")] = "",
    flavor: Annotated[str, typer.Option("--flavor", help="Instead of the smallest that the image fits into.")] = "",
    others: Annotated[
        list[str] | None, typer.Option("--foreign", metavar="KIND=ID", help="Something of another department's.")
    ] = None,
    env: Annotated[str, typer.Option("--env", help="Environment whose other departments may be asked for.")] = "lab",
    sweep: Annotated[bool, typer.Option("--sweep", help="Only remove what your earlier tests left there.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print every step as JSON.")] = False,
) -> None:
    """Try whether a cloud's services do what they are for, as a department that is nobody special there.

    Servers, volumes, balancers, objects and secrets are made, used and removed; what a killed test left is removed
    first. Exit 0 when all went well, 1 when something did not, 3 when something could not be looked at.

    Example: govcloud verify function --cloud lab-approval --operator lab-admin
    """
    workspace, marker = Workspace.here(), Marker.now()
    wanted = _wanted(scenario or [])
    with only_one(_place(workspace, cloud)), Phases(f"verify function {cloud}") as phases:
        try:
            failed = _sweep(workspace, cloud, marker, phases)
            if sweep:
                if failed:
                    raise GovcloudError(failed, status=Exit.COULD_NOT_CHECK)
                return
            asked = suite.Asked(
                cloud=cloud,
                operator=operator,
                image=image,
                flavor=flavor,
                scenarios=wanted,
                foreign=foreign.both(
                    foreign.named(others or [], operator),
                    foreign.of_the_city(workspace, env, cloud, operator, clouds_file.names(workspace)),
                ),
            )
            began, start = datetime.now(UTC), time.monotonic()
            run = suite.Suite(lambda name: clouds_file.connect(workspace, name), asked, marker)
            steps = run.run(phases)
        except CLOUD_ERRORS as error:
            raise GovcloudError(f"{cloud}: {judged(error).said}", status=Exit.COULD_NOT_CHECK) from None
    written = report.write(
        report.folder_of(workspace.root / "build", cloud),
        report.Run(
            cloud=cloud,
            run=marker.run,
            at=began,
            seconds=time.monotonic() - start,
            operator=operator,
            steps=steps,
            **run.stood_on,
        ),
    )
    if json_:
        print(json.dumps(report.document(steps), ensure_ascii=False, indent=1))
    _tell(cloud, steps)
    for file in written:
        say(str(file))
    if status := suite.status(steps):
        raise typer.Exit(status)


def _wanted(names: list[str]) -> tuple[str, ...]:
    unknown = [name for name in names if name not in suite.SCENARIOS]
    if unknown:
        known = ", ".join(suite.SCENARIOS)
        raise GovcloudError(
            *(tr("No scenario is called {name}. There are: {known}", name=name, known=known) for name in unknown)
        )
    return tuple(names) or tuple(suite.SCENARIOS)


def _place(workspace: Workspace, cloud: str) -> str:
    """Return what tells one project of one cloud from all others, as far as the file of accesses says."""
    entry: dict[str, Any] = clouds_file.entry(workspace, cloud) or {}
    auth = entry.get("auth") or {}
    names = ("auth_url", "application_credential_id", "project_id", "project_name", "username")
    return " ".join([str(entry.get("region_name", "")), *(str(auth.get(name, "")) for name in names)])


def _sweep(workspace: Workspace, cloud: str, marker: Marker, phases: Phases) -> str:
    """Remove what earlier runs of this operator left; return why something could not be looked for."""
    with closing(clouds_file.connect(workspace, cloud)) as connection, phases.phase(tr("sweeping")):
        connection.authorize()
        failed = ""
        try:
            swept = sweeping.sweep(connection, marker, marker.everybody)
        except (Told, *CLOUD_ERRORS) as error:
            swept, failed = [], str((error if isinstance(error, Told) else judged(error)).said)
    for one in swept:
        phases.note(tr("removed, left by an earlier run: {kind} {name}", kind=one.kind, name=one.name))
    if failed:
        phases.note(tr("sweeping: {failed}", failed=failed))
    return failed


def _tell(cloud: str, steps: list[Step]) -> None:
    for one in steps:
        if one.verdict is not Verdict.CONFORM:
            say(f"{one.scenario} {one.step}: {one.verdict.value}: {one.said}")
    verdicts = [one.verdict for one in steps]
    counted = ", ".join(f"{verdicts.count(one)} {one.value}" for one in Verdict if one in verdicts)
    say(f"{cloud}: {counted}")
