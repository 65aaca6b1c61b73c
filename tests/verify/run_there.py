"""Runs the command as if its code stood in another checkout: `python -m tests.verify.run_there ROOT ARGUMENT...`."""

from __future__ import annotations

import sys
from pathlib import Path

from govcloud import cli
from govcloud.core.workspace import Workspace


def main() -> None:
    root = Path(sys.argv.pop(1))
    Workspace.here = classmethod(lambda cls: cls(root))  # type: ignore[method-assign,assignment]
    cli.main()


if __name__ == "__main__":
    main()
