"""The city of this checkout's inventory, read once: tests without a city compare with it, and never change it."""

from __future__ import annotations

from govcloud.core.model.inventory import load
from govcloud.core.workspace import Workspace

SAMPLE = load(Workspace.here().inventory)
