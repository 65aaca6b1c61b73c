"""The real tools, built once and kept in the user's cache, and a project to use them on."""

from __future__ import annotations

from pathlib import Path

import pytest

from govcloud.core.workspace import Workspace
from tests.toolchain.project import Project
from toolchain import build


@pytest.fixture(scope="session")
def tools() -> build.Tools:
    return build.ensure()


@pytest.fixture
def project(tmp_path: Path, tools: build.Tools) -> Project:
    workspace = Workspace(tmp_path / "checkout")
    build.link(workspace, tools)
    workspace.pulumi_backend.mkdir(parents=True)
    made = Project(workspace)
    made.write("import pulumi\n")
    made.pulumi("stack", "init", "test")
    return made
