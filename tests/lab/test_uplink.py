"""The uplink in the city: the exchange zone and the province reach each other, nobody else does."""

from __future__ import annotations

import json
import shlex
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from govcloud.core.workspace import Workspace
from govcloud.verify.guests import read_host_list
from lab.namespace import run_inside
from tests.conftest import City
from tests.lab.guest_site import wait_for

pytestmark = pytest.mark.lab

BORDER, SHARING, INNER = "uplink-border", "bureau-exchange-application-1", "approval-elicence-database-1"
LISTENER, ALARM = "listens-for-the-province", "cat /run/uplink-alarm 2>/dev/null"
SHARED, NEIGHBOUR = {4: "10.18.2.0/24", 6: "fd00:1301:3:2::/64"}, "10.21.255.2"
PROVINCE = {4: "10.32.1.20", 6: "fd00:1300:1::20"}
BELIEVED = {4: "10.32.1.0/24", 6: "fd00:1300:1::/64"}
PORT, OTHER_PORT = 8443, 22
# Seconds: a dead line's routes are gone, a mended line's are back.
WITHDRAWN, BACK = 10, 30
# Waits until BGP has brought both networks, or none, and says when; all hosts of the lab have one clock.
WATCH = """
import json, subprocess, sys, time
def routes():
    for family in "46":
        told = subprocess.run(["ip", "-json", f"-{family}", "route", "show", "proto", "bgp"], capture_output=True)
        yield from (one["dst"] for one in json.loads(told.stdout or "[]"))
end = time.time() + 60
while time.time() < end and len(list(routes())) != int(sys.argv[1]):
    time.sleep(0.1)
print(time.time())
"""


@dataclass(frozen=True)
class Uplink:
    """Both ends, and every server as the host list knows it."""

    workspace: Workspace
    hosts: dict[str, dict[str, Any]]
    ways: Mapping[str, Sequence[str]]

    def on(self, host: str, command: str) -> str:
        """Run a line of shell on a server as root; return what it printed."""
        argv = [*self.ways[host], f"sudo sh -c {shlex.quote(command)}"]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=120)
        assert done.returncode != 255, done.stderr
        return done.stdout.strip()

    def in_province(self, *command: str) -> str:
        """Run a command at the province's edge; return what it printed."""
        return run_inside(self.workspace, ["ip", "netns", "exec", "province", *command]).stdout.strip()

    def address(self, host: str, family: int) -> str:
        """Return a server's address."""
        return str(self.hosts[host]["govcloud"][f"ipv{family}"])

    def has_networks(self, number: int) -> float:
        """Return when the border router had so many networks of the province."""
        return float(self.on(BORDER, f"python3 -c {shlex.quote(WATCH)} {number}"))


@pytest.fixture(scope="module")
def uplink(city: City) -> Uplink:
    listed = json.loads(city.run(["inventory/hosts.py", "--list"], check=True).stdout)
    found = Uplink(Workspace(city.root), listed["_meta"]["hostvars"], read_host_list(listed).commands)
    # After a start the sessions come up by themselves.
    found.has_networks(2)
    return found


def _asked(address: str, port: int, *more: str) -> list[str]:
    url = f"http://[{address}]:{port}/" if ":" in address else f"http://{address}:{port}/"
    told = ("--output", "/dev/null", "--write-out", "%{http_code} %{errormsg}")
    return ["curl", "--silent", "--max-time", "4", *told, *more, url]


@contextmanager
def _listening(uplink: Uplink, *servers: str) -> Iterator[None]:
    serve = f"python3 -m http.server {PORT} --bind :: --directory /srv"
    for server in servers:
        uplink.on(server, f"systemd-run --quiet --unit {LISTENER} {serve}")
        ask = shlex.join(_asked("::1", PORT))
        wait_for("the listener", lambda server=server, ask=ask: "200" in uplink.on(server, ask))
    try:
        yield
    finally:
        for server in servers:
            uplink.on(server, f"systemctl stop {LISTENER}")


@pytest.mark.parametrize("family", [4, 6])
def test_only_the_exchange_zone_reaches_the_province(uplink: Uplink, family: int) -> None:
    ask = shlex.join(_asked(PROVINCE[family], PORT))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(uplink.on, uplink.hosts, [ask] * len(uplink.hosts)))
    found = {name: answer.startswith("200") for name, answer in zip(uplink.hosts, answers, strict=True)}
    assert found == {name: one["govcloud"]["zone"] == "exchange" for name, one in uplink.hosts.items()}


@pytest.mark.parametrize("family", [4, 6])
def test_the_province_reaches_the_exchange_zone_only(uplink: Uplink, family: int) -> None:
    def answer(name: str, port: int) -> str:
        asked = _asked(uplink.address(name, family), port, "--interface", PROVINCE[family])
        return uplink.in_province(*asked)[:3]

    with _listening(uplink, SHARING, INNER):
        found = [answer(SHARING, PORT), answer(SHARING, OTHER_PORT), answer(INNER, PORT), answer(BORDER, OTHER_PORT)]
    assert found == ["200", "000", "000", "000"]


@pytest.mark.parametrize("family", [4, 6])
def test_no_more_is_believed_and_announced_than_was_agreed(uplink: Uplink, family: int) -> None:
    told = json.loads(uplink.in_province("vtysh", "-c", f"show bgp ipv{family} unicast json"))["routes"]
    own = {network for network, ways in told.items() if not any(way["path"] for way in ways)}
    assert len(own) > 1, "the province announces nothing that is to be refused"
    routes = json.loads(uplink.on(BORDER, f"ip -json -{family} route show proto bgp"))
    assert {one["dst"] for one in routes} == {BELIEVED[family]}
    assert set(told) - own == {SHARED[family]}


def test_a_cut_line_withdraws_the_routes_and_leads_nowhere_else(uplink: Uplink) -> None:
    def line(state: str) -> float:
        run_inside(uplink.workspace, ["ip", "link", "set", "province", state])
        return time.time()

    # The alarm looks every five seconds.
    wait_for("no alarm", lambda: not uplink.on(BORDER, ALARM), 20)
    with ThreadPoolExecutor(1) as pool:
        gone = pool.submit(uplink.has_networks, 0)
        cut = line("down")
        try:
            withdrawn = gone.result() - cut
            # Told at once that there is no way, though the router's own way to the internet is there.
            asked = {family: shlex.join(_asked(address, PORT)) for family, address in PROVINCE.items()}
            answers = {family: uplink.on(SHARING, ask) for family, ask in asked.items()}
            wait_for("the alarm", lambda: NEIGHBOUR in uplink.on(BORDER, ALARM), 20)
        finally:
            mended = line("up")
    back = uplink.has_networks(2) - mended
    print(f"withdrawn after {withdrawn:.1f} s, back after {back:.1f} s")
    assert withdrawn <= WITHDRAWN
    assert back <= BACK
    assert [family for family, answer in answers.items() if "timed out" in answer or answer[:3] != "000"] == [], answers
    wait_for("the end of the alarm", lambda: not uplink.on(BORDER, ALARM), 20)
