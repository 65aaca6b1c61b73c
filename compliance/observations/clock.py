"""The clock: its zone, how far it is from the assessor's, and how the time service is set."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compliance.observations import CouldNotObserve, read

TIME_SERVERS = "time.city.internal"


@dataclass(frozen=True)
class Clock:
    """`apart` is the least that the two clocks can be apart, in seconds: time on the way is not held against it."""

    zone: str
    apart: float
    service: str
    directives: tuple[str, ...]
    sources: frozenset[str]
    """The addresses that the time may come from."""
    followed: str
    """The one of them that the clock is held against; empty while there is none."""
    city: frozenset[str]
    """The addresses of the city's time servers, by their name."""


def observe(host: Any) -> Clock:
    """Look at a host."""
    before = time.time()
    there = read(host, "date +%s.%N")
    after = time.time()
    said = {
        "there": there,
        "zone": read(host, "timedatectl show --property=Timezone --value"),
        # `is-active` ends with a status of its own for each answer.
        "service": read(host, "systemctl is-active chrony || true"),
        "config": read(host, "chronyd -p", as_root=True),
        # Without the service there are no sources, and without the name no city's server: both are findings.
        "sources": read(host, "chronyc -n -c sources || true", as_root=True),
        "names": read(host, f"getent ahosts {TIME_SERVERS} || true"),
    }
    return parse((before, after), said)


def parse(between: tuple[float, float], said: Mapping[str, str]) -> Clock:
    """Understand the answers, by what was asked; the host's clock was read between these times of ours."""
    before, after = between
    try:
        there = float(said["there"])
    except ValueError:
        raise CouldNotObserve(f"`date` says {said['there'].strip()}") from None
    directives = tuple(line.split()[0] for line in said["config"].splitlines() if line.strip())
    # ^,*,ADDRESS,...: a server, and whether it is the one that is followed.
    known = [line.split(",") for line in said["sources"].splitlines() if line.startswith("^,")]
    return Clock(
        said["zone"].strip(),
        max(0.0, before - there, there - after),
        said["service"].strip(),
        directives,
        frozenset(one[2] for one in known),
        next((one[2] for one in known if one[1] == "*"), ""),
        frozenset(line.split()[0] for line in said["names"].splitlines() if line.strip()),
    )
