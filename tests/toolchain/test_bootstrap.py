"""A fresh machine is made ready, and a fault is one plain line."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from govcloud.core.errors import GovcloudError
from govcloud.core.workspace import Workspace
from toolchain import bootstrap, machine, uv

ROOT = Workspace.here().root


def test_second_bootstrap_does_nothing_and_is_quick() -> None:
    command = [sys.executable, "-m", "toolchain.bootstrap"]
    subprocess.run(command, cwd=ROOT, check=True, timeout=300)
    before = (ROOT / ".venv" / "pyvenv.cfg").stat().st_mtime_ns
    subprocess.run(command, cwd=ROOT, check=True, timeout=10)
    assert (ROOT / ".venv" / "pyvenv.cfg").stat().st_mtime_ns == before


def test_needs_the_standard_library_only() -> None:
    """-I -S: neither site-packages nor what the user installed; only the checkout is on the path."""
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import toolchain.machine, toolchain.uv, toolchain.bootstrap"
    )
    subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True, timeout=30)


def test_first_file_reads_on_every_python3() -> None:
    ast.parse((ROOT / "toolchain" / "bootstrap.py").read_text(encoding="utf-8"), feature_version=(3, 5))


def test_old_python_is_told_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    assert bootstrap.main() == 2
    assert capsys.readouterr().err == (
        "Python 3.11 or later, before 3.14, is needed; this is 3.9 (fix: put such a python3 first on PATH)\n"
    )


def test_other_user_than_root_is_told_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert bootstrap.main() == 2
    assert capsys.readouterr().err.startswith("root is needed")


@pytest.mark.slow
def test_unreachable_index_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GOVCLOUD_CACHE", str(tmp_path))
    for name, value in {"INDEX_URL": "http://127.0.0.1:9/simple", "RETRIES": "0", "FIND_LINKS": ""}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    with pytest.raises(GovcloudError, match="cannot get uv from the Python index") as raised:
        uv.uv_binary()
    assert len(str(raised.value).splitlines()) == 1


def test_only_missing_packages_are_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Lists are fetched once, nothing that is only recommended comes along, and no question is asked."""
    called = tmp_path / "called"
    command = tmp_path / "apt-get"
    command.write_text(f'#!/bin/sh\necho "$DEBIAN_FRONTEND $*" >> {called}\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr(machine, "PACKAGES", {"here": lambda: True, "one": lambda: False, "two": lambda: False})
    machine.install_packages(machine.missing_packages())
    update, install = called.read_text().splitlines()
    assert update.startswith("noninteractive")
    assert update.endswith("update")
    assert install.endswith("install --yes --no-install-recommends one two")


def test_nothing_missing_asks_no_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    machine.install_packages([])


def test_failing_mirror_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    command = tmp_path / "apt-get"
    command.write_text("#!/bin/sh\necho 'E: no such host' >&2\nexit 100\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(GovcloudError, match="apt-get update failed: E: no such host"):
        machine.install_packages(["one"])


def test_settings_of_pip_reach_uv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = tmp_path / "pip.conf"
    settings.write_text("[global]\nindex-url = https://index.example/simple\n")
    monkeypatch.setattr(uv, "PIP_SETTINGS", (settings,))
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX"):
        monkeypatch.delenv(name, raising=False)
    assert uv.environment()["UV_DEFAULT_INDEX"] == "https://index.example/simple"
    monkeypatch.setenv("PIP_INDEX_URL", "https://nearer.example/simple")
    assert uv.environment()["UV_DEFAULT_INDEX"] == "https://nearer.example/simple"
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://own.example/simple")
    assert uv.environment()["UV_DEFAULT_INDEX"] == "https://own.example/simple"


def test_what_is_compiled_is_kept_where_the_machine_says_otherwise() -> None:
    ask = ["make", "--silent", "--no-print-directory", "--eval", "ask:; @echo kept$$PYTHONDONTWRITEBYTECODE", "ask"]
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "MAKEFLAGS": ""}
    done = subprocess.run(ask, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "kept"
