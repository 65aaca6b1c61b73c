"""The real tools, built once and kept in the user's cache, and a project to use them on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from govcloud.core.workspace import Workspace
from tests.toolchain.project import Project
from toolchain import build


@pytest.fixture(scope="session")
def tools() -> build.Tools:
    return build.ensure()


@pytest.fixture(scope="session")
def new_project(tmp_path_factory: pytest.TempPathFactory, tools: build.Tools) -> Path:
    """Make a project with an empty stack once; copies of it start where every test needs to."""
    workspace = Workspace(tmp_path_factory.mktemp("project") / "checkout")
    build.link(workspace, tools)
    workspace.pulumi_backend.mkdir(parents=True)
    made = Project(workspace)
    made.write("import pulumi\n")
    made.pulumi("stack", "init", "test")
    return workspace.root


@pytest.fixture
def project(tmp_path: Path, new_project: Path) -> Project:
    root = tmp_path / "checkout"
    shutil.copytree(new_project, root, symlinks=True)
    return Project(Workspace(root))
