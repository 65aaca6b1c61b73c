"""The program in a test server, run here: it tells what is, writes to no disk that was there, serves and asks."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from govcloud.verify.function import guest_program
from govcloud.verify.function.guest import first_boot, told

SMALL, LARGE = 4 << 20, 8 << 20
NONCE = "c0ffee"


def settings(folder: Path, **more: Any) -> dict[str, Any]:
    return {
        "nonce": NONCE,
        "console": str(folder / "console"),
        "memory": str(folder / "var" / "memory.json"),
        "disks": [str(folder / "disk?")],
        "disk_bytes": [SMALL, LARGE],
        "beats": 400,
        "pause": 0.05,
        **more,
    }


@contextmanager
def running(folder: Path, **more: Any) -> Iterator[Callable[[Callable[[dict[str, Any]], bool]], dict[str, Any]]]:
    """Run the program; give what waits for a state that holds."""
    folder.mkdir(exist_ok=True)
    (folder / "console").touch()
    (folder / "settings.json").write_text(json.dumps(settings(folder, **more)))
    argv = [sys.executable, str(guest_program.__file__), str(folder / "settings.json")]

    def state(holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            seen = told((folder / "console").read_text(), NONCE)
            if seen and holds(seen):
                return seen
            time.sleep(0.02)
        raise AssertionError((folder / "console").read_text()[-2000:])

    with subprocess.Popen(argv) as process:
        try:
            yield state
        finally:
            process.kill()


def test_a_disk_that_came_is_written_and_read_and_read_again_when_it_has_grown(tmp_path: Path) -> None:
    there = tmp_path / "disk0"
    there.write_bytes(b"\0" * SMALL)
    disk = tmp_path / "disk1"
    with running(tmp_path) as state:
        state(lambda seen: seen["beats"] > 0)
        part = tmp_path / "part"
        part.write_bytes(b"\0" * SMALL)
        part.rename(disk)
        seen = state(lambda seen: str(disk) in seen["disks"])
        assert seen["disks"] == {str(disk): {"bytes": SMALL, "kept": True}}
        os.truncate(disk, LARGE)
        seen = state(lambda seen: seen["disks"][str(disk)]["bytes"] == LARGE)
        assert seen["disks"][str(disk)] == {"bytes": LARGE, "kept": True, "end": True}
    assert there.read_bytes() == b"\0" * SMALL
    content = disk.read_bytes()
    assert content[:1024] == content[-guest_program.PART :][:1024] != b"\0" * 1024


def test_a_disk_of_another_size_is_not_written_to(tmp_path: Path) -> None:
    with running(tmp_path) as state:
        state(lambda seen: seen["beats"] > 0)
        # It comes in its size at once, as a disk does.
        (tmp_path / "part").write_bytes(b"\0" * (SMALL + 512))
        (tmp_path / "part").rename(tmp_path / "disk1")
        beats = state(lambda seen: seen["beats"] > 3)["beats"]
        seen = state(lambda seen: seen["beats"] > beats + 3)
    assert seen["disks"].get(str(tmp_path / "disk1"), {}) == {}
    assert (tmp_path / "disk1").read_bytes() == b"\0" * (SMALL + 512)


def test_a_disk_that_forgets_is_told(tmp_path: Path) -> None:
    disk = tmp_path / "disk1"
    with running(tmp_path) as state:
        state(lambda seen: seen["beats"] > 0)
        (tmp_path / "part").write_bytes(b"\0" * SMALL)
        (tmp_path / "part").rename(disk)
        state(lambda seen: str(disk) in seen["disks"])
        (tmp_path / "part").write_bytes(b"\1" * LARGE)
        (tmp_path / "part").rename(disk)
        seen = state(lambda seen: seen["disks"][str(disk)]["bytes"] == LARGE)
    assert seen["disks"][str(disk)]["kept"] is False


def test_a_copy_of_the_disk_remembers_the_first_server(tmp_path: Path) -> None:
    with running(tmp_path) as state:
        first = state(lambda seen: seen["beats"] > 0)
    assert (first["mark"], first["boots"]) == (NONCE, 1)
    (tmp_path / "console").unlink()
    with running(tmp_path) as state:
        assert state(lambda seen: seen["beats"] > 0)["boots"] == 2


def free_port(address: str) -> int:
    with socket.socket() as held:
        held.bind((address, 0))
        return int(held.getsockname()[1])


def test_who_answers_is_counted_and_so_is_who_does_not(tmp_path: Path) -> None:
    address = "127.0.0.1"
    port = free_port(address)
    asked = {"address": address, "port": port}
    with running(tmp_path / "client", ask=asked) as client:
        assert client(lambda seen: seen["asked"]["failed"] > 0)["asked"]["by"] == {}
        with running(tmp_path / "server", serve={"name": "one", "address": address, "port": port}):
            seen = client(lambda seen: seen["asked"]["by"].get("one", 0) > 1)["asked"]
        assert seen["total"] >= seen["failed"] + seen["by"]["one"]
        client(lambda now: now["asked"]["failed"] > seen["failed"])


def test_a_line_that_others_wrote_into_is_not_believed() -> None:
    whole = 'GOVCLOUD-VERIFY c0ffee 4d2a3b1c {"beats":1}\n'
    assert told(whole, NONCE) is None
    text = '{"beats":2}'
    good = f"GOVCLOUD-VERIFY c0ffee {zlib.crc32(text.encode()):08x} {text}"
    assert told(f"[ 3.1] noise\r\n{good}\r\nGOVCLOUD-VERIFY c0ffee 00", NONCE) == {"beats": 2}
    assert told(good, "another") is None


def test_the_first_boot_data_is_a_program_that_a_shell_and_python_read(tmp_path: Path) -> None:
    data = first_boot(NONCE, disk_bytes=[SMALL, LARGE])
    assert data.startswith("#cloud-boothook\n#!/bin/sh\n")
    # Nova takes 65,535 bytes in base64.
    assert len(base64.b64encode(data.encode())) < 65535
    script = tmp_path / "script"
    script.write_text(data)
    assert subprocess.run(["sh", "-n", str(script)], check=False).returncode == 0
    program = data.partition("<<'GOVCLOUD_PROGRAM'\n")[2].partition("GOVCLOUD_PROGRAM\n")[0]
    compile(program, "program.py", "exec")
    kept = json.loads(data.partition("<<'GOVCLOUD_SETTINGS'\n")[2].partition("\nGOVCLOUD_SETTINGS")[0])
    assert kept["disk_bytes"] == [SMALL, LARGE]


def test_the_first_boot_data_starts_the_program_once_a_boot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run by a real shell, with a folder of ours for /run and without systemd."""
    console = tmp_path / "console"
    console.touch()
    data = first_boot(**settings(tmp_path, disk_bytes=[], beats=40)).replace(
        "/run/govcloud-verify", str(tmp_path / "run")
    )
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "systemd-run").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "bin" / "systemd-run").chmod(0o755)
    (tmp_path / "script").write_text(data.partition("\n")[2])
    for _ in range(2):
        subprocess.run(["sh", str(tmp_path / "script")], check=True, timeout=20)
    end = time.monotonic() + 20
    while time.monotonic() < end and (told(console.read_text(), NONCE) or {}).get("beats", 0) < 40:
        time.sleep(0.05)
    last = told(console.read_text(), NONCE)
    assert last is not None
    assert (last["boots"], last["beats"]) == (1, 40)
