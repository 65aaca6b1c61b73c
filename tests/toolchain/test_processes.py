"""Whatever ends a `pulumi` command, nothing that it started goes on without it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.toolchain.project import PROVIDER, Process, Project, descendants, eventually

pytestmark = pytest.mark.slow

# The engine gives a plugin five seconds to end in order.
IN_ORDER = 20
AT_ONCE = 5

WAITS_IN_PROGRAM = PROVIDER + 'pulumi.export("late", pulumi.Output.from_input(asyncio.sleep(300)))\n'
WAITS_IN_PROVIDER = PROVIDER + 'openstack.networking.Network("network", name="network", opts=by_cloud)\n'

NAMES = ("pulumi-language-python", "toolchain.language_exec", "pulumi-resource-openstack")


@pytest.fixture
def silent_cloud() -> Iterator[socket.socket]:
    """Listen as an identity service that takes every call and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        yield listener


def port(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


@contextmanager
def running(project: Project, program: str) -> Iterator[tuple[subprocess.Popen[str], set[Process]]]:
    """Start `pulumi up` of a program that never ends; yields it, with its helpers, once all of them are there."""
    project.write(program)
    command = project.start("up", "--yes", "--skip-preview", "--stack", "test")
    try:
        assert eventually(lambda: all(_has(command.pid, name) for name in NAMES), 60), "the program did not start"
        yield command, descendants(command.pid)
    finally:
        for process in [*descendants(command.pid), Process(command.pid, "")]:
            if process.number != command.pid and process.runs():
                os.kill(process.number, signal.SIGKILL)
        if command.poll() is None:
            command.kill()
        command.communicate(timeout=30)


def _has(number: int, name: str) -> bool:
    return any(name in process.command() for process in descendants(number))


def _left(helpers: set[Process]) -> list[str]:
    return [process.command() for process in helpers if process.runs()]


def test_interrupt_of_a_slow_program_leaves_nothing(project: Project) -> None:
    with running(project, WAITS_IN_PROGRAM.format(port=1)) as (command, helpers):
        os.killpg(command.pid, signal.SIGINT)
        command.wait(timeout=IN_ORDER)
        assert command.stdout is not None
        assert "Traceback" not in command.stdout.read()
        assert eventually(lambda: not _left(helpers), AT_ONCE), _left(helpers)


def test_second_interrupt_gives_up_a_call_and_leaves_nothing(project: Project, silent_cloud: socket.socket) -> None:
    """The first lets what is under way come to its end: a cloud's answer must not get lost."""
    with running(project, WAITS_IN_PROVIDER.format(port=port(silent_cloud))) as (command, helpers):
        with silent_cloud.accept()[0]:
            os.killpg(command.pid, signal.SIGINT)
            with pytest.raises(subprocess.TimeoutExpired):
                command.wait(timeout=3)
            os.killpg(command.pid, signal.SIGINT)
            command.wait(timeout=IN_ORDER)
        assert eventually(lambda: not _left(helpers), AT_ONCE), _left(helpers)


def test_kill_leaves_neither_host_nor_program_nor_provider(project: Project, silent_cloud: socket.socket) -> None:
    """Each of the three would go on by itself: the provider even creates what nobody records."""
    with running(project, WAITS_IN_PROVIDER.format(port=port(silent_cloud))) as (command, helpers):
        assert {name for name in NAMES for process in helpers if name in process.command()} == set(NAMES)
        with silent_cloud.accept()[0]:
            command.kill()
            command.wait(timeout=IN_ORDER)
            assert eventually(lambda: not _left(helpers), AT_ONCE), _left(helpers)


def test_after_a_kill_the_next_run_converges_once_the_lock_is_lifted(project: Project) -> None:
    with running(project, WAITS_IN_PROGRAM.format(port=1)) as (command, _):
        command.kill()
        command.wait(timeout=IN_ORDER)
    project.write(PROVIDER.format(port=1))
    refused = project.pulumi("up", "--yes", "--skip-preview", "--stack", "test", succeeds=False)
    assert "lock" in refused.stdout + refused.stderr
    project.pulumi("cancel", "--yes", "--stack", "test")
    project.pulumi("up", "--yes", "--skip-preview", "--stack", "test")
    project.pulumi("preview", "--expect-no-changes", "--stack", "test")
