"""The uplink, cut: the role's own settings under Debian's FRR and WireGuard, against a province that misbehaves."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.playbooks.harness import apply
from tests.playbooks.routers import START, Host, host, keys, router
from tests.playbooks.uplink_ends import (
    BELIEVED,
    DATA,
    EXCHANGE,
    MOST,
    NEIGHBOUR,
    PROVINCE_ROUTES,
    PROVINCE_TUNNEL,
    RECORDS,
    ROUTER,
    SHARING,
    THERE,
    border_router,
    join,
)

pytestmark = pytest.mark.slow

PORT, OTHER_PORT = 8443, 22
# Seconds: a dead line's routes are gone, a mended line's are back.
WITHDRAWN, BACK = 10, 30
FAMILIES = (4, 6)


@dataclass(frozen=True)
class Uplink:
    """The city's router, a host behind it with addresses of two zones, the province, and the way to the internet."""

    city: Host
    inside: Host
    province: Host

    def routes(self, at: Host, family: int) -> set[str]:
        """Return the networks that BGP has brought a router."""
        told = json.loads(at.shell(f"ip -json -{family} route show proto bgp"))
        return {str(one["dst"]) for one in told}

    def way(self, family: int) -> str:
        """Return where the city's router sends a packet for the province now."""
        asked = self.city.run("ip", f"-{family}", "route", "get", THERE[family], check=False)
        return "province" if "dev province" in asked.stdout else "none" if asked.returncode else asked.stdout

    def alarm(self) -> int:
        """Return what the alarm's own program says."""
        return self.city.run("/usr/local/sbin/uplink-state", check=False).returncode

    def is_up(self) -> bool:
        """Tell whether both versions of IP have their way."""
        return all(self.routes(self.city, one) == {BELIEVED[one]} for one in FAMILIES)


