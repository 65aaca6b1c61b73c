"""A Pulumi project of a test's own: a checkout-like directory, a file backend, and the real tools; no cloud."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from govcloud.core.workspace import Workspace

SETTINGS = """\
name: toolchain-test
runtime: python
main: stacks/
"""

# A provider that is configured but asks nobody anything: authentication happens at the first resource.
PROVIDER = """\
import asyncio
import pulumi
import pulumi_openstack as openstack

cloud = openstack.Provider(
    "cloud",
    auth_url="http://127.0.0.1:{port}/v3",
    user_name="nobody",
    password="none",
    tenant_name="none",
    region="none",
)
by_cloud = pulumi.ResourceOptions(provider=cloud)
"""


@dataclass
class Project:
    """One project with one stack called `test`."""

    workspace: Workspace
    variables: dict[str, str] = field(default_factory=dict)

    def write(self, program: str) -> None:
        """Write the program."""
        stacks = self.workspace.root / "stacks"
        stacks.mkdir(parents=True, exist_ok=True)
        (self.workspace.root / "Pulumi.yaml").write_text(SETTINGS)
        (stacks / "__main__.py").write_text(program)

    def environment(self) -> dict[str, str]:
        """Return the environment of an operator who works on this project."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(("OS_", "PULUMI_"))}
        return own | {
            "PULUMI_BACKEND_URL": f"file://{self.workspace.pulumi_backend}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_HOME": str(self.workspace.pulumi_home),
            "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PATH": os.pathsep.join([str(Path(sys.prefix) / "bin"), str(self.workspace.bin), os.environ["PATH"]]),
            **self.variables,
        }

    def pulumi(self, *arguments: str, succeeds: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.workspace.root,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert (done.returncode == 0) is succeeds, done.stdout + done.stderr
        return done

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command as a terminal does: in a process group of its own."""
        return subprocess.Popen(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.workspace.root,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )


@dataclass(frozen=True)
class Process:
    """A process that cannot be taken for another: numbers are given anew, start times are not."""

    number: int
    started: str

    def command(self) -> str:
        """Return the command line, empty when it has ended."""
        try:
            return Path(f"/proc/{self.number}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            return ""

    def runs(self) -> bool:
        """Tell whether it is still there; one that nobody has waited for yet is not."""
        found = _process(self.number)
        return found is not None and found[0].started == self.started and found[1] != "Z"


def _process(number: int) -> tuple[Process, str] | None:
    try:
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return Process(number, fields[19]), fields[0]


def descendants(number: int) -> set[Process]:
    """Return all processes below one."""
    found: set[Process] = set()
    for task in Path(f"/proc/{number}/task").glob("*/children"):
        try:
            children = [int(text) for text in task.read_text().split()]
        except OSError:
            continue
        for child in children:
            process = _process(child)
            if process:
                found |= {process[0], *descendants(child)}
    return found


def eventually(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until a condition holds, at most so long, and tell whether it did."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return condition()
