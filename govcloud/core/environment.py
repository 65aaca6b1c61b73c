"""The environment in which the field's own commands work on this checkout's city, unwrapped.

No user name, password or token is in it: the provider would silently take one from an `OS_*` variable. Credentials
stand in clouds.yaml, which is readable by its owner only.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from govcloud.core.workspace import Workspace


def variables(workspace: Workspace) -> dict[str, str]:
    """Return what `pulumi`, `openstack`, `ansible` and `pytest` need to find this city."""
    return {
        "OS_CLIENT_CONFIG_FILE": str(workspace.clouds_yaml),
        "PULUMI_BACKEND_URL": f"file://{workspace.pulumi_backend}",
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


def env() -> None:
    """Print shell exports for the field's own commands. Example: eval "$(.venv/bin/govcloud env)"."""
    for name, value in variables(Workspace.here()).items():
        print(f"export {name}={shlex.quote(value)}")  # noqa: T201 - this is what the command is for
