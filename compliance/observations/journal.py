"""The journal: where the running service writes, and the bounds that its settings give it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from compliance.observations import CouldNotObserve, read

_DAYS = {"": 1 / 86400, "s": 1 / 86400, "min": 1 / 1440, "h": 1 / 24, "day": 1, "days": 1, "week": 7, "month": 30.44}


@dataclass(frozen=True)
class Journal:
    """Files that are open for writing, the size that bounds all (empty: none set), and how long entries stay."""

    written: tuple[str, ...]
    largest: str
    keep_days: float | None


def observe(host: Any) -> Journal:
    """Look at a host."""
    headers = read(host, "journalctl --header --no-pager", as_root=True)
    return parse(headers, read(host, "systemd-analyze cat-config systemd/journald.conf"))


def parse(headers: str, config: str) -> Journal:
    """Understand `journalctl --header` and the merged settings, of which the last one counts."""
    files = re.findall(r"^File path: (\S+)$.*?^State: (\S+)$", headers, re.MULTILINE | re.DOTALL)
    settings = dict(re.findall(r"^(\w+)=(.*)$", config, re.MULTILINE))
    return Journal(
        tuple(path for path, state in files if state == "ONLINE"),
        settings.get("SystemMaxUse", "").strip(),
        _days(settings.get("MaxRetentionSec", "").strip()),
    )


def _days(text: str) -> float | None:
    if text in ("", "0"):
        return None
    span = re.fullmatch(r"(\d+)\s*([a-z]*)", text)
    if span is None or span[2] not in _DAYS:
        raise CouldNotObserve(f"MaxRetentionSec={text} is not understood")
    return int(span[1]) * _DAYS[span[2]]
