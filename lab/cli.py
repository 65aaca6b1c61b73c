"""`govcloud lab`: the city on one machine."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.files import write_atomically
from govcloud.core.progress import Phases
from govcloud.core.workspace import Workspace
from lab import apply as apply_all
from lab import catalogue, identity, inotify, namespace, places, preflight, rootfs, start, status, stop
from lab import packages as package_list
from lab.images import build as guest_images
from lab.images import machine, publish
from lab.images.catalogue import MACHINE
from lab.provider import IMAGES
from lab.services import SERVICES
from toolchain import build as toolchain_build

app = typer.Typer(help="The city on one machine: a real OpenStack and its guests.", no_args_is_help=True)


@app.command()
def up() -> None:
    """Build what is missing and start the lab. Example: govcloud lab up."""
    workspace = Workspace.here()
    preflight.check(workspace)
    with Phases("lab up") as phases:
        who = identity.establish(workspace)
        inotify.raise_limit(who.lab_id)
        with ThreadPoolExecutor(max_workers=2) as pool:
            # The compiler is the longest work of a first run and nothing of the lab needs it.
            tools = pool.submit(phases.run, "tool chain", lambda: toolchain_build.link(workspace))
            pictures = pool.submit(phases.run, "guest images", lambda: [guest_images.ensure(name) for name in IMAGES])
            foundations = phases.run("root, OpenStack, schemas", rootfs.ensure)
            pictures.result()
            start.start(workspace, foundations, phases)
            tools.result()
        seconds = {**phases.seconds, "lab up": round(phases.total, 1)}
    write_atomically(workspace.lab / "phases.json", json.dumps(seconds, indent=1))


def _record(workspace: Workspace, seconds: dict[str, float]) -> None:
    """Add phases to those of the same `make up`."""
    file = workspace.lab / "phases.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    write_atomically(file, json.dumps({**known, **seconds}, indent=1))


@app.command()
def apply() -> None:
    """Apply every unit and the software of every host. Example: govcloud lab apply."""
    workspace = Workspace.here()
    with Phases("lab apply") as phases:
        apply_all.apply(workspace, phases)
        _record(workspace, {**phases.seconds, "lab apply": round(phases.total, 1)})


@app.command()
def where() -> None:
    """Say where things are and what each phase of the last `make up` took. Example: govcloud lab where."""
    for line in places.describe(Workspace.here()):
        print(line)


@app.command()
def down() -> None:
    """Stop the lab and keep its state. Example: govcloud lab down."""
    with Phases("lab down") as phases:
        stop.stop(Workspace.here(), phases)


@app.command()
def clean() -> None:
    """Remove everything this checkout made, and say what. Example: govcloud lab clean."""
    with Phases("lab clean") as phases:
        for line in stop.clean(Workspace.here(), phases):
            print(f"removed {line}")


@app.command("status")
def show_status(*, as_json: Annotated[bool, typer.Option("--json", help="Machine readable.")] = False) -> None:
    """Show every service: up, memory, since, last error. Example: govcloud lab status --json."""
    found = status.look(Workspace.here())
    if as_json:
        print(found.model_dump_json(indent=1))
        return
    table = Table("service", "up", "MiB", "since", "last error")
    for one in found.services:
        table.add_row(one.name, "yes" if one.up else "no", str(one.memory_mib), one.since or "", one.last_error[:80])
    console = Console()
    console.print(table)
    console.print(f"{found.guests} guests, {sum(one.memory_mib for one in found.services)} MiB in services")


@app.command()
def image() -> None:
    """Publish the image of virtual machines, building it when it is missing. Example: govcloud lab image."""
    workspace = Workspace.here()
    with Phases("lab image") as phases:
        parts = phases.run(f"build {MACHINE}", machine.ensure)
        phases.run(f"publish {MACHINE}", lambda: publish.publish_machine(catalogue.connect(workspace), parts))


@app.command()
def packages() -> None:
    """Write the list of packages that hosts have fetched to build/lab/packages.json. Example: govcloud lab packages."""
    workspace = Workspace.here()
    found = package_list.fetched(workspace)
    target = workspace.build("lab") / "packages.json"
    write_atomically(target, found.model_dump_json(indent=1))
    print(f"{len(found.packages)} packages, {target}")


@app.command()
def province() -> None:
    """Print the command that gives a shell at the simulated province.

    Example: govcloud verify reach --province "$(govcloud lab province)"
    """
    network = namespace.inside_path(Workspace.here(), "/run/netns/province")
    print(f"nsenter --net={network} sh -c")


@app.command()
def logs(
    service: Annotated[str, typer.Argument(help="Name as in `govcloud lab status`.")],
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many of the newest lines.")] = 100,
) -> None:
    """Print the newest lines of a service's logs. Example: govcloud lab logs neutron -n 50."""
    known = sorted(one.name for one in SERVICES)
    if service not in known:
        raise GovcloudError(f"{service}: no service of that name. Fix: one of {', '.join(known)}")
    directory = Workspace.here().lab / "state" / "log"
    files = [path for path in (directory / f"{service}.log", directory / f"{service}.out.log") if path.is_file()]
    if not files:
        raise GovcloudError(f"{service}: has logged nothing. Fix: make up", status=Exit.COULD_NOT_CHECK)
    subprocess.run(["tail", "--lines", str(lines), *map(str, files)], check=False)
