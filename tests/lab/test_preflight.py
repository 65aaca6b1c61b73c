"""Before a lab starts all that is missing is told at once, each with its remedy; and what a stopped lab says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.workspace import Workspace
from lab import preflight, status
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
