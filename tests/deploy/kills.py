"""Killing a whole `govcloud deploy` at one of its calls: engine, language host and provider with it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading

from tests.deploy.fault_proxy import Call, Fault, Plan
from tests.deploy.yard import Yard, assert_none_outlives


def kill_at(ground: Yard, number: int, when: str) -> None:
    """Kill a first run right before or after the server carries out its n-th call that changes something."""
    mutating: list[Call] = []
    started = threading.Event()
    running: list[subprocess.Popen[str]] = []

    def kill() -> None:
        started.wait(10)
        os.killpg(running[0].pid, signal.SIGKILL)

    def before(call: Call) -> Fault | None:
        if call.mutates:
            mutating.append(call)
            if when == "before" and len(mutating) == number:
                kill()
                return Fault(name="killed")
        return None

    def after(call: Call) -> None:
        if when == "after" and call in mutating[number - 1 : number]:
            kill()

    running.append(ground.start("deploy", ground.unit, "--apply", plan=Plan(before=before, after=after)))
    started.set()
    with running[0] as process:
        _, told = process.communicate(timeout=300)
    assert process.returncode == -signal.SIGKILL, f"came to its end after {mutating}:\n{told}"
    assert_none_outlives(ground.root)
