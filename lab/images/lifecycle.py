"""The life of a city's image on any cloud: published under its name, followed by the next version, retired in the end.

A version is never removed while servers stand on it: nova needs it to rebuild them, and who looks for what a server was
made of has to find it. Hidden, it is found by its id alone; deactivated, nobody can start from it.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openstack.connection import Connection

from govcloud.core.errors import Exit, GovcloudError
from govcloud.deploy import clouds_file
from lab.images.catalogue import LOGIN_USER

_SSH = ("-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null")
_SSH_SECONDS = 120
# What is seen on a server that was started from an image, and what it has to say. Effects, not files.
_PLAIN = {
    "the system runs": ("systemctl is-system-running --wait || true", ("running", "degraded")),
    "it is Debian 12": (". /etc/os-release; echo $ID-$VERSION_ID", ("debian-12",)),
    "the operator is no other": ("id --user --name", (LOGIN_USER,)),
}
_HARDENED = {
    "no password opens it": ("sudo sshd -T | grep -i '^passwordauthentication'", ("passwordauthentication no",)),
    "root does not sign in": ("sudo sshd -T | grep -i '^permitrootlogin'", ("permitrootlogin no",)),
    "root has no password": ("sudo passwd --status root | cut -d' ' -f2", ("L", "LK")),
}


@dataclass(frozen=True)
class Version:
    """One version of an image in a cloud."""

    id: str
    hidden: bool
    status: str
    servers: tuple[str, ...]


def versions(cloud: Connection, name: str) -> list[Version]:
    """Return all versions of an image, hidden ones too, newest first, and the servers that stand on each."""
    images: Any = cloud.image
    found = {one.id: one for hidden in (False, True) for one in images.images(name=name, is_hidden=hidden)}
    users: dict[str, list[str]] = {}
    for image, server in _servers(cloud):
        users.setdefault(image, []).append(server)
    ordered = sorted(found.values(), key=lambda one: str(one.created_at), reverse=True)
    return [Version(one.id, bool(one.is_hidden), one.status, (*users.get(one.id, ()),)) for one in ordered]


def _servers(cloud: Connection) -> Iterator[tuple[str, str]]:
    """Yield image and name of every server that this access sees: all, as an administrator."""
    everywhere = "admin" in clouds_file.roles_of(cloud)
    for server in cloud.compute.servers(all_projects=everywhere):
        if server.image and server.image.id:
            yield str(server.image.id), str(server.name)


def retire(cloud: Connection, name: str, version: str, *, in_use: bool) -> Version:
    """Hide a version and let nobody start from it; refuse (exit 4) while servers stand on it.

    With `in_use` it is hidden although servers stand on it, and stays active for their sake.
    """
    known = versions(cloud, name)
    wanted = next((one for one in known if one.id == version), None)
    if wanted is None:
        message = f"{name} has no version {version}. There are: {', '.join(one.id for one in known) or 'none'}"
        raise GovcloudError(message)
    if wanted.servers and not in_use:
        message = (
            f"{name} {version}: {len(wanted.servers)} servers stand on it: {', '.join(sorted(wanted.servers)[:8])}. "
            "Fix: rebuild them from a newer one, or --in-use, which only hides it"
        )
        raise GovcloudError(message, status=Exit.SAFETY_RULE)
    images: Any = cloud.image
    images.update_image(version, is_hidden=True)
    if not wanted.servers:
        images.deactivate_image(version)
    return next(one for one in versions(cloud, name) if one.id == version)


def judge(address: str, key: Path, *, hardened: bool) -> list[str]:
    """Look at a server that was started from an image, over SSH; return what is not as it has to be."""
    wrong = []
    _answers(address, key)
    for what, (command, wanted) in {**_PLAIN, **(_HARDENED if hardened else {})}.items():
        done = _over_ssh(address, key, command)
        if done.stdout.strip() not in wanted:
            wrong.append(f"{what}: not so: {(done.stdout or done.stderr).strip()[:200] or 'nothing said'}")
    return wrong


def _answers(address: str, key: Path) -> None:
    end = time.monotonic() + _SSH_SECONDS
    while _over_ssh(address, key, "true").returncode:
        if time.monotonic() > end:
            message = f"{address}: no answer over SSH within {_SSH_SECONDS} s"
            raise GovcloudError(message, status=Exit.COULD_NOT_CHECK)
        time.sleep(0.5)


def _over_ssh(address: str, key: Path, command: str) -> subprocess.CompletedProcess[str]:
    argv = ["ssh", *_SSH, "-o", "ConnectTimeout=3", "-o", "LogLevel=ERROR", "-i", str(key), f"{LOGIN_USER}@{address}"]
    return subprocess.run([*argv, command], capture_output=True, text=True, check=False, timeout=60)
