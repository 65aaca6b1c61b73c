"""Where things are, for whoever has just brought the city up."""

from __future__ import annotations

import json

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.workspace import Workspace
from lab import identity, namespace
from lab.render import api_urls


def describe(workspace: Workspace) -> list[str]:
    """Return the lines to print: addresses, environment, next commands, times."""
    who = identity.load(workspace)
    if who is None or namespace.holder(workspace) is None:
        raise GovcloudError("the lab does not run. Fix: make up", status=Exit.COULD_NOT_CHECK)
    urls = api_urls(who)
    file = workspace.lab / "phases.json"
    phases = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    slowest = sorted(((took, name) for name, took in phases.items() if took >= 1), reverse=True)
    return [
        "",
        f"Identity API        {urls['keystone']}/v3",
        f"Floating addresses  {who.floating}, {who.floating6}",
        f"Logs                {workspace.lab / 'state' / 'log'}",
        "",
        'eval "$(.venv/bin/govcloud env)"           the field\'s own commands work after this:',
        "openstack --os-cloud lab-admin server list --all-projects",
        "pulumi up -s lab-foundation",
        "ansible all -i inventory/hosts.py -m ping",
        "govcloud lab status",
        "",
        "Seconds by phase (phases overlap):",
        *(f"  {took:7.1f}  {name}" for took, name in slowest),
    ]
