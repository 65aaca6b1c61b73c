"""Talking to the probe on a guest: one SSH connection each, the script on its standard input, then commands.

Where the guest lets its operator, the probe runs as root, because services listen on low ports and a listener in their
place has to as well. The script is never written to a disk there, and ends with the connection.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.language import tr
from govcloud.core.workspace import Workspace

SCRIPT = Path(__file__).with_name("probe_script.py")
START_SECONDS = 45
_ENDING_SECONDS = 5
# Reads exactly the script: whatever comes after it are commands.
_BOOT = """import os
b=b''
while len(b)<{size}:
 c=os.read(0,{size}-len(b))
 if not c: raise SystemExit(1)
 b+=c
exec(compile(b,'probe','exec'),{{'__name__':'__main__'}})"""


class CouldNotAskError(Exception):
    """A guest did not answer; the message says what it or its connection said instead."""


@dataclass(frozen=True, kw_only=True)
class Hosts:
    """The host list: the way to every guest, and the addresses by which the outside reaches some of them."""

    commands: Mapping[str, Sequence[str]]
    """The SSH command to each guest."""
    bastions: frozenset[str]
    doors: Mapping[str, str]
    """Floating addresses by the name of the bastion or balancer."""


def host_list(workspace: Workspace, environment: str) -> Hosts:
    """Ask the one host list, as Ansible does."""
    done = subprocess.run(
        [sys.executable, str(workspace.inventory / "hosts.py"), "--list"],
        env={**os.environ, "GOVCLOUD_ENVIRONMENT": environment, "PYTHONPATH": str(workspace.root)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        status = Exit.BAD_INPUT if done.returncode == Exit.BAD_INPUT else Exit.COULD_NOT_CHECK
        raise GovcloudError(done.stderr.strip()[-500:], status=status)
    return read_host_list(json.loads(done.stdout))


def read_host_list(listed: Mapping[str, Any]) -> Hosts:
    """Take ways and addresses out of a list in Ansible's form."""
    variables: Mapping[str, Any] = listed["_meta"]["hostvars"]
    told = {name: one["govcloud"] for name, one in variables.items()}
    doors = {name: one["floating_address"] for name, one in told.items() if one["floating_address"]}
    for name, group in listed.items():
        system = group.get("vars", {}).get("govcloud_system", {}) if name.startswith("system_") else {}
        units = {told[host]["unit"] for host in group.get("hosts", ()) if host in told}
        for unit in units:
            for key, balancer in system.get("load_balancers", {}).items():
                if balancer["floating_address"]:
                    doors[f"{unit}-{key}"] = balancer["floating_address"]
    return Hosts(
        commands={name: _ssh(one) for name, one in variables.items()},
        bastions=frozenset(name for name, one in told.items() if one["tier"] == "bastion"),
        doors=doors,
    )


def _ssh(variables: Mapping[str, Any]) -> list[str]:
    options = shlex.split(variables["ansible_ssh_common_args"])
    key = variables["ansible_ssh_private_key_file"]
    where = f"{variables['ansible_user']}@{variables['ansible_host']}"
    quiet = ["-T", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-o", "ServerAliveInterval=10"]
    return ["ssh", *quiet, *options, "-i", key, where]


def _shell_line(script: bytes, *, listens: bool) -> str:
    """Return the command line that a shell on the other side runs: as root where that is needed and to be had."""
    boot = shlex.quote(_BOOT.format(size=len(script)))
    as_root = 'sudo -n true 2>/dev/null && exec sudo -n python3 -u -c "$b"; ' if listens else ""
    return f'b={boot}; {as_root}exec python3 -u -c "$b"'


class Session:
    """One probe that waits for commands."""

    def __init__(self, command: Sequence[str], *, listens: bool = False) -> None:
        script = SCRIPT.read_bytes()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the session
        self._rest = b""
        try:
            self._process = subprocess.Popen(
                [*command, _shell_line(script, listens=listens)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
            )
        except OSError as error:
            self._said.close()
            raise CouldNotAskError(f"{command[0]}: {error.strerror}") from None
        try:
            self._send(script)
            self._receive(START_SECONDS)
        except CouldNotAskError:
            self.close()
            raise

    def ask(self, patience: float, **command: object) -> dict[str, Any]:
        """Send a command and return its answer, which has to come in so many seconds."""
        self._send(json.dumps(command).encode() + b"\n")
        return self._receive(patience)

    def close(self) -> None:
        """End the probe; its listeners go with it."""
        for end in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if end:
                    end.close()
        try:
            self._process.wait(_ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._said.close()

    def _send(self, data: bytes) -> None:
        assert self._process.stdin  # noqa: S101 - it was asked for
        try:
            self._process.stdin.write(data)
            self._process.stdin.flush()
        except OSError:
            raise CouldNotAskError(self._last_words()) from None

    def _receive(self, seconds: float) -> dict[str, Any]:
        assert self._process.stdout  # noqa: S101 - it was asked for
        descriptor, deadline = self._process.stdout.fileno(), time.monotonic() + seconds
        poll = select.poll()
        poll.register(descriptor, select.POLLIN | select.POLLHUP)
        while b"\n" not in self._rest:
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                raise CouldNotAskError(tr("no answer within {seconds} s", seconds=f"{seconds:.0f}"))
            chunk = os.read(descriptor, 1 << 16)
            if not chunk:
                raise CouldNotAskError(self._last_words())
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError:
            told = line[:80].decode(errors="replace")
            raise CouldNotAskError(tr("the guest answered {told}", told=repr(told))) from None
        return answer

    def _last_words(self) -> str:
        try:
            status = self._process.wait(_ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            return tr("the connection is broken")
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else tr("the connection ended with status {status}", status=status)
