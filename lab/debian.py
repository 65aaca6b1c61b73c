"""Debian packages for root file systems, from the machine's own apt sources.

No mirror's name stands in the project: what the machine's apt uses, mmdebstrap uses, proxies included.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from govcloud.core.errors import Exit, GovcloudError

SUITE = "bookworm"
APT = Path("/etc/apt")


def sources(directory: Path = APT) -> list[str]:
    """Return the machine's one-line sources of Debian 12 `main`, updates and security included.

    Other suites and other vendors' repositories are left out: the root file systems are Debian's alone.
    """
    lines = [line for file in _source_files(directory) for line in _entries(file)]
    if not any(f" {SUITE} " in line for line in lines):
        message = f"{directory}: no source of Debian 12 ({SUITE} main). Fix: add one to {directory}/sources.list"
        raise GovcloudError(message, status=Exit.COULD_NOT_CHECK)
    return list(dict.fromkeys(lines))


@dataclass(frozen=True)
class Origin:
    """Where the city's mirror gets one part of Debian from: http://<host><path>."""

    name: str
    origin: str
    host: str
    path: str


def mirrored() -> list[Origin]:
    """Return the origins of what the city's mirror offers as /debian and /debian-security."""
    found: dict[str, Origin] = {}
    for line in sources():
        _, uri, suite, *_ = line.split()
        name = "debian-security" if suite.endswith("-security") else "debian"
        parts = urlsplit(uri)
        found.setdefault(name, Origin(name, f"{parts.scheme}://{parts.netloc}", parts.netloc, parts.path.rstrip("/")))
    return list(found.values())


def bootstrap_command(target: Path, packages: Sequence[str], hooks: Sequence[str] = ()) -> list[str]:
    """Return the mmdebstrap command that fills `target`; feed it `sources()` on standard input.

    Manuals and translations are left out: nobody reads them in these roots.
    """
    options = [f"--aptopt={line}" for line in _apt_proxy()]
    options += [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("man", "doc", "locale", "info")]
    options += [f"--customize-hook={hook}" for hook in hooks]
    return [
        "mmdebstrap",
        "--quiet",
        "--variant=minbase",
        "--mode=root",
        '--aptopt=APT::Install-Recommends "false"',
        f"--include={','.join(packages)}",
        *options,
        SUITE,
        str(target),
        "-",
    ]


def _source_files(directory: Path) -> list[Path]:
    parts = sorted(directory.glob("sources.list.d/*"))
    files = [directory / "sources.list", *parts]
    return [file for file in files if file.suffix in (".list", ".sources") and file.is_file()]


def _entries(file: Path) -> Iterator[str]:
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".sources":
        for stanza in text.split("\n\n"):
            yield from _stanza(stanza)
        return
    for line in text.splitlines():
        words = line.partition("#")[0].replace("[", " [ ").replace("]", " ] ").split()
        if not words or words[0] != "deb":
            continue
        if "[" in words:
            words = words[:1] + words[words.index("]") + 1 :]
        yield from _one_line(uris=[words[1]], suites=[words[2]], components=words[3:])


def _stanza(stanza: str) -> Iterator[str]:
    fields: dict[str, list[str]] = {}
    for line in stanza.splitlines():
        key, colon, value = line.partition(":")
        if colon and not line.startswith(("#", " ")):
            fields[key.strip().lower()] = value.split()
    if "deb" not in fields.get("types", []) or fields.get("enabled") == ["no"]:
        return
    yield from _one_line(fields.get("uris", []), fields.get("suites", []), fields.get("components", []))


def _one_line(uris: Sequence[str], suites: Sequence[str], components: Sequence[str]) -> Iterator[str]:
    wanted = (SUITE, f"{SUITE}-updates", f"{SUITE}-security")
    if "main" not in components:
        return
    for uri in uris:
        for suite in suites:
            if suite in wanted:
                yield f"deb {uri} {suite} main"


def _apt_proxy() -> list[str]:
    dump = subprocess.run(["apt-config", "dump", "Acquire"], capture_output=True, text=True, check=True).stdout
    return [line for line in dump.splitlines() if "::Proxy" in line or "::CaInfo" in line]
