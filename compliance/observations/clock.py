"""The clock: its zone, how far it is from the assessor's, and how the time service is set."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from compliance.observations import CouldNotObserve, read


@dataclass(frozen=True)
class Clock:
    """`apart` is the least that the two clocks can be apart, in seconds: time on the way is not held against it."""

    zone: str
    apart: float
    service: str
    directives: tuple[str, ...]


def observe(host: Any) -> Clock:  # noqa: ANN401 - testinfra's hosts have no type
    """Look at a host."""
    zone = read(host, "timedatectl show --property=Timezone --value")
    before = time.time()
    there = read(host, "date +%s.%N")
    after = time.time()
    # `is-active` ends with a status of its own for each answer.
    service = read(host, "systemctl is-active chrony || true")
    return parse(zone, (before, there, after), service, read(host, "chronyd -p", as_root=True))


def parse(zone: str, times: tuple[float, str, float], service: str, config: str) -> Clock:
    """Understand the answers; `times` are ours before, the host's, ours after."""
    before, text, after = times
    try:
        there = float(text)
    except ValueError:
        raise CouldNotObserve(f"`date` says {text.strip()}") from None
    directives = tuple(line.split()[0] for line in config.splitlines() if line.strip())
    return Clock(zone.strip(), max(0.0, before - there, there - after), service.strip(), directives)
