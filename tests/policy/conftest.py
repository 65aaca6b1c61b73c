"""The project of the tool chain's tests, on which real tools run without a cloud."""

from tests.toolchain.conftest import new_project, project, tools

__all__ = ["new_project", "project", "tools"]
