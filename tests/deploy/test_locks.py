"""Locks that a killed `pulumi` left are told from those that a living one holds."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.workspace import Workspace
from govcloud.deploy.pulumi_cli import Pulumi
from govcloud.deploy.stacks import free


class _Told(Pulumi):
    """Notes which commands would be run."""

    def text(self, *arguments: str, given: str = "") -> str:
        (self.workspace.root / "told").write_text(" ".join(arguments) + given)
        return ""


@pytest.fixture
def pulumi(tmp_path: Path) -> Pulumi:
    return _Told(Workspace(tmp_path))


@pytest.fixture
def living(tmp_path: Path) -> Iterator[int]:
    """Run a process that is called pulumi."""
    named = tmp_path / "pulumi"
    named.symlink_to("/bin/sleep")
    with subprocess.Popen([str(named), "60"], stdout=subprocess.PIPE) as process:
        # The kernel renames a process a moment after the call that starts it returns.
        deadline = time.monotonic() + 10
        while Path(f"/proc/{process.pid}/comm").read_text() != "pulumi\n" and time.monotonic() < deadline:
            time.sleep(0.01)
        yield process.pid
        process.kill()


def _lock(pulumi: Pulumi, pid: int, host: str = "") -> None:
    folder = pulumi.workspace.pulumi_backend / ".pulumi" / "locks" / "organization" / "govcloud" / "lab-a"
    folder.mkdir(parents=True, exist_ok=True)
    held = {"pid": pid, "hostname": host or socket.gethostname()}
    (folder / f"{pid}.json").write_text(json.dumps(held))


def _cancelled(pulumi: Pulumi) -> bool:
    return (pulumi.workspace.root / "told").is_file()


def test_no_lock_needs_nothing(pulumi: Pulumi) -> None:
    free(pulumi, "lab-a")
    assert not _cancelled(pulumi)


def test_a_dead_lock_is_taken_away(pulumi: Pulumi) -> None:
    _lock(pulumi, 2**22 + 1)
    free(pulumi, "lab-a")
    assert _cancelled(pulumi)


def test_a_number_that_another_program_has_now_is_a_dead_lock(pulumi: Pulumi) -> None:
    _lock(pulumi, os.getpid())
    free(pulumi, "lab-a")
    assert _cancelled(pulumi)


def test_a_living_lock_is_respected(pulumi: Pulumi, living: int) -> None:
    _lock(pulumi, living)
    _lock(pulumi, 2**22 + 1)
    with pytest.raises(GovcloudError) as caught:
        free(pulumi, "lab-a")
    assert caught.value.status is Exit.SAFETY_RULE
    assert not _cancelled(pulumi)


def test_a_killed_command_that_nobody_has_buried_is_dead(pulumi: Pulumi, living: int) -> None:
    _lock(pulumi, living)
    os.kill(living, signal.SIGKILL)
    # Its end is seen and left where it is: the process stays, with its number and name, as one that has ended.
    os.waitid(os.P_PID, living, os.WEXITED | os.WNOWAIT)
    assert Path(f"/proc/{living}/comm").read_text() == "pulumi\n"
    free(pulumi, "lab-a")
    assert _cancelled(pulumi)


def test_a_lock_of_another_machine_is_respected(pulumi: Pulumi) -> None:
    _lock(pulumi, 1, host="elsewhere")
    with pytest.raises(GovcloudError, match="elsewhere"):
        free(pulumi, "lab-a")
