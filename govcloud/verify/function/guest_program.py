"""What a test server runs: it tells by its console what it sees, serves, and is answered.

It comes as first-boot data and needs Python's own library alone, from 3.7 on: it runs on whatever image a cloud has.
The whole state goes to the console again and again, each line with its check sum, because a console shows its end only
and others write there too. Nothing else leaves the server, and nobody has to reach it.
"""

from __future__ import annotations

import glob
import hashlib
import http.client
import http.server
import json
import os
import sys
import threading
import time
import zlib
from pathlib import Path
from typing import Any

WORD = "GOVCLOUD-VERIFY"
PART = 1 << 20
_HTTP_OK = 200
_WAS_THERE = set()  # type: set[str]


def main(file: str) -> None:
    """Go on until the time is over: a server that is forgotten falls silent by itself."""
    settings = json.loads(Path(file).read_text())
    state = remember(settings)
    _WAS_THERE.update(disks(settings))
    if settings.get("serve"):
        threading.Thread(target=serve, args=(settings["serve"],), daemon=True).start()
    if settings.get("ask"):
        threading.Thread(target=ask, args=(settings["ask"], state["asked"]), daemon=True).start()
    for beat in range(int(settings["beats"])):
        state["beats"] = beat + 1
        use_disks(settings, state)
        tell(settings, state)
        time.sleep(settings["pause"])


def remember(settings: dict[str, Any]) -> dict[str, Any]:
    """Count this boot; the first one leaves the mark that a copy of the disk will have, too."""
    memory = Path(settings["memory"])
    known = json.loads(memory.read_text()) if memory.exists() else {"mark": settings["nonce"], "boots": 0}
    known["boots"] += 1
    memory.parent.mkdir(parents=True, exist_ok=True)
    part = memory.with_suffix(".part")
    with part.open("w") as handle:
        json.dump(known, handle)
        handle.flush()
        os.fsync(handle.fileno())
    part.replace(memory)
    os.sync()
    return {**known, "beats": 0, "disks": {}, "asked": {"total": 0, "failed": 0, "by": {}}}


def tell(settings: dict[str, Any], state: dict[str, Any]) -> None:
    """Write the state to the console; one that is not there or full costs a beat and nothing more."""
    text = json.dumps(state, sort_keys=True, separators=(",", ":"))
    line = f"{WORD} {settings['nonce']} {zlib.crc32(text.encode()):08x} {text}\n"
    try:
        # A console must not become this program's controlling terminal.
        descriptor = os.open(settings["console"], os.O_WRONLY | os.O_APPEND | os.O_NOCTTY)
        try:
            # Others write there: a line of ours begins at its beginning.
            os.write(descriptor, ("\n" + line).encode())
        finally:
            os.close(descriptor)
    except OSError:
        pass


def disks(settings: dict[str, Any]) -> list[str]:
    """Return the disks that the server has."""
    return sorted(found for pattern in settings["disks"] for found in glob.glob(pattern))  # noqa: PTH207 - whole patterns


def use_disks(settings: dict[str, Any], state: dict[str, Any]) -> None:
    """Write to disks that have come, of the very size that was promised; never to one that was there."""
    for path in disks(settings):
        if path in _WAS_THERE:
            continue
        try:
            use(path, settings, state["disks"])
        except OSError as error:
            state["disks"].setdefault(path, {})["error"] = str(error)


def use(path: str, settings: dict[str, Any], known: dict[str, Any]) -> None:
    """Write the beginning of a new disk and read it back; when it has grown, read that again and write the new end."""
    pattern = hashlib.sha256(settings["nonce"].encode()).digest() * (PART // 32)
    descriptor = os.open(path, os.O_RDWR)
    try:
        size = os.lseek(descriptor, 0, os.SEEK_END)
        noted = known.setdefault(path, {})
        if noted.get("bytes") == size or size not in settings["disk_bytes"]:
            return
        if size == settings["disk_bytes"][0]:
            put(descriptor, 0, pattern)
        seen = {"bytes": size, "kept": get(descriptor, 0) == pattern}
        if size != settings["disk_bytes"][0]:
            put(descriptor, size - PART, pattern)
            seen["end"] = get(descriptor, size - PART) == pattern
        known[path] = seen
    finally:
        os.close(descriptor)


def put(descriptor: int, place: int, data: bytes) -> None:
    """Write so that it is on the disk."""
    os.pwrite(descriptor, data, place)
    os.fsync(descriptor)


def get(descriptor: int, place: int) -> bytes:
    """Read from the disk, not from what the kernel remembers of it."""
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    return os.pread(descriptor, PART, place)


def serve(settings: dict[str, Any]) -> None:
    """Answer with the server's own name."""
    body = settings["name"].encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(_HTTP_OK)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: standard error is the journal's."""

    http.server.ThreadingHTTPServer((settings["address"], settings["port"]), Handler).serve_forever()


def ask(settings: dict[str, Any], asked: dict[str, Any]) -> None:
    """Ask one address without end, and count who answered."""
    while True:
        asked["total"] += 1
        try:
            connection = http.client.HTTPConnection(settings["address"], settings["port"], timeout=1)
            connection.request("GET", "/")
            answer = connection.getresponse()
            name = answer.read().decode() if answer.status == _HTTP_OK else ""
            connection.close()
        except (OSError, http.client.HTTPException, ValueError):
            name = ""
        if name:
            asked["by"] = {**asked["by"], name: asked["by"].get(name, 0) + 1}
        else:
            asked["failed"] += 1
        time.sleep(0.2)


if __name__ == "__main__":
    main(sys.argv[1])
