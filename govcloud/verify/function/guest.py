"""A test server: made with a program of ours, seen by the cloud's API and by what that program tells on its console."""

from __future__ import annotations

import base64
import json
import re
import secrets
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openstack.exceptions import ConflictException, NotFoundException

from govcloud.core.language import mark
from govcloud.verify.function import guest_program
from govcloud.verify.function.ground import Ground
from govcloud.verify.function.marker import Marker
from govcloud.verify.function.offer import Offer
from govcloud.verify.function.steps import CouldNotLook, Finding, wait

GIB = 1 << 30
ACTIVE_SECONDS = 180
TELL_SECONDS = 240
_LINE = re.compile(rf"^{guest_program.WORD} ([0-9a-f]+) ([0-9a-f]{{8}}) (\{{.*\}})\s*$", re.MULTILINE)
_NO_PYTHON = f"{guest_program.WORD} no-python"
_SETTINGS: dict[str, Any] = {
    "console": "/dev/console",
    "memory": "/var/lib/govcloud-verify/memory.json",
    "disks": ["/dev/vd[a-z]", "/dev/sd[a-z]", "/dev/xvd[a-z]", "/dev/nvme[0-9]n[0-9]"],
    "disk_bytes": [],
    "beats": 1200,
    "pause": 1,
}
# cloud-init does this at every boot, and before anything that takes time.
_FIRST_BOOT = """\
#cloud-boothook
#!/bin/sh
mkdir -p /run/govcloud-verify && cd /run/govcloud-verify || exit 0
mkdir started 2>/dev/null || exit 0
cat > program.py <<'GOVCLOUD_PROGRAM'
{program}GOVCLOUD_PROGRAM
cat > settings.json <<'GOVCLOUD_SETTINGS'
{settings}
GOVCLOUD_SETTINGS
for python in python3 /usr/libexec/platform-python; do
    if command -v "$python" >/dev/null 2>&1; then
        set -- "$(command -v "$python")" /run/govcloud-verify/program.py /run/govcloud-verify/settings.json
        systemd-run --no-block --quiet --unit=govcloud-verify "$@" && exit 0
        setsid "$@" </dev/null >/dev/null 2>&1 &
        exit 0
    fi
done
echo "{no_python}" >/dev/console
"""


def first_boot(nonce: str, **settings: Any) -> str:
    """Return the first-boot data of a test server."""
    program = Path(guest_program.__file__).read_text(encoding="utf-8")
    chosen = json.dumps({**_SETTINGS, "nonce": nonce, **settings}, sort_keys=True)
    return _FIRST_BOOT.format(program=program, settings=chosen, no_python=_NO_PYTHON)


def told(console: str, nonce: str) -> dict[str, Any] | None:
    """Return the newest whole state in a console log, or None."""
    for line in reversed(_LINE.findall(console)):
        if line[0] == nonce and f"{zlib.crc32(line[2].encode()):08x}" == line[1]:
            state: dict[str, Any] = json.loads(line[2])
            return state
    return None


@dataclass
class Guest:
    """One test server."""

    cloud: Any
    id: str
    nonce: str
    _last: dict[str, Any] = field(default_factory=dict)

    def look(self) -> Any:
        """Ask nova for it."""
        return self.cloud.compute.get_server(self.id)

    def becomes(self, status: str, seconds: float = ACTIVE_SECONDS) -> None:
        """Wait for a status; one that failed is a finding with what nova says of it."""

        def reached() -> bool:
            server = self.look()
            if server.status == "ERROR":
                fault = (server.fault or {}).get("message", "")
                raise Finding(mark("the server is in ERROR: {fault}"), fault=fault)
            return server.status == status and not server.task_state

        wait(mark("the server has the state that was asked for"), reached, seconds)

    def tells(
        self, what: str, holds: Callable[[dict[str, Any]], bool], seconds: float = TELL_SECONDS
    ) -> dict[str, Any]:
        """Wait until the server tells of a state that holds; where it says nothing at all, nobody can tell why."""
        seen = [""]

        def look() -> dict[str, Any] | None:
            try:
                console = str(self.cloud.compute.get_server_console_output(self.id).get("output") or "")
            except (ConflictException, NotFoundException):
                # While a server starts or moves it has no console.
                return None
            seen[:] = [console]
            if _NO_PYTHON in console:
                raise CouldNotLook(mark("the image has no Python, which the test's program needs"))
            state = told(console, self.nonce)
            if state is None or not holds(state):
                return None
            self._last = state
            return state

        try:
            return wait(what, look, seconds, poll=1)
        except Finding:
            if not seen[0].strip():
                raise CouldNotLook(mark("the server's console log is empty; the image has to write to it")) from None
            raise

    def goes_on(self, what: str) -> dict[str, Any]:
        """Wait for a state that is newer than the last: it still runs, or runs again."""
        boots, beats = self._last.get("boots", 0), self._last.get("beats", 0)
        return self.tells(what, lambda state: (state["boots"], state["beats"]) > (boots, beats))

    def remove(self) -> None:
        """Delete it and wait until it is gone."""
        self.cloud.compute.delete_server(self.id, ignore_missing=True)
        wait(mark("the server is gone"), self._is_gone, ACTIVE_SECONDS)

    def _is_gone(self) -> bool:
        try:
            self.look()
        except NotFoundException:
            return True
        return False

    def address(self) -> str:
        """Return its IPv4 address."""
        addresses = (self.look().addresses or {}).values()
        found = [str(one["addr"]) for network in addresses for one in network if one["version"] == 4]  # noqa: PLR2004 - of IP
        if not found:
            raise Finding(mark("the server has no IPv4 address"))
        return found[0]


@dataclass(frozen=True)
class Yard:
    """Makes the servers of one scenario."""

    cloud: Any
    marker: Marker
    offer: Offer
    scenario: str

    def start(self, what: str, ground: Ground, *, image: str = "", flavor: str = "", **settings: Any) -> Guest:
        """Ask for a server and return at once."""
        nonce = secrets.token_hex(6)
        created = self.cloud.compute.create_server(
            name=self.marker.name(self.scenario, what),
            image_id=image or self.offer.image.id,
            flavor_id=flavor or self.offer.flavor.id,
            networks=[{"uuid": ground.network}],
            security_groups=[{"name": ground.group}],
            metadata=self.marker.metadata,
            # The data comes by a drive: the network has no way to a metadata service of everybody's.
            config_drive=True,
            user_data=base64.b64encode(first_boot(nonce, **settings).encode()).decode(),
        )
        return Guest(self.cloud, created.id, nonce)
