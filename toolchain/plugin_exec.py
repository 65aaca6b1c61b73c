"""Runs a Python plugin (a policy pack, a component provider): the other child process of `toolchain.language_host`.

It does what `python -m MODULE ...` or `python PATH ...` would do, and ends with the host that started it.
"""

from __future__ import annotations

import runpy
import sys

from toolchain.parent import end_with_parent


def main() -> None:
    """Run `-m MODULE ARGUMENTS` or `PATH ARGUMENTS`."""
    end_with_parent()
    if sys.argv[1] == "-m":
        module, sys.argv = sys.argv[2], sys.argv[2:]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    else:
        sys.argv = sys.argv[1:]
        runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
