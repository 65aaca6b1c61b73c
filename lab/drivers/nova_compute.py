"""nova-compute with the lab's driver: nova takes drivers only from `nova.virt`, so ours is put there first."""

from __future__ import annotations

import sys
from pathlib import Path

import nova.virt
from nova.cmd import compute


def main() -> None:
    """Start nova-compute; its options are nova's own."""
    nova.virt.__path__.append(str(Path(__file__).resolve().parent))
    compute.main()


if __name__ == "__main__":
    sys.exit(main())
