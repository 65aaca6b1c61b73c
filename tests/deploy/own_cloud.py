"""A checkout without a lab, whose cloud is somebody else's: the lab of the tests' city."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openstack.connection
import pytest
import yaml

from govcloud.core.files import write_atomically
from tests.conftest import ROOT, City, copy_checkout, environment_of, of_the_tests, outside

OWNER, MEMBER = "somebodys", "somebodys-member"
PROJECT, FLAVOR = "somebodys-harbour", "somebodys-smallest"


@dataclass(frozen=True)
class Own:
    """A checkout whose cloud is another's."""

    root: Path
    env: dict[str, str]

    def run(self, *command: str, status: Sequence[int] = (0,)) -> subprocess.CompletedProcess[str]:
        """Run one of the field's commands there."""
        done = subprocess.run(
            command, cwd=self.root, env=self.env, capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode in status, f"{' '.join(command)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def deploy(self, *options: str, status: Sequence[int] = (0,)) -> subprocess.CompletedProcess[str]:
        """Run `govcloud deploy`."""
        return self.run("govcloud", "deploy", *options, status=status)

    def changes(self, *options: str) -> int:
        """Return how many resources would change."""
        done = self.deploy("--json", *options, status=(0, 1))
        return sum(int(one["changes"]) for one in json.loads(done.stdout)["units"])

    def approved(self, *options: str) -> None:
        """Read what would be done, approve it, have it done."""
        said = self.deploy(*options, status=(1,)).stderr
        self.deploy(*options, *([] if "--destroy" in options else ["--apply"]), "--approve", said.split()[-1])


@pytest.fixture(scope="module")
def own(city: City) -> Iterator[Own]:
    """Make the checkout, with the small city as its inventory and the lab's administrator as its cloud."""
    root = ROOT / ".test" / "own"
    shutil.rmtree(of_the_tests(root), ignore_errors=True)
    copy_checkout(root)
    shutil.rmtree(root / "inventory")
    shutil.copytree(ROOT / "tests" / "data" / "foreign", root / "inventory")
    subprocess.run(["make", "-s", "tools"], cwd=root, env=outside(), stdin=subprocess.DEVNULL, check=True)
    lab = yaml.safe_load((city.root / ".lab" / "clouds.yaml").read_text(encoding="utf-8"))["clouds"]
    write_atomically(root / ".lab" / "clouds.yaml", yaml.safe_dump({"clouds": {OWNER: lab["lab-admin"]}}), mode=0o600)
    write_atomically(root / ".lab" / "secrets" / "pulumi_passphrase", "only-of-this-test\n", mode=0o600)
    shutil.copy(city.root / ".lab" / "secrets" / "operator_ed25519.pub", root / ".lab" / "secrets")
    yield Own(root, environment_of(root))
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def member(own: Own, cloud: openstack.connection.Connection) -> Iterator[str]:
    """Give a project and a plain member of it, as a provider would; return the project's id."""
    identity: Any = cloud.identity
    project = identity.create_project(name=PROJECT)
    user = identity.create_user(name=MEMBER, password=MEMBER, default_project_id=project.id)
    identity.assign_project_role_to_user(project, user, identity.find_role("member"))
    file = own.root / ".lab" / "clouds.yaml"
    clouds = yaml.safe_load(file.read_text(encoding="utf-8"))["clouds"]
    auth = {**clouds[OWNER]["auth"], "username": MEMBER, "password": MEMBER, "project_name": PROJECT}
    clouds[MEMBER] = {**clouds[OWNER], "auth": auth}
    write_atomically(file, yaml.safe_dump({"clouds": clouds}), mode=0o600)
    yield project.id
    for group in cloud.network.security_groups(project_id=project.id):
        cloud.network.delete_security_group(group)
    identity.delete_user(user)
    identity.delete_project(project)
    flavor = cloud.compute.find_flavor(FLAVOR)
    if flavor:
        cloud.compute.delete_flavor(flavor)


def things(cloud: openstack.connection.Connection, project: str) -> list[str]:
    """Return what stands in a project, the default group excepted, which the cloud makes by itself."""
    network: Any = cloud.network
    found = [one for one in cloud.compute.servers(all_projects=True) if one.project_id == project]
    found += [one for one in cloud.block_storage.volumes(all_projects=True) if one.project_id == project]
    for kind in ("networks", "subnets", "routers", "ports", "ips", "security_groups"):
        found += [one for one in getattr(network, kind)(project_id=project) if one.name != "default"]
    return sorted(f"{type(one).__name__} {one.name}" for one in found)
