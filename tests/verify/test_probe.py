"""The probe against real sockets: open, refused, silence and a router's word are told apart, and it leaves nothing."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

import pytest

from govcloud.verify.city import Endpoint, endpoints
from govcloud.verify.guests import SCRIPT, CouldNotAskError, Session
from govcloud.verify.matrix import Path, paths
from tests.sample import SAMPLE
from tests.verify.made_up import only
from tests.verify.town import Town, town

LAB = only(SAMPLE.environments["lab"], SAMPLE, "elicence")
GUESTS = [one for one in endpoints(SAMPLE, LAB) if one.is_guest and "web" not in one.name]
PATHS = [one for one in paths(SAMPLE, LAB, GUESTS) if one.target.is_guest]
APPLICATION, DATABASE = "approval-elicence-application-1", "approval-elicence-database-1"


@pytest.fixture
def probe() -> Iterator[Session]:
    """Start a probe on this machine, for loopback."""
    with closing(Session(("sh", "-c"))) as started:
        yield started


@pytest.fixture(scope="module")
def place() -> Iterator[Town]:
    with town(GUESTS, "p") as built:
        yield built


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def knock(session: Session, *wanted: list[Any], seconds: float = 1.0) -> dict[int, tuple[str, str]]:
    answer = session.ask(20, knock=list(wanted), seconds=seconds)
    return {number: (got, detail) for number, got, detail in answer["knocked"]}


def of(name: str) -> Endpoint:
    return next(one for one in GUESTS if one.name == name)


def which(protocol: str, port: int, family: int) -> Path:
    """Return a path from the application to the database."""
    return next(
        one
        for one in PATHS
        if (one.source.name, one.target.name, one.protocol, one.port, one.family)
        == (APPLICATION, DATABASE, protocol, port, family)
    )


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_open_and_refused(probe: Session, address: str) -> None:
    port, other = free_port(), free_port()
    listening = [["tcp", address, port], ["udp", address, port]]
    assert [one[3] for one in probe.ask(10, listen=listening)["listening"]] == ["temporary", "temporary"]
    found = knock(
        probe,
        [1, "tcp", address, port, None],
        [2, "udp", address, port, None],
        [3, "tcp", address, other, None],
        [4, "udp", address, other, None],
        [5, "tcp", address, port, address],
    )
    assert {number: got for number, (got, _) in found.items()} == {
        1: "open",
        2: "open",
        3: "refused",
        4: "refused",
        5: "open",
    }
    assert sorted(probe.ask(10, check=True)["alive"]) == sorted(listening)


def test_a_service_that_listens_is_left_alone(probe: Session) -> None:
    with socket.create_server(("127.0.0.1", 0)) as service:
        port = service.getsockname()[1]
        assert probe.ask(10, listen=[["tcp", "127.0.0.1", port]])["listening"] == [
            ["tcp", "127.0.0.1", port, "service", ""]
        ]
        assert probe.ask(10, check=True)["alive"] == [["tcp", "127.0.0.1", port]]
    assert probe.ask(10, check=True)["alive"] == []


def test_a_service_that_does_not_answer_is_not_alive(probe: Session) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        assert probe.ask(10, listen=[["udp", "127.0.0.1", port]])["listening"][0][3] == "service"
        assert probe.ask(10, check=True)["alive"] == []


def test_an_address_of_somebody_else_cannot_be_listened_on(probe: Session) -> None:
    answer = probe.ask(10, listen=[["tcp", "192.0.2.200", 80]])["listening"]
    assert answer == [["tcp", "192.0.2.200", 80, "failed", "Cannot assign requested address"]]


def test_listeners_end_with_the_connection() -> None:
    port = free_port()
    session = Session(("sh", "-c"))
    session.ask(10, listen=[["tcp", "127.0.0.1", port]])
    socket.create_connection(("127.0.0.1", port), 2).close()
    session.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 2)


def test_many_visitors_are_let_in_while_others_are_knocked_at(probe: Session) -> None:
    port = free_port()
    probe.ask(10, listen=[["tcp", "127.0.0.1", port]])
    found = knock(probe, *([number, "tcp", "127.0.0.1", port, None] for number in range(2000)))
    assert {got for got, _ in found.values()} == {"open"}
    assert len(found) == 2000


def test_it_needs_nothing_but_pythons_library() -> None:
    """Neither packages nor this project are on a guest."""
    imported = re.findall(r"^(?:import|from) ([\w.]+)", SCRIPT.read_text(encoding="utf-8"), re.MULTILINE)
    done = subprocess.run(
        ["python3", "-I", "-S", "-c", f"import {', '.join(sorted({*imported} - {'__future__'}))}"], check=False
    )
    assert done.returncode == 0


def test_a_probe_that_cannot_be_started_says_why() -> None:
    with pytest.raises(CouldNotAskError, match="no-such-command"):
        Session(("no-such-command",))
    with pytest.raises(CouldNotAskError, match="Permission denied"):
        Session(("sh", "-c", "echo Permission denied >&2; exit 255"))
    with pytest.raises(CouldNotAskError, match="status 7"):
        Session(("sh", "-c", "exit 7"))
    with pytest.raises(CouldNotAskError, match="the guest answered 'motd'"):
        Session(("sh", "-c", "echo motd; sleep 1"))


def test_a_probe_that_hangs_is_given_up(probe: Session) -> None:
    began = time.monotonic()
    with pytest.raises(CouldNotAskError, match="no answer within 1 s"), _halted(probe):
        probe.ask(1.0, check=True)
    assert time.monotonic() - began < 3


@contextmanager
def _halted(probe: Session) -> Iterator[None]:
    """Stop the probe's process for a while, as a host does that swaps."""
    os.kill(probe._process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(probe._process.pid, signal.SIGCONT)


WORDS = {"blackhole": "dropped", "prohibit": "unreachable", "unreachable": "unreachable"}


@pytest.mark.slow
def test_silence_and_a_routers_word_are_told_apart(place: Town) -> None:
    """The same kind of listener, alive all the time, answers at one port and is kept silent at the others."""
    ports = {22: "", 80: "blackhole", 8080: "prohibit", 8443: "unreachable"}
    about = [
        replace(which("tcp", port, family), protocol=protocol)
        for port in ports
        for family in (4, 6)
        for protocol in ("tcp", "udp")
    ]
    for how in WORDS:
        place.stop([one for one in about if ports[one.port] == how], how)
    place.open(about)
    with closing(Session(place.commands[DATABASE])) as target, closing(Session(place.commands[APPLICATION])) as source:
        target.ask(10, listen=[[one.protocol, one.address, one.port] for one in about])
        try:
            # Three seconds: a first packet may be lost while neighbours are looked for.
            wanted = ([number, one.protocol, one.address, one.port, None] for number, one in enumerate(about))
            found = knock(source, *wanted, seconds=3.0)
        finally:
            place.mend()
        assert len(target.ask(10, check=True)["alive"]) == len(about)
    got = {(one.protocol, one.port, one.family): found[number][0] for number, one in enumerate(about)}
    assert got == {(one.protocol, one.port, one.family): WORDS.get(ports[one.port], "open") for one in about}


@pytest.mark.slow
def test_a_place_without_a_route_says_so(place: Town) -> None:
    with closing(Session(place.commands[APPLICATION])) as source:
        subprocess.run(
            ["ip", "-n", place.namespace(of(APPLICATION)), "route", "del", "default"], check=True, capture_output=True
        )
        try:
            assert knock(source, [1, "tcp", "203.0.113.1", 80, None])[1] == ("unreachable", "no route")
        finally:
            gateway = ["via", "169.254.1.1", "dev", "eth0"]
            space = place.namespace(of(APPLICATION))
            subprocess.run(["ip", "-n", space, "route", "add", "default", *gateway], check=True, capture_output=True)
