"""The SSH server: its settings as it reads them, and what the running one offers to somebody who knocks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from compliance.observations import CouldNotObserve, read

# Knocks at the running server as root without any means to come in; the refusal names the ways that there are.
KNOCK = (
    "ssh -F none -o BatchMode=yes -o PreferredAuthentications=none -o ConnectTimeout=5 -o StrictHostKeyChecking=no"
    " -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR root@127.0.0.1 true 2>&1 || true"
)


@dataclass(frozen=True)
class SshServer:
    """Effective settings by lower-case name, and the ways in that the running server names."""

    settings: dict[str, str]
    ways_in: frozenset[str]

    def number(self, name: str) -> int:
        """Return a setting that is a number."""
        return int(self.settings[name])


def observe(host: Any) -> SshServer:
    """Look at a host."""
    return parse(read(host, "sshd -T", as_root=True), read(host, KNOCK))


def parse(settings: str, knock: str) -> SshServer:
    """Understand `sshd -T` and the answer to a knock."""
    pairs = (line.partition(" ") for line in settings.splitlines())
    refusal = re.search(r"Permission denied \(([a-z,-]+)\)", knock)
    if refusal is None:
        raise CouldNotObserve(f"the running SSH server does not say how it lets in: {knock.strip()[-200:]}")
    return SshServer({name: value for name, _, value in pairs}, frozenset(refusal[1].split(",")))
