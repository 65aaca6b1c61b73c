"""A cloud in memory for the function test, and runs of it in a department's access."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from govcloud.core.files import write_atomically
from govcloud.core.progress import Phases
from govcloud.core.workspace import Workspace
from govcloud.deploy import clouds_file
from govcloud.verify.function.context import Foreign
from govcloud.verify.function.marker import Marker
from govcloud.verify.function.steps import Step
from govcloud.verify.function.suite import Asked, Suite
from tests.verify.fake_cloud import ADMIN, FakeCloud, running

DEPARTMENT, OTHER, OPERATOR = "lab-approval", "lab-bureau", "lab-admin"
_PROJECTS = {DEPARTMENT: "approval", OTHER: "bureau", OPERATOR: ADMIN}


@dataclass
class Try:
    """A cloud and a checkout that knows it."""

    cloud: FakeCloud
    workspace: Workspace
    marker: Marker = field(default_factory=Marker.now)

    def connect(self, name: str = DEPARTMENT) -> Any:
        """Sign in by a name of clouds.yaml."""
        return clouds_file.connect(self.workspace, name)

    def run(self, *scenarios: str, operator: str = "", foreign: tuple[Foreign, ...] = ()) -> dict[str, Step]:
        """Run scenarios; return the steps by `scenario step`."""
        asked = Asked(cloud=DEPARTMENT, operator=operator, scenarios=scenarios, foreign=foreign)
        with Phases("verify function") as phases:
            steps = Suite(self.connect, asked, self.marker).run(phases)
        return {f"{one.scenario} {one.step}": one for one in steps}

    def left(self) -> list[str]:
        """Return the names of what bears the mark still."""
        return [
            name for kind in self.cloud.things for name in self.cloud.names(kind) if name.startswith("govcloud-verify")
        ]


@pytest.fixture
def tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Try]:
    """Give a cloud, and a checkout with three accesses to it; waiting is short."""
    monkeypatch.setenv("GOVCLOUD_CACHE", str(tmp_path / "cache"))
    real = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: real(min(seconds, 0.01)))
    with running() as cloud:
        workspace = Workspace(tmp_path / "checkout")
        entries = {
            name: {
                "auth_type": "v3applicationcredential",
                "auth": {
                    "auth_url": f"{cloud.url}/identity/v3",
                    "application_credential_id": project,
                    "application_credential_secret": "only-of-this-test",
                },
                "region_name": "RegionOne",
                "interface": "public",
            }
            for name, project in _PROJECTS.items()
        }
        write_atomically(workspace.clouds_yaml, yaml.safe_dump({"clouds": entries}), mode=0o600)
        yield Try(cloud, workspace)
