"""The steps of `toolchain.bootstrap`: what of the distribution is missing, then the project's virtual environment.

Only tools are installed, none of which brings a service, and nothing that they merely recommend: so nothing is started
on the machine. Everything else that the city needs lives in its own root file system (`lab/`).
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from govcloud.core import cache
from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.files import write_atomically
from govcloud.core.workspace import user_cache
from toolchain import uv

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / ".venv"
STAMP = ENVIRONMENT / ".ready"
# The interpreter behind the environment that may be active, so that both ways of calling make mean the same.
PYTHON = os.path.realpath(sys.executable)
INPUTS = (ROOT / "requirements.txt", ROOT / "pyproject.toml", uv.PINNED)

# Package -> is it there? With the tools from elsewhere (a newer release, another distribution) nothing is installed.
PACKAGES: dict[str, Callable[[], bool]] = {
    "graphviz": lambda: shutil.which("dot") is not None,
    "mmdebstrap": lambda: shutil.which("mmdebstrap") is not None,
    "iproute2": lambda: shutil.which("ip") is not None,
    "zstd": lambda: shutil.which("zstd") is not None,
    "python3-venv": lambda: importlib.util.find_spec("ensurepip") is not None,
}


def prepare() -> None:
    """Install what is missing and bring the virtual environment to what the lock file says."""
    if os.geteuid() != 0:
        raise GovcloudError(
            "root is needed: the city is made of namespaces, mounts and network links (fix: run as root)"
        )
    install_packages(missing_packages())
    wanted = cache.digest(*INPUTS, PYTHON)
    # One bootstrap at a time; the lock is not in the environment, which may be made anew.
    with cache.locked(user_cache() / f"environment-{cache.digest(str(ROOT))}.lock"):
        if not _is_ready(wanted):
            STAMP.unlink(missing_ok=True)
            _make_environment()
        write_atomically(STAMP, wanted)  # also when nothing changed: make compares times


def missing_packages() -> list[str]:
    """Return the distribution's packages that this project needs and the machine lacks."""
    return [name for name, is_there in PACKAGES.items() if not is_there()]


def install_packages(names: list[str]) -> None:
    """Install packages, asking the mirror for its lists once."""
    if not names:
        return
    if shutil.which("apt-get") is None:
        raise GovcloudError(
            f"missing on this machine: {', '.join(names)} (fix: install them; only Debian is done by itself)"
        )
    print(f"installing {', '.join(names)}", file=sys.stderr)  # noqa: T201 - the operator should know
    _apt("update")
    _apt("install", "--yes", "--no-install-recommends", *names)


def _apt(*arguments: str) -> None:
    command = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3", *arguments]
    done = subprocess.run(
        command,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = " / ".join(done.stderr.strip().splitlines()[-2:])
        raise GovcloudError(
            f"apt-get {arguments[0]} failed: {reason} (fix: check the network and the machine's apt sources)",
            status=Exit.COULD_NOT_CHECK,
        )


def _is_ready(wanted: str) -> bool:
    return STAMP.is_file() and STAMP.read_text(encoding="utf-8") == wanted and _runs(ENVIRONMENT / "bin" / "python")


def _make_environment() -> None:
    """Make the environment, or bring an old one up to date in place: something may be running from it."""
    python = ENVIRONMENT / "bin" / "python"
    keep = "--allow-existing" if _runs(python) else "--clear"
    uv.run("venv", "--quiet", keep, "--python", PYTHON, "--no-python-downloads", str(ENVIRONMENT))
    target = ("--quiet", "--python", str(python))
    uv.run("pip", "sync", *target, "--require-hashes", str(ROOT / "requirements.txt"))
    uv.run("pip", "install", *target, "--no-deps", "--no-build-isolation", "--editable", str(ROOT))


def _runs(python: Path) -> bool:
    """Tell whether the environment's Python is there and is the version that runs us."""
    if not python.exists():
        return False
    ask = [str(python), "-c", "import sys; print(*sys.version_info[:2])"]
    done = subprocess.run(ask, capture_output=True, text=True, check=False)
    return done.stdout.split() == [str(part) for part in sys.version_info[:2]]
