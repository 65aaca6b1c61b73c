"""`govcloud image`: the life of the city's images, from their packages to the day when nobody starts from them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.workspace import Workspace
from govcloud.deploy import clouds_file
from lab.images import build as recipes
from lab.images import lifecycle, machine, publish, trial
from lab.images.catalogue import MACHINE, NAMES
from lab.provider import EXTERNAL

app = typer.Typer(help="The city's images: build, test, publish, retire.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help=f"{', '.join((*NAMES, MACHINE))}.")]
Cloud = Annotated[str, typer.Option("--cloud", help="Access in clouds.yaml.")]
ADMIN = "lab-admin"


@app.command(epilog="Example: govcloud image build debian-12-hardened")
def build(name: Name) -> None:
    """Build an image from Debian's packages, if its recipe has changed; say where it is and what it is."""
    path = _file(name)
    print(f"{path} {recipes.built_on(path)} sha512:{publish.sha512(path)}")


@app.command("publish", epilog="Example: govcloud image publish debian-12-hardened --cloud mycloud")
def publish_(name: Name, cloud: Cloud = ADMIN) -> None:
    """Make the built image the one that its name finds; the version before it is hidden, and stays."""
    with clouds_file.connect(Workspace.here(), cloud) as connection:
        if name == MACHINE:
            made = publish.publish_machine(connection, machine.ensure())
        else:
            made = publish.publish(connection, name, _file(name))
    print(made)


@app.command(epilog="Example: govcloud image show debian-12-hardened")
def show(name: Name, cloud: Cloud = ADMIN) -> None:
    """Say which versions there are, newest first, and how many servers stand on each."""
    with clouds_file.connect(Workspace.here(), cloud) as connection:
        for one in lifecycle.versions(connection, name):
            state = f"{one.status}{', hidden' if one.hidden else ''}"
            print(f"{one.id} {state}, {len(one.servers)} servers")


@app.command("test", epilog="Example: govcloud image test debian-12-hardened")
def try_out(
    name: Name,
    cloud: Cloud = ADMIN,
    version: Annotated[str, typer.Option("--version", help="Its id; the one that the name finds without.")] = "",
    external: Annotated[str, typer.Option("--external", help="The external network.")] = EXTERNAL,
) -> None:
    """Start a server from a published image, sign in, look at what it promises, remove the server.

    Exit 0 when all is as it has to be, 1 when something is not, 3 when it could not be looked at.
    """
    workspace = Workspace.here()
    public = workspace.ssh_key.with_name(workspace.ssh_key.name + ".pub").read_text(encoding="utf-8").strip()
    with clouds_file.connect(workspace, cloud) as connection:
        image = version or _current(connection, name)
        with trial.server(connection, image, external, public) as address:
            wrong = lifecycle.judge(address, workspace.ssh_key, hardened=name.endswith("-hardened"))
    for one in wrong:
        print(f"{name} {image}: {one}", file=sys.stderr)
    if wrong:
        raise typer.Exit(Exit.FINDINGS)
    print(f"{name} {image}: as it has to be", file=sys.stderr)


@app.command(epilog="Example: govcloud image retire debian-12 0b6e5f64-…")
def retire(
    name: Name,
    version: Annotated[str, typer.Argument(help="Its id, see `govcloud image show`.")],
    cloud: Cloud = ADMIN,
    in_use: Annotated[bool, typer.Option("--in-use", help="Hide it though servers stand on it.")] = False,
) -> None:
    """Hide a version and let nobody start from it; exit 4 while servers stand on it."""
    with clouds_file.connect(Workspace.here(), cloud) as connection:
        one = lifecycle.retire(connection, name, version, in_use=in_use)
    print(f"{name} {one.id}: {one.status}{', hidden' if one.hidden else ''}", file=sys.stderr)


def _file(name: str) -> Path:
    return machine.ensure() / "disk" if name == MACHINE else recipes.ensure(name)


def _current(connection: Any, name: str) -> str:
    found = [one.id for one in lifecycle.versions(connection, name) if not one.hidden and one.status == "active"]
    if not found:
        message = f"The cloud has no image {name}. Fix: govcloud image publish {name}"
        raise GovcloudError(message, status=Exit.COULD_NOT_CHECK)
    return found[0]
