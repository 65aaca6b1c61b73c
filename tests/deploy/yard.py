"""A checkout beside the tests' city, with the city's cloud and one cheap unit: what proofs of faults are run on.

Its unit has six resources and no server, so a run takes seconds. It is a department: the real components, the
real program and the real commands, with another list of what a department consists of (`small_unit.py`). State,
settings and accesses are its own, and its access leads through a proxy.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import openstack.connection
import yaml

from govcloud.core.environment import variables
from govcloud.core.workspace import Workspace
from govcloud.deploy import clouds_file
from govcloud.deploy.pulumi_cli import Pulumi
from tests.conftest import ROOT, copy_checkout, of_the_tests, outside
from tests.deploy.fault_proxy import Plan, Proxy, proxy

HERE = Path(__file__).parent
# Not the installed command: that belongs to the checkout that the tests run from.
_GOVCLOUD = (sys.executable, "-P", "-c", "from govcloud.cli import main; main()")
# What the unit has, by kind.
CONTENT = {"router": 1, "group": 1, "rule": 2, "keypair": 1, "secret": 1}


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    printed: str
    told: str


@dataclass(frozen=True)
class Yard:
    """The checkout, its proxy, and the cloud as its administrator sees it, around the proxy."""

    root: Path
    unit: str
    proxy: Proxy
    direct: openstack.connection.Connection
    patience: int = 600
    """How long its commands wait for what says nothing."""
    state_backend: str | None = None
    """The database that keeps its states, when they are in none of its files."""

    @property
    def stack(self) -> str:
        """The unit's stack."""
        return f"lab-{self.unit}"

    @property
    def environment(self) -> dict[str, str]:
        """Return what its commands run in: its own copy of every room comes first."""
        env = {**outside(), **variables(Workspace(self.root)), "PYTHONPATH": str(self.root), "LANGUAGE": "C"}
        return env | {"GOVCLOUD_PATIENCE": str(self.patience)}

    def start(self, *arguments: str, plan: Plan | None = None) -> subprocess.Popen[str]:
        """Start `govcloud` in a group of its own while the proxy follows a plan."""
        self.proxy.use(plan or Plan())
        return subprocess.Popen(
            [*_GOVCLOUD, *arguments],
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, plan: Plan | None = None) -> Done:
        """Run `govcloud` to its end while the proxy follows a plan."""
        with self.start(*arguments, plan=plan) as process:
            printed, told = process.communicate(timeout=300)
        return Done(process.returncode, printed, told)

    def converges(self) -> None:
        """Apply once more without any fault, and see that everything is there once and nothing would change."""
        again = self.run("deploy", self.unit, "--apply")
        assert again.status == 0, again.told
        assert self.counted() == CONTENT
        assert self.orphans() == []
        self.is_settled()

    def orphans(self) -> list[str]:
        """Return what the cloud has and the state does not know."""
        pulumi = Pulumi(Workspace(self.root), self.state_backend)
        state = json.loads(pulumi.text("stack", "export", "--stack", self.stack)).get("deployment") or {}
        known = {one.get("id") for one in state.get("resources") or ()}
        return [
            f"{kind} {one.name} {one.id}"
            for kind, some in self.things().items()
            for one in some
            if one.id.rpartition("/")[2] not in known
        ]

    def pulumi(self, *arguments: str) -> Done:
        """Run plain `pulumi` on its stack, as an engineer would in this checkout."""
        command = ["pulumi", *arguments, "--stack", self.stack, "--non-interactive", "--color", "never"]
        environment = self.environment | variables(Workspace(self.root), self.state_backend)
        done = subprocess.run(
            command, cwd=self.root, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
        return Done(done.returncode, done.stdout, done.stdout + done.stderr)

    def is_settled(self) -> None:
        """Ask Pulumi itself, which asks the cloud about each resource, and see that nothing would change."""
        done = self.pulumi("preview", "--refresh", "--expect-no-changes")
        assert done.status == 0, done.told

    def things(self) -> dict[str, list[Any]]:
        """Return what the department has in the cloud, by kind; what every project has by itself is left out."""
        network: Any = self.direct.network
        project = self.direct.current_project_id
        groups = [one for one in network.security_groups(project_id=project) if one.name != "default"]
        found = {
            "router": network.routers(project_id=project),
            "group": groups,
            "rule": (rule for one in groups for rule in network.security_group_rules(security_group_id=one.id)),
            "keypair": self.direct.compute.keypairs(),
            "secret": self.direct.key_manager.secrets(),
        }
        return {kind: listed for kind, some in found.items() if (listed := [*some])}

    def counted(self) -> dict[str, int]:
        """Return how many there are of each kind."""
        return dict(Counter({kind: len(some) for kind, some in self.things().items()}))

    def wipe(self) -> None:
        """Take everything away, past Pulumi, and forget it: the next run is the first."""
        removals = (
            ("secret", "key_manager", "secret"),
            ("keypair", "compute", "keypair"),
            ("group", "network", "security_group"),
            ("router", "network", "router"),
        )
        things = self.things()
        for kind, service, single in removals:
            for one in things.get(kind, ()):
                remove = getattr(getattr(self.direct, service), f"delete_{single}")
                remove(one.secret_id if kind == "secret" else one)
        assert self.counted() == {}
        self.forget()

    def forget(self) -> None:
        """Lose the state, as if nothing had ever been made from here."""
        workspace = Workspace(self.root)
        shutil.rmtree(workspace.pulumi_backend, ignore_errors=True)
        shutil.rmtree(workspace.lab / "unfinished", ignore_errors=True)
        for file in (self.root / "stacks" / "settings").glob(f"Pulumi.{self.stack}.yaml"):
            file.unlink()


def left_of_pulumi(root: Path) -> list[str]:
    """Return the processes of a checkout's pulumi: engine, language host and provider have its home."""
    mark, found = f"PULUMI_HOME={root}/".encode(), []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes():
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()[:100])
        except OSError:
            continue
    return [one for one in found if "pulumi" in one]