def _until(true: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait until something is so, and return how long it took."""
    started = time.monotonic()
    while not true():
        assert time.monotonic() - started < seconds, what
        time.sleep(0.1)
    return time.monotonic() - started


@pytest.fixture(scope="module")
def uplink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Uplink]:
    root = tmp_path_factory.mktemp("uplink")
    (own, own_public), (theirs, theirs_public) = keys(2)
    tried = border_router(root / "city" / "settings", own, theirs_public)
    tried.prepare()
    result = apply({"city": tried}, root / "run")["city"]
    assert result.failed == 0, result.output
    # On a router of its own the folder is the root.
    conf = tried.folder / "etc/wireguard/province.conf"
    conf.write_text(conf.read_text(encoding="utf-8").replace(str(tried.folder), ""), encoding="utf-8")
    settings = {
        "etc/wireguard/province.conf": PROVINCE_TUNNEL.format(private=theirs, public=own_public),
        "etc/frr/frr.conf": PROVINCE_ROUTES,
        "etc/frr/daemons": (tried.folder / "etc/frr/daemons").read_text(encoding="utf-8"),
    }
    (root / "province").mkdir()
    with ExitStack() as stack:
        city, province = router(stack, root / "city"), router(stack, root / "province", settings)
        inside, internet = host(stack), host(stack)
        join(city, inside, province, internet)
        for one in (inside, province):
            one.listen(PORT, OTHER_PORT)
        city.listen(OTHER_PORT)
        city.shell(START)
        province.shell(START)
        made = Uplink(city, inside, province)
        _until(lambda: all(made.routes(city, one) for one in FAMILIES), 60, "the sessions do not come up")
        yield made


@pytest.mark.parametrize("family", FAMILIES)
def test_only_the_exchange_zone_and_the_province_reach_each_other(uplink: Uplink, family: int) -> None:
    sharing, records, there = SHARING[family], RECORDS[family], THERE[family]
    # Who is refused is refused before a living listener.
    assert {uplink.province.probe(there, there, port) for port in (PORT, OTHER_PORT)} == {"open"}
    assert {uplink.inside.probe(sharing, one, PORT) for one in (sharing, records)} == {"open"}
    assert uplink.city.probe(ROUTER[family], ROUTER[family], OTHER_PORT) == "open"
    found = {
        "the exchange zone to the province": uplink.inside.probe(sharing, there, PORT),
        "the province to the exchange zone": uplink.province.probe(there, sharing, PORT),
        "at another port": uplink.inside.probe(sharing, there, OTHER_PORT),
        "at another port back": uplink.province.probe(there, sharing, OTHER_PORT),
        "the databases to the province": uplink.inside.probe(records, there, PORT),
        "the province to the databases": uplink.province.probe(there, records, PORT),
        "the router to the province": uplink.city.probe(ROUTER[family], there, PORT),
        "the province to the router": uplink.province.probe(NEIGHBOUR[family], ROUTER[family], OTHER_PORT),
    }
    assert found == {
        **dict.fromkeys(found, "dropped"),
        "the exchange zone to the province": "open",
        "the province to the exchange zone": "open",
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_networks_are_filtered_both_ways(uplink: Uplink, family: int) -> None:
    unicast = "ipv4 unicast" if family == 4 else "ipv6 unicast"
    shared, leaked = str(EXCHANGE.of(family)), str(DATA.of(family))
    told = json.loads(
        uplink.province.shell(f"vtysh -c 'show bgp {unicast} neighbors {ROUTER[family]} advertised json'")
    )
    assert len(told["advertisedRoutes"]) > 1, "the province announces nothing that is to be refused"
    assert _heard(uplink.city, unicast, NEIGHBOUR[family]) == {BELIEVED[family]}

    at = f"vtysh -c 'configure terminal' -c 'router bgp 64512' -c 'address-family {unicast}'"
    uplink.city.shell(f"{at} -c 'network {leaked}' -c 'no network {shared}'")
    try:
        # What is announced after the leak has come: then the leak has, too.
        _until(lambda: not _heard(uplink.province, unicast, ROUTER[family]) - {leaked}, 20, "nothing is withdrawn")
        uplink.city.shell(f"{at} -c 'network {shared}'")
        _until(lambda: shared in _heard(uplink.province, unicast, ROUTER[family]), 20, "nothing is announced")
        assert leaked in json.loads(uplink.city.shell(f"vtysh -c 'show bgp {unicast} json'"))["routes"]
        assert _heard(uplink.province, unicast, ROUTER[family]) == {shared}
    finally:
        uplink.city.shell(f"{at} -c 'no network {leaked}' -c 'network {shared}'")


def _heard(at: Host, unicast: str, neighbour: str) -> set[str]:
    """Return the networks that a router believes of its neighbour; its own routes may hide them from the kernel."""
    return set(json.loads(at.shell(f"vtysh -c 'show bgp {unicast} neighbors {neighbour} routes json'"))["routes"])


def test_what_passes_cannot_be_read_on_the_way(uplink: Uplink) -> None:
    with ExitStack() as stack:
        sniffers = [uplink.city.sniff(stack, link) for link in ("outside", "inside")]
        assert uplink.inside.probe(SHARING[4], THERE[4], PORT) == "open"
        outside, inside = (_counted(one.communicate(timeout=30)[0]) for one in sniffers)
    assert inside[1] > 0, "who looks sees nothing where it can be read"
    assert outside[0] > 0
    assert outside[1] == 0


def _counted(said: str) -> tuple[int, int]:
    packets, readable = said.split()
    return int(packets), int(readable)


def test_a_cut_line_withdraws_the_routes_and_leads_nowhere_else(uplink: Uplink) -> None:
    assert uplink.alarm() == 0
    # Without it the routes go too, but only by BGP's own timers.
    _until(lambda: _watched(uplink) == ["up", "up"], 30, "nobody watches the line")
    ways: set[str] = set()

    def gone() -> bool:
        ways.update(uplink.way(family) for family in FAMILIES)
        return not any(uplink.routes(uplink.city, family) for family in FAMILIES)

    uplink.province.shell("ip link set eth0 down")
    try:
        withdrawn = _until(gone, WITHDRAWN, "routes stay on a dead line")
        # The host inside is told at once, and the router's way to the internet is there all the time.
        answers = {uplink.inside.probe(SHARING[family], THERE[family], PORT) for family in FAMILIES}
        internet = uplink.city.shell("ip route get 203.0.113.1; ip -6 route get 2001:db8:1::1")
        alarm = uplink.alarm()
        reasons = uplink.city.shell("cat /run/uplink-alarm")
        ways.update(uplink.way(family) for family in FAMILIES)
    finally:
        uplink.province.shell("ip link set eth0 up")
    back = _until(uplink.is_up, BACK, "the routes do not come back")
    print(f"withdrawn after {withdrawn:.1f} s, back after {back:.1f} s")
    assert ways == {"province", "none"}
    assert answers == {"unreachable"}
    assert internet.count("dev internet") == 2
    assert (alarm, uplink.alarm()) == (1, 0)
    assert NEIGHBOUR[4] in reasons
    assert NEIGHBOUR[6] in reasons


def _watched(uplink: Uplink) -> list[str]:
    """Return how BFD is with each neighbour."""
    return [one["status"] for one in json.loads(uplink.city.shell("vtysh -c 'show bfd peers json'"))]


def test_a_flood_of_networks_ends_the_session(uplink: Uplink) -> None:
    at = "vtysh -c 'configure terminal' -c 'router bgp 64600' -c 'address-family ipv4 unicast'"
    networks = [f"10.32.{number}.0/24" for number in range(50, 50 + MOST + 1)]
    expected, too_many = networks[: MOST - 1], networks[MOST - 1 :]
    try:
        uplink.province.shell(at + "".join(f" -c 'network {one}'" for one in expected))
        _until(
            lambda: uplink.routes(uplink.city, 4) == {BELIEVED[4], *expected}, 10, "as many as may be are not believed"
        )
        assert uplink.alarm() == 0
        uplink.province.shell(at + "".join(f" -c 'network {one}'" for one in too_many))
        _until(lambda: not uplink.routes(uplink.city, 4), 10, "more networks are believed than may be")
        assert uplink.alarm() == 1
        assert uplink.way(4) == "none"
        # The other version of IP has a session of its own.
        assert uplink.routes(uplink.city, 6) == {BELIEVED[6]}
    finally:
        uplink.province.shell(at + "".join(f" -c 'no network {one}'" for one in networks))
    # It stays so until somebody has looked.
    uplink.city.shell(f"vtysh -c 'clear bgp {NEIGHBOUR[4]}'")
    _until(uplink.is_up, BACK, "nobody can bring the session back")
