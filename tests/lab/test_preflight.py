"""Before a lab starts all that is missing is told at once, and what it changes before it does; a stopped lab."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.workspace import Workspace
from lab import inotify, preflight, status
from lab.services import SERVICES


def refusal(workspace: Path) -> GovcloudError:
    """Return how a start is refused."""
    with pytest.raises(GovcloudError) as raised:
        preflight.check(Workspace(workspace))
    return raised.value


def test_everything_that_is_missing_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1 << 20))
    monkeypatch.setattr(preflight, "available_mib", lambda: 512)
    refused = subprocess.CompletedProcess([], 1, "", "mount: unknown filesystem type\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: refused)
    error = refusal(tmp_path)
    assert error.status == Exit.SAFETY_RULE
    subjects = {message.partition(":")[0] for message in error.messages}
    assert {"user", "mmdebstrap", "ip", "unshare", "nsenter", "kernel", str(tmp_path), "memory"} <= subjects
    assert sum(message.startswith("kernel: no ") for message in error.messages) == 3
    assert all(". Fix: " in message for message in error.messages)


@pytest.mark.parametrize(("free", "wanted"), [(preflight.NEEDED_MIB - 1, True), (preflight.NEEDED_MIB, False)])
def test_memory_is_told_with_its_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, *, wanted: bool
) -> None:
    monkeypatch.setattr(preflight, "available_mib", lambda: free)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)  # so that there is something to refuse
    told = [message for message in refusal(tmp_path).messages if message.startswith("memory: ")]
    assert bool(told) is wanted
    assert all(f"{free} MiB available" in one and str(preflight.NEEDED_MIB) in one for one in told)


def test_a_stopped_lab_tells_of_every_service_in_the_same_form(tmp_path: Path) -> None:
    told = json.loads(status.look(Workspace(tmp_path)).model_dump_json())
    assert set(told) == {"services", "guests"}
    assert [one["name"] for one in told["services"]] == [one.name for one in SERVICES]
    assert {frozenset(one) for one in told["services"]} == {
        frozenset({"name", "up", "memory_mib", "since", "last_error"})
    }
    assert not any(one["up"] for one in told["services"])


class Machine(io.StringIO):
    """Standard error that notes what the machine's setting was when something was said."""

    def __init__(self, setting: Path) -> None:
        super().__init__()
        self.setting, self.then = setting, ""

    def write(self, text: str) -> int:
        """Note it."""
        self.then = self.then or self.setting.read_text()
        return super().write(text)


@pytest.fixture
def setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in for the machine's limit of inotify instances, with the cache that all labs share."""
    file = tmp_path / "max_user_instances"
    file.write_text("128\n")
    monkeypatch.setattr(inotify, "SETTING", file)
    monkeypatch.setenv("GOVCLOUD_CACHE", str(tmp_path / "cache"))
    return file


def test_a_setting_of_the_machine_is_told_before_it_is_changed(setting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Machine(setting)
    monkeypatch.setattr(sys, "stderr", told)
    inotify.raise_limit("gc000001")
    assert "fs.inotify.max_user_instances: 128 -> 8192" in told.getvalue()
    assert told.then == "128\n"
    assert setting.read_text() == "8192"
    inotify.raise_limit("gc000001")
    assert told.getvalue().count("8192") == 1, "what is changed already is no news"


def test_a_setting_is_given_back_when_the_last_lab_ends(setting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "exists", lambda path: path.name == "gc000002")  # its link: it runs
    inotify.raise_limit("gc000001")
    inotify.raise_limit("gc000002")
    assert not inotify.restore_limit("gc000001")
    assert setting.read_text() == "8192"
    assert inotify.restore_limit("gc000002")
    assert int(setting.read_text()) == 128


def test_a_high_enough_setting_is_left_alone(setting: Path, capsys: pytest.CaptureFixture[str]) -> None:
    setting.write_text("9000\n")
    inotify.raise_limit("gc000001")
    assert setting.read_text() == "9000\n"
    assert capsys.readouterr().err == ""
