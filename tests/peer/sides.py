"""The two sides: what an engineer runs for `up`, `up` again, drift and `destroy`, with the same work at once.

Ours runs as `govcloud deploy` runs a unit: the same call of the same command with the same state backend, in a folder
of its own. OpenTofu gets as many operations at once as Pulumi takes by itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from govcloud.core.model.inventory import load
from govcloud.core.model.tenancy import GivenProject, Tenancy
from govcloud.core.model.units import Kind, Unit
from govcloud.core.workspace import Workspace
from govcloud.deploy.drift import states
from govcloud.deploy.drift.compare import compare
from govcloud.deploy.drift.look import Looker
from govcloud.deploy.pulumi_cli import Pulumi
from tests.peer import tools, topology
from toolchain import build

# What Pulumi takes when nothing is said: four for each core.
AT_ONCE = 4 * (os.cpu_count() or 1)
STACK = "bench-peer"
_DRIFTED = 2


class Side(Protocol):
    """One tool and its copy of the topology; each step raises when the tool fails."""

    def up(self) -> None:
        """Make everything."""

    def again(self) -> None:
        """Do the same once more, with nothing to do, as the tool does it by itself."""

    def again_asking(self) -> None:
        """Do so with every resource asked of the cloud first."""

    def again_trusting(self) -> None:
        """Do so with the state believed."""

    def drift(self) -> None:
        """Ask the cloud whether anything differs from the state, and change nothing."""

    def destroy(self) -> None:
        """Take everything away."""

    def known(self) -> int:
        """Return how many resources the state has."""


class Ours:
    """Pulumi, by the project's own calls."""

    def __init__(self, workspace: Workspace, cloud: str) -> None:
        build.link(workspace, build.ensure())
        root = workspace.root
        (root / "program").mkdir()
        code = "from tests.peer.program import build\n\nbuild()\n"
        (root / "program" / "__main__.py").write_text(code, encoding="ascii")
        settings = "{pulumi:autonaming: {value: {mode: disabled}}}"
        project = (
            f"name: govcloud\nruntime: python\nmain: program/\nstackConfigDir: stacks/settings\nconfig: {settings}\n"
        )
        (root / "Pulumi.yaml").write_text(project, encoding="ascii")
        workspace.passphrase.parent.mkdir(parents=True, exist_ok=True)
        workspace.passphrase.write_text("bench\n", encoding="ascii")
        self._pulumi = _WithOurCode(workspace)
        # The access is called `<environment>-<department>`, as everywhere.
        environment, _, self._department = cloud.partition("-")
        given = Tenancy(projects={self._department: GivenProject(project=cloud)})
        lab = load(Workspace.here().inventory).environment("lab")
        self._environment = lab.model_copy(update={"key": environment, "tenancy": given})
        self._pulumi.stacks()
        self._pulumi.text("stack", "init", "--no-select", STACK)
        file = self._pulumi.settings(STACK)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="ascii") as settings_of_stack:
            settings_of_stack.write(f"config:\n  openstack:cloud: {cloud}\n")

    def up(self) -> None:
        """As `govcloud deploy --apply`."""
        self._do("up", "--yes", "--skip-preview", "--refresh")

    def again(self) -> None:
        """As `pulumi up` by hand."""
        self._do("up", "--yes", changes=0)

    def again_asking(self) -> None:
        """As `govcloud deploy --apply` of a unit in which something was thought to change."""
        self._do("up", "--yes", "--skip-preview", "--refresh", changes=0)

    def again_trusting(self) -> None:
        """Without a second look at the program."""
        self._do("up", "--yes", "--skip-preview", changes=0)

    def drift(self) -> None:
        """As `govcloud drift`: lists of the cloud held against the state, with the access of one project."""
        state = json.loads(self._pulumi.text("stack", "export", "--stack", STACK))["deployment"]
        known = [*states.of(Unit(name=STACK, kind=Kind.DEPARTMENT, department=self._department), state)]
        picture = Looker(self._pulumi.workspace, self._environment, known).look()
        report = compare(known, picture, self._environment)
        if report.found or report.could_not_look:
            raise SystemExit(f"drift where nothing was touched: {report}")

    def destroy(self) -> None:
        """As `govcloud deploy --destroy`."""
        self._do("destroy", "--yes", "--skip-preview")

    def known(self) -> int:
        """Count what the cloud has made: the rest of the state is ours alone."""
        state = json.loads(self._pulumi.text("stack", "export", "--stack", STACK))["deployment"]
        return sum(str(one["type"]).startswith("openstack:") for one in state.get("resources") or ())

    def _do(self, verb: str, *options: str, changes: int | None = None) -> None:
        outcome = self._pulumi.operate(verb, STACK, *options)
        if not outcome.ok or (changes is not None and outcome.changes.total != changes):
            raise SystemExit(f"pulumi {verb}: {outcome.changes} {outcome.errors}")


class _WithOurCode(Pulumi):
    """The command in a folder of its own, with this checkout's code."""

    def environment(self) -> dict[str, str]:
        """Return the project's own environment and where its code is."""
        return {**super().environment(), "PYTHONPATH": str(Workspace.here().root)}


class Tofu:
    """OpenTofu with its own defaults, but for what is asked at once."""

    def __init__(self, workspace: Workspace, cloud: str) -> None:
        found = tools.ensure()
        self._folder = workspace.root / "tofu"
        self._folder.mkdir()
        settings = self._folder / "settings.tfrc"
        settings.write_text(found.settings, encoding="utf-8")
        body = topology.hcl(topology.topology(), cloud)
        (self._folder / "main.tf.json").write_text(json.dumps(body), encoding="utf-8")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("OS_", "TF_"))}
        ours = {"OS_CLIENT_CONFIG_FILE": str(workspace.clouds_yaml), "TF_CLI_CONFIG_FILE": str(settings)}
        self._environment = {**kept, **ours, "TF_IN_AUTOMATION": "1"}
        self._command = found.tofu
        self._run(["init"])

    def up(self) -> None:
        """As an engineer does."""
        self._act("apply", "-auto-approve")

    def again(self) -> None:
        """As an engineer does: asks every resource of the cloud."""
        self._act("apply", "-auto-approve")

    again_asking = again

    def again_trusting(self) -> None:
        """With the state believed."""
        self._act("apply", "-auto-approve", "-refresh=false")

    def drift(self) -> None:
        """Look for differences and say so by the exit status."""
        if self._act("plan", "-refresh-only", "-detailed-exitcode") == _DRIFTED:
            raise SystemExit("tofu sees drift where nothing was touched")

    def destroy(self) -> None:
        """Take everything away."""
        self._act("destroy", "-auto-approve")

    def known(self) -> int:
        """Count the state."""
        state: dict[str, Any] = json.loads((self._folder / "terraform.tfstate").read_text(encoding="utf-8"))
        return len(state["resources"])

    def _act(self, verb: str, *options: str) -> int:
        return self._run([verb, f"-parallelism={AT_ONCE}", *options])

    def _run(self, arguments: Sequence[str]) -> int:
        with tempfile.TemporaryFile("w+") as printed:
            done = subprocess.run(
                [str(self._command), *arguments, "-input=false", "-no-color"],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                check=False,
            )
            if done.returncode not in {0, _DRIFTED}:
                printed.seek(0)
                raise SystemExit(f"tofu {arguments[0]}: status {done.returncode}\n{printed.read()[-4000:]}")
        return done.returncode


def folder_of(root: Path) -> Workspace:
    """Return a workspace in an empty folder."""
    workspace = Workspace(root)
    workspace.lab.mkdir(parents=True)
    return workspace
