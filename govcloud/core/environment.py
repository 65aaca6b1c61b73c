"""The environment in which the field's own commands work on this checkout's city, unwrapped.

No user name, password or token is in it: the provider would silently take one from an `OS_*` variable. Credentials
stand in clouds.yaml, which is readable by its owner only.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from govcloud.core.model.inventory import load
from govcloud.core.workspace import Workspace


def variables(workspace: Workspace, state_backend: str | None = None) -> dict[str, str]:
    """Return what `pulumi`, `openstack`, `ansible` and `pytest` need to find this city.

    A database's password is the caller's (`PGPASSWORD`, `PGPASSFILE`), or in the checkout's own file.
    """
    passwords = {"PGPASSFILE": str(workspace.database_passwords)} if workspace.database_passwords.is_file() else {}
    return {
        **(passwords if state_backend and "PGPASSFILE" not in os.environ else {}),
        "OS_CLIENT_CONFIG_FILE": str(workspace.clouds_yaml),
        "PULUMI_BACKEND_URL": state_backend or f"file://{workspace.pulumi_backend}",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(workspace.passphrase),
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_HOME": str(workspace.pulumi_home),
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "ANSIBLE_CONFIG": str(workspace.root / "playbooks" / "ansible.cfg"),
        "PATH": os.pathsep.join(
            [str(Path(sys.prefix) / "bin"), str(workspace.bin), os.environ.get("PATH", os.defpath)]
        ),
    }


def patience(seconds: int) -> int:
    """Return how long to wait for what says nothing: `seconds`, or less where `GOVCLOUD_PATIENCE` says so."""
    told = os.environ.get("GOVCLOUD_PATIENCE", "")
    return min(seconds, int(told)) if told.isdecimal() else seconds


def env(
    environment: Annotated[
        str,
        typer.Option("--env", metavar="NAME", help="Environment of the inventory, if its states are in a database."),
    ] = "",
) -> None:
    """Print shell exports for the field's own commands. Example: eval "$(.venv/bin/govcloud env)"."""
    workspace = Workspace.here()
    # Without a name the inventory is not read: the tools must be at hand while it is mended.
    backend = load(workspace.inventory).environment(environment).state_backend if environment else None
    for name, value in variables(workspace, backend).items():
        print(f"export {name}={shlex.quote(value)}")  # noqa: T201 - this is what the command is for