def assert_none_outlives(root: Path) -> None:
    """Wait until nothing is left of a killed pulumi."""
    deadline = time.monotonic() + 20
    while left_of_pulumi(root) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert left_of_pulumi(root) == []


@contextmanager
def yard(city: Path, root: Path, unit: str, address: str) -> Iterator[Yard]:
    """Make the checkout at `root` on the cloud of another one, with its proxy at a loopback address."""
    theirs, ours = Workspace(city), Workspace(root)
    shutil.rmtree(of_the_tests(root), ignore_errors=True)
    _copy(theirs, ours, unit)
    admin = clouds_file.connect(ours, "lab-admin")
    identity: Any = admin.identity
    project = identity.create_project(name=unit, description="drill")
    try:
        _credentials(root, unit)
        direct = clouds_file.connect(ours, f"lab-{unit}")
        with led_through(ours, f"lab-{unit}", admin, address) as stands:
            made = Yard(root, unit, stands, direct)
            yield made
            made.wipe()
    finally:
        _credentials(root, unit, "--withdraw")
        identity.delete_project(project)
        shutil.rmtree(root)


@contextmanager
def led_through(
    workspace: Workspace, name: str, administrator: openstack.connection.Connection, address: str
) -> Iterator[Proxy]:
    """Lead what a checkout asks of a cloud by one of its accesses through a proxy at a loopback address."""
    whole = clouds_file.entry(workspace, name) or {}
    keystone = urlsplit(whole["auth"]["auth_url"])
    identity: Any = administrator.identity
    ports = {urlsplit(one.url).port or 80 for one in identity.endpoints(interface="public")}
    with proxy(address, str(keystone.hostname), ports) as stands:
        auth = {**whole["auth"], "auth_url": f"http://{address}:{keystone.port}{keystone.path}"}
        clouds_file.put(workspace, name, {**whole, "auth": auth})
        try:
            yield stands
        finally:
            clouds_file.put(workspace, name, whole)


def _credentials(root: Path, unit: str, *options: str) -> None:
    subprocess.run(
        [*_GOVCLOUD, "credentials", unit, *options],
        cwd=root,
        env={**outside(), "PYTHONPATH": str(root)},
        stdin=subprocess.DEVNULL,
        check=True,
    )


def _copy(theirs: Workspace, ours: Workspace, unit: str) -> None:
    copy_checkout(ours.root)
    shutil.copy(HERE / "small_unit.py", ours.root / "stacks" / "units" / "department.py")
    for one in ("departments", "platforms"):
        shutil.rmtree(ours.inventory / one)
    (ours.inventory / "departments").mkdir()
    shutil.copy(HERE / "small_unit.yaml", ours.inventory / "departments" / f"{unit}.yaml")
    city = ours.inventory / "city.yaml"
    city.write_text(city.read_text(encoding="utf-8").replace("owner: bureau", f"owner: {unit}"), encoding="utf-8")
    milestones = ours.inventory / "milestones.yaml"
    head, _, _ = milestones.read_text(encoding="utf-8").partition("milestones:\n")
    milestones.write_text(f"{head}milestones: {{}}\n", encoding="utf-8")
    for owned in ("bin", "secrets", "pulumi_home"):
        shutil.copytree(theirs.lab / owned, ours.lab / owned, symlinks=True)
    clouds = yaml.safe_load(theirs.clouds_yaml.read_text(encoding="utf-8"))["clouds"]
    clouds_file.put(ours, "lab-admin", clouds["lab-admin"])
    (ours.root / ".venv").symlink_to(ROOT / ".venv")
