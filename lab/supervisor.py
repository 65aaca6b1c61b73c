"""Talking to the one supervisor inside the lab, over its own socket."""

from __future__ import annotations

import xmlrpc.client
from dataclasses import dataclass
from typing import Any, cast

from supervisor.xmlrpc import SupervisorTransport

from govcloud.core.workspace import Workspace
from lab.namespace import inside_path

ALREADY_STARTED = 60
NOT_RUNNING = 70


@dataclass(frozen=True)
class Process:
    """What the supervisor knows of one service."""

    name: str
    running: bool
    pid: int
    since: int
    last_error: str


class Supervisor:
    """A client of the supervisor; one per thread."""

    def __init__(self, workspace: Workspace) -> None:
        socket = f"unix://{inside_path(workspace, '/run/supervisor.sock')}"
        server = xmlrpc.client.ServerProxy("http://lab", transport=SupervisorTransport(None, None, socket))
        self._call = cast("Any", server).supervisor

    def processes(self) -> list[Process]:
        """Return every service, running or not."""
        return [_process(info) for info in self._call.getAllProcessInfo()]

    def reread(self) -> None:
        """Take up services that the settings name and that were not there at the start."""
        added, _, _ = self._call.reloadConfig()[0]
        for name in added:
            self._call.addProcessGroup(name)

    def process(self, name: str) -> Process:
        """Return one service."""
        return _process(self._call.getProcessInfo(name))

    def start(self, name: str) -> None:
        """Ask for a service; one that runs stays as it is."""
        try:
            self._call.startProcess(name, False)  # noqa: FBT003 - XML-RPC knows no keywords
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != ALREADY_STARTED:
                raise

    def stop(self, name: str) -> None:
        """End a service and wait for it."""
        try:
            self._call.stopProcess(name)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != NOT_RUNNING:
                raise


def _process(info: dict[str, Any]) -> Process:
    return Process(
        name=info["name"],
        running=info["statename"] in ("RUNNING", "STARTING"),
        pid=info["pid"],
        since=info["start"],
        last_error=info["spawnerr"] or (info["description"] if info["statename"] in ("BACKOFF", "FATAL") else ""),
    )
