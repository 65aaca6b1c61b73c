"""Applies roles to this machine, each bounded to a folder of its own: every path of a role is a variable.

Programs that a role calls and that would act on the machine (`systemctl` and the like) are replaced by recorders that
come first on PATH; the roles and their handlers know nothing of it. All roles are applied by one run, as if each were a
host: a start of Ansible costs more than most roles.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ansible_runner

from govcloud.core.workspace import Workspace

PLAYBOOKS = Workspace.here().root / "playbooks"
# systemd's module asks for a unit's state before it acts; what was started is running from then on.
SYSTEMCTL = """#!/bin/sh
programs=$(dirname "$0")
case " $* " in
    *" show "*)
        state=inactive
        [ ! -e "$programs/running" ] || state=active
        printf 'LoadState=loaded\\nActiveState=%s\\nUnitFileState=enabled\\n' $state ;;
    *" is-enabled "*) echo enabled ;;
    *)
        echo "systemctl $*" >> "$programs/called"
        case $1 in start) : > "$programs/running" ;; esac ;;
esac
"""
RECORDER = '#!/bin/sh\necho "$(basename "$0") $*" >> "$(dirname "$0")/called"\n'


@dataclass(frozen=True)
class Result:
    """What a run did in one folder."""

    changed: int
    failed: int
    output: str
    called: tuple[str, ...]


@dataclass(frozen=True)
class Applied:
    """A role with its variables; `recorded` are the programs that it must not really run."""

    role: str
    folder: Path
    variables: Mapping[str, Any]
    recorded: tuple[str, ...] = ()
    running: bool = False

    def prepare(self) -> None:
        """Place the recorders."""
        self.programs.mkdir(parents=True)
        for program, text in {"systemctl": SYSTEMCTL, **dict.fromkeys(self.recorded, RECORDER)}.items():
            (self.programs / program).write_text(text, encoding="ascii")
            (self.programs / program).chmod(0o755)
        if self.running:
            (self.programs / "running").touch()

    @property
    def programs(self) -> Path:
        """Where the recorders are."""
        return self.folder.with_name(f"{self.folder.name}-programs")

    def files(self) -> dict[str, bytes]:
        """Return all that is in the folder."""
        return {str(path): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}


def apply(roles: Mapping[str, Applied], scratch: Path, *, check: bool = False) -> dict[str, Result]:
    """Apply all roles, each as a host of its key, and return what happened to each."""
    scratch.mkdir()
    for one in roles.values():
        (one.programs / "called").unlink(missing_ok=True)
    system = [str(Path(sys.prefix) / "bin"), *os.environ["PATH"].split(os.pathsep), "/usr/sbin", "/sbin"]
    hosts = {
        key: {**one.variables, "tried_role": one.role, "tried_path": os.pathsep.join([str(one.programs), *system])}
        for key, one in roles.items()
    }
    play = {
        "hosts": "all",
        "gather_facts": False,
        "strategy": "free",
        "connection": "local",
        "environment": {"PATH": "{{ tried_path }}"},
        "tasks": [{"ansible.builtin.include_role": {"name": "{{ tried_role }}"}}],
    }
    run = ansible_runner.run(
        private_data_dir=str(scratch),
        playbook=[play],
        inventory={"all": {"hosts": hosts}},
        extravars={"ansible_python_interpreter": sys.executable},
        envvars={
            "ANSIBLE_ROLES_PATH": str(PLAYBOOKS / "roles"),
            "ANSIBLE_CONFIG": str(PLAYBOOKS / "ansible.cfg"),
            "ANSIBLE_INVENTORY_ENABLED": "yaml",
            "ANSIBLE_HOME": str(scratch / "home"),
            "PATH": os.pathsep.join(system),
        },
        cmdline=shlex.join(["--check"] if check else []),
        quiet=True,
    )
    said: dict[str, list[str]] = {key: [] for key in roles}
    for event in run.events:
        said.get(event.get("event_data", {}).get("host"), []).append(event["stdout"])
    stats = run.stats or {}
    return {
        key: Result(
            stats.get("changed", {}).get(key, 0),
            stats.get("failures", {}).get(key, 0),
            "\n".join(said[key]) or run.stdout.read(),
            _called(one),
        )
        for key, one in roles.items()
    }


def _called(one: Applied) -> tuple[str, ...]:
    log = one.programs / "called"
    return tuple(log.read_text(encoding="utf-8").splitlines()) if log.exists() else ()
