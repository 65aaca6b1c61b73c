"""`uv`, which installs every Python package of this project, fetched once per user with a pinned hash.

Needs nothing but the standard library: it runs before there is a virtual environment. The Python index is the
machine's own; uv does not read pip's settings, so those are passed on to it.
"""

from __future__ import annotations

import configparser
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from govcloud.core import cache
from govcloud.core.errors import Exit, GovcloudError

PINNED = Path(__file__).with_name("uv.txt")

# Where pip looks, the later ones winning.
PIP_SETTINGS = (Path("/etc/pip.conf"), Path("~/.pip/pip.conf"), Path("~/.config/pip/pip.conf"))

# pip's setting -> uv's environment variable of the same meaning.
PASSED_ON = {"index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX", "cert": "SSL_CERT_FILE"}


def uv_binary() -> Path:
    """Return uv of the pinned version, fetching it first when the user's cache has none."""
    return cache.ensure("uv", cache.digest(PINNED, platform.machine()), _fetch) / "uv"


def environment() -> dict[str, str]:
    """Return the environment to run uv in: the machine's own, with pip's settings where uv has none."""
    settings = _pip_settings()
    ours = dict(os.environ)
    for name, variable in PASSED_ON.items():
        if name in settings:
            ours.setdefault(variable, settings[name])
    return ours


def run(*arguments: str, directory: Path | None = None) -> None:
    """Run uv; what it says is shown only when it fails."""
    done = subprocess.run(
        [str(uv_binary()), *arguments],
        cwd=directory,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise GovcloudError(f"uv {arguments[0]} failed: {done.stderr.strip()}", status=Exit.COULD_NOT_CHECK)


def _fetch(directory: Path) -> None:
    """Fetch uv by a pip of our own: Debian's python3 brings none that may be used."""
    pip = directory / "pip"
    _run_pip([sys.executable, "-m", "venv", str(pip)])
    command = [str(pip / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run_pip([*command, "--only-binary=:all:", "--require-hashes", "--requirement", str(PINNED)])
    (pip / "bin" / "uv").rename(directory / "uv")
    shutil.rmtree(pip)


def _run_pip(command: list[str]) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise GovcloudError(
            f"cannot get uv from the Python index: {''.join(reason)} "
            "(fix: check the network, and the index that pip is set to use)",
            status=Exit.COULD_NOT_CHECK,
        )


def _pip_settings() -> dict[str, str]:
    found: dict[str, str] = {}
    for path in PIP_SETTINGS:
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read(path.expanduser())
        except configparser.Error:
            continue
        found |= dict(parser["global"]) if parser.has_section("global") else {}
    from_environment = {name: os.environ.get(f"PIP_{name.upper().replace('-', '_')}", "") for name in PASSED_ON}
    return found | {name: value for name, value in from_environment.items() if value}
