"""A PostgreSQL server of a test's own, on a loopback port, with a password; it and its files are gone afterwards."""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

USER = "keeper"
# The server refuses to run as root.
_ACCOUNT = "nobody"
_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A running server."""

    port: int
    password: str

    @property
    def address(self) -> str:
        """Return the address of its database, as an environment names it."""
        return f"postgres://{USER}@127.0.0.1:{self.port}/postgres?sslmode=disable"

    @property
    def passwords(self) -> str:
        """Return what stands in a file of passwords."""
        return f"127.0.0.1:{self.port}:*:{USER}:{self.password}\n"


@contextmanager
def server() -> Iterator[Server]:
    """Start one."""
    folder = Path(tempfile.mkdtemp(prefix="govcloud-postgresql-", dir="/tmp"))
    try:
        folder.chmod(0o755)
        programs, libraries = _programs(folder)
        data, given = folder / "data", folder / "password"
        data.mkdir(mode=0o700)
        made = Server(_free_port(), secrets.token_hex(16))
        given.write_text(made.password, encoding="ascii")
        for path in (data, given):
            shutil.chown(path, _ACCOUNT)
        options = {"user": _ACCOUNT, "cwd": folder, "env": {"LD_LIBRARY_PATH": libraries, "LC_ALL": "C.UTF-8"}}
        initdb = [str(programs / "initdb"), "-D", str(data), "-U", USER, "--auth=scram-sha-256", "--no-sync"]
        subprocess.run([*initdb, f"--pwfile={given}"], check=True, capture_output=True, **options)  # type: ignore[call-overload]
        run = [str(programs / "postgres"), "-D", str(data), "-p", str(made.port), "-h", "127.0.0.1", "-k", "", "-F"]
        with (folder / "log").open("w") as log, subprocess.Popen(run, stdout=log, stderr=log, **options) as process:  # type: ignore[call-overload]
            try:
                _wait(made.port)
                yield made
            finally:
                process.terminate()
                process.wait(_SECONDS)
    finally:
        shutil.rmtree(folder)


def _programs(folder: Path) -> tuple[Path, str]:
    """Return where the programs are and where their libraries: the machine's, or the distribution's, unpacked only."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if installed:
        return installed[-1].parent, ""
    root, packages = folder / "root", folder / "packages"
    (packages / "partial").mkdir(parents=True)
    fetch = ["apt-get", "-qq", "-o", f"Dir::Cache::archives={packages}", "install", "--download-only", "--yes"]
    subprocess.run([*fetch, "--no-install-recommends", "postgresql"], check=True, capture_output=True)
    for package in packages.glob("*.deb"):
        subprocess.run(["dpkg", "-x", str(package), str(root)], check=True)
    (found,) = (root / "usr/lib/postgresql").glob("*/bin")
    return found, str(next((root / "usr/lib").glob("*-linux-gnu"), ""))


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait(port: int) -> None:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"PostgreSQL does not listen within {_SECONDS} s")
