"""`make lock`: writes the lock files anew after a change of what they are made from.

They are requirements files with hashes and not uv.lock, because uv.lock writes the address of the index that it was
made with into the project (docs/decisions/0001). Versions stay as they are unless asked otherwise:

    .venv/bin/python -m toolchain.lock --upgrade-package openstacksdk
"""

from __future__ import annotations

import sys

from toolchain import uv
from toolchain.machine import ROOT

# Lock file -> what it is made from. The first is for whatever Python the machine has, the second for the lab's own.
LOCKS = {
    "requirements.txt": ("pyproject.toml", "--group", "dev", "--universal"),
    "lab/root/openstack.txt": ("lab/root/openstack.in",),
}
COMMON = (
    "--quiet",
    "--generate-hashes",
    "--python-version",
    "3.11",
    "--no-emit-index-url",
    "--custom-compile-command",
    "make lock",
)


def main() -> None:
    """Compile every lock file; arguments go to uv."""
    for target, sources in LOCKS.items():
        uv.run("pip", "compile", *COMMON, *sys.argv[1:], *sources, "--output-file", target, directory=ROOT)


if __name__ == "__main__":
    main()
