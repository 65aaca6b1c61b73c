"""Every rule of the inventory, broken once; the cases are data (`tests/data/faults.yaml`)."""

from __future__ import annotations

from typing import NamedTuple

import yaml

from govcloud.core.workspace import Workspace

APPROVAL, EXCHANGE = "departments/approval", "platforms/exchange"


class Case(NamedTuple):
    """One text of one file with something else in its place, and the fault that follows."""

    file: str
    old: str
    new: str
    subject: str
    at: str
    words: str


_FILE = Workspace.here().root / "tests" / "data" / "faults.yaml"
CASES = [Case(**one) for one in yaml.safe_load(_FILE.read_text(encoding="utf-8"))]
