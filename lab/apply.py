"""Applies the city to the running lab: every unit by Pulumi, then every host's software by Ansible.

The commands are the ones an engineer types; nothing here knows a unit or a role. Only the way in which Ansible reaches
the servers is quicker: dozens of servers on two processors.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from govcloud.core import cache
from govcloud.core.environment import variables
from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.files import write_atomically
from govcloud.core.progress import Phases
from govcloud.core.workspace import Workspace
from lab import catalogue, provider

SITE = ("playbooks", "site.yml")


def apply(workspace: Workspace, phases: Phases) -> None:
    """Apply units; then software, unless these very hosts have this very software already."""
    tools = Path(sys.prefix) / "bin"
    phases.run("units", lambda: _run(workspace, [str(tools / "govcloud"), "deploy", "--apply"]))
    phases.run("routes", lambda: provider.routes(workspace, catalogue.connect(workspace)))
    site = workspace.root.joinpath(*SITE)
    applied = workspace.lab / "software.digest"
    wanted = _software(workspace)
    if applied.is_file() and applied.read_text(encoding="ascii") == wanted:
        phases.note("software unchanged: same hosts, same playbooks")
        return
    hosts = ["-i", str(workspace.inventory / "hosts.py")]
    # Plain SSH notes the keys of hosts that it meets for the first time; mitogen asks that they be known.
    meet = [
        str(tools / "ansible"),
        "all",
        *hosts,
        "-m",
        "ansible.builtin.raw",
        "-a",
        "true",
        "--one-line",
        "--forks",
        "16",
    ]
    phases.run("host keys", lambda: _run(workspace, meet))
    play = [str(tools / "ansible-playbook"), *hosts, str(site)]
    phases.run("software", lambda: _run(workspace, play, **_one_interpreter_per_server()))
    write_atomically(applied, wanted)


def _software(workspace: Workspace) -> str:
    """Digest what decides the hosts' software: the playbooks and the servers, which the cloud was just asked for."""
    found = (workspace.root / "playbooks").rglob("*")
    # Python's caches come and go with each run.
    files = sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts)
    outputs = workspace.build("lab") / "stack_outputs.json"
    return cache.digest(*files, *([outputs] if outputs.is_file() else []))


def _one_interpreter_per_server() -> dict[str, str]:
    """Return the environment in which Ansible keeps one Python on each server instead of starting one for each task.

    Measured: a quarter of the time. Not in ansible.cfg: operators have Ansible as they know it, and Ansible says that
    it may do away with strategies of others.
    """
    package = importlib.util.find_spec("ansible_mitogen")
    if package is None or not package.submodule_search_locations:
        raise GovcloudError("mitogen is not installed. Fix: python3 -m toolchain.bootstrap")
    return {
        "ANSIBLE_STRATEGY": "mitogen_linear",
        "ANSIBLE_STRATEGY_PLUGINS": str(Path(package.submodule_search_locations[0]) / "plugins" / "strategy"),
        "ANSIBLE_DEPRECATION_WARNINGS": "false",
    }


def _run(workspace: Workspace, command: list[str], **more: str) -> None:
    environment = {**os.environ, **variables(workspace), **more}
    done = subprocess.run(command, env=environment, cwd=workspace.root, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        message = f"{Path(command[0]).name} {' '.join(command[1:3])} ended with status {done.returncode}, see above"
        raise GovcloudError(message, status=Exit.FINDINGS)
