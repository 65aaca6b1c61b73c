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
from govcloud.deploy import locks
from govcloud.deploy.pulumi_cli import Pulumi
from govcloud.deploy.stacks import free


@pytest.fixture
def pulumi(tmp_path: Path) -> Pulumi:
    return Pulumi(Workspace(tmp_path))


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


def _lock(pulumi: Pulumi, pid: int, host: str = "") -> Path:
    folder = pulumi.workspace.pulumi_backend / ".pulumi" / "locks" / "organization" / "govcloud" / "lab-a"
    folder.mkdir(parents=True, exist_ok=True)
    held = {"pid": pid, "hostname": host or socket.gethostname()}
    (folder / f"{pid}.json").write_text(json.dumps(held))
    return folder / f"{pid}.json"


def _note(pulumi: Pulumi, pid: int) -> Path:
    return pulumi.workspace.lab / "commands" / f"{pid}.json"


def _refused(pulumi: Pulumi, user: str) -> None:
    with pytest.raises(GovcloudError, match=user) as caught:
        free(pulumi, "lab-a")
    assert caught.value.status is Exit.SAFETY_RULE


def test_no_lock_needs_nothing(pulumi: Pulumi) -> None:
    free(pulumi, "lab-a")


def test_a_dead_lock_is_taken_away(pulumi: Pulumi) -> None:
    lock = _lock(pulumi, 2**22 + 1)
    free(pulumi, "lab-a")
    assert not lock.exists()


def test_a_number_that_another_program_has_now_is_a_dead_lock(pulumi: Pulumi) -> None:
    lock = _lock(pulumi, os.getpid())
    free(pulumi, "lab-a")
    assert not lock.exists()


def test_a_living_lock_is_respected_and_a_dead_one_beside_it_too(pulumi: Pulumi, living: int) -> None:
    """Nothing is taken away on a stack that somebody works on."""
    locks = [_lock(pulumi, living), _lock(pulumi, 2**22 + 1)]
    _refused(pulumi, str(living))
    assert all(lock.exists() for lock in locks)


def test_a_killed_command_that_nobody_has_buried_is_dead(pulumi: Pulumi, living: int) -> None:
    lock = _lock(pulumi, living)
    os.kill(living, signal.SIGKILL)
    # Its end is seen and left where it is: the process stays, with its number and name, as one that has ended.
    os.waitid(os.P_PID, living, os.WEXITED | os.WNOWAIT)
    assert Path(f"/proc/{living}/comm").read_text() == "pulumi\n"
    free(pulumi, "lab-a")
    assert not lock.exists()


def test_a_lock_of_another_machine_is_respected(pulumi: Pulumi) -> None:
    lock = _lock(pulumi, 1, host="elsewhere")
    _refused(pulumi, "elsewhere")
    assert lock.exists()


def test_a_lock_that_cannot_be_read_is_nobodys_to_take_away(pulumi: Pulumi) -> None:
    lock = _lock(pulumi, 1)
    for text in ("{", "[]", '{"pid": "x", "hostname": "y"}'):
        lock.write_text(text)
        _refused(pulumi, "cannot be read")
    assert lock.exists()


def test_a_command_of_ours_is_noted_while_it_runs(pulumi: Pulumi, living: int) -> None:
    with locks.noted(pulumi.workspace, living):
        assert set(json.loads(_note(pulumi, living).read_text())) == {"boot", "started"}
        lock = _lock(pulumi, living)
        _refused(pulumi, str(living))
    assert not _note(pulumi, living).exists()
    assert lock.exists()


@pytest.mark.parametrize("other", [{"boot": "another"}, {"started": 1}])
def test_a_number_that_another_pulumi_has_now_is_a_dead_lock(
    pulumi: Pulumi, living: int, other: dict[str, object]
) -> None:
    """After a restart of the machine, or when numbers have come round: only the note can tell."""
    with locks.noted(pulumi.workspace, living):
        note = _note(pulumi, living)
        note.write_text(json.dumps({**json.loads(note.read_text()), **other}))
        lock = _lock(pulumi, living)
        free(pulumi, "lab-a")
        assert not lock.exists()
        assert not note.exists()


def test_a_lock_that_comes_between_look_and_removal_stays(pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch) -> None:
    _lock(pulumi, 2**22 + 1)
    forget, came = locks.forget, []

    def and_another_comes(workspace: Workspace, lock: locks.Lock) -> None:
        forget(workspace, lock)
        came.append(_lock(pulumi, 2**22 + 2))

    monkeypatch.setattr(locks, "forget", and_another_comes)
    free(pulumi, "lab-a")
    assert [lock.exists() for lock in came] == [True]
