"""The real `pulumi preview` of one unit of a large city, without a cloud: the plugin signs in at its first question.

A system's unit has none before it is built. Its department's unit is not there either: what it would tell is unknown,
as in the preview of a city that nobody has built.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from govcloud.core.environment import variables
from govcloud.core.model.inventory import load
from govcloud.core.model.units import system_of, units
from govcloud.core.workspace import Workspace
from tests.conftest import copy_checkout
from toolchain import build

_NOWHERE = {"auth_url": "http://127.0.0.1:9/v3", "username": "nobody", "password": "none", "project_name": "none"}
_LIMIT_SECONDS = 300


class PlanOnly:
    """A copy of the checkout with a large city in it, and a backend of its own."""

    def __init__(self, root: Path, inventory: Path) -> None:
        root.mkdir()
        copy_checkout(root)
        shutil.rmtree(root / "inventory")
        shutil.copytree(inventory, root / "inventory")
        self._workspace = Workspace(root)
        self._inventory = load(inventory)
        self._units = units(self._inventory, self._inventory.environments["lab"])
        build.link(self._workspace, build.ensure())
        for folder in (self._workspace.pulumi_backend, self._workspace.secrets):
            folder.mkdir(parents=True, exist_ok=True)
        self._workspace.passphrase.write_text("bench\n", encoding="ascii")
        clouds = {environment.cloud("d1"): {"auth": _NOWHERE} for environment in self._inventory.environments.values()}
        self._workspace.clouds_yaml.write_text(yaml.safe_dump({"clouds": clouds}), encoding="utf-8")
        # The department's, which a system's unit reads: there, and empty.
        self._run("stack", "init", self._units["d1"].stack("lab"))

    def measured(self, name: str) -> dict[str, Any]:
        """Preview one unit; return seconds, and the most memory that engine, program and plugin had together."""
        unit = self._units[name]
        stack = unit.stack("lab")
        self._run("stack", "init", stack)
        self._run("config", "set", "openstack:cloud", unit.cloud(self._inventory.environments["lab"]), "--stack", stack)
        for secret in system_of(self._inventory, unit).security.secrets:
            self._run("config", "set", "--secret", secret, "of-the-bench", "--stack", stack)
        started, before = time.monotonic(), os.times()
        most = self._watched("preview", "--stack", stack)
        after = os.times()
        used = after.children_user + after.children_system - before.children_user - before.children_system
        return {
            "seconds": round(time.monotonic() - started, 1),
            "processor_seconds": round(used, 1),
            "peak_mib": most,
        }

    def _environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("OS_", "PULUMI_"))}
        path = os.pathsep.join([str(Path(sys.prefix) / "bin"), str(self._workspace.bin), os.environ["PATH"]])
        # The copy's own code, which finds its inventory beside itself.
        return {**kept, **variables(self._workspace), "PATH": path, "PYTHONPATH": str(self._workspace.root)}

    def _run(self, *arguments: str) -> None:
        subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self._workspace.root,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )

    def _watched(self, *arguments: str) -> int:
        """Run a command to its end and return the most memory of its process group, in MiB."""
        with (
            tempfile.TemporaryFile("w+") as printed,
            subprocess.Popen(
                ["pulumi", *arguments, "--non-interactive"],
                cwd=self._workspace.root,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            ) as process,
        ):
            most, end = 0, time.monotonic() + _LIMIT_SECONDS
            while process.poll() is None:
                most = max(most, _memory_of(process.pid))
                if time.monotonic() > end:
                    os.killpg(process.pid, signal.SIGKILL)
                time.sleep(0.1)
            if process.returncode:
                printed.seek(0)
                raise SystemExit(f"pulumi {' '.join(arguments)}: status {process.returncode}\n{printed.read()}")
        return most


def _memory_of(session: int) -> int:
    """Return the memory of all processes of a session, shared pages counted once, in MiB."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text(encoding="utf-8").rpartition(")")[2].split()[3]) == session:
                rollup = (stat.parent / "smaps_rollup").read_text(encoding="ascii")
                total += int(rollup.partition("\nPss:")[2].split()[0])
        except (OSError, IndexError):
            continue  # it has ended meanwhile
    return total // 1024
