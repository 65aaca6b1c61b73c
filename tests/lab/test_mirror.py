"""The city's mirror is the guests' only source, keeps what was fetched, and lists it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from govcloud.core.workspace import Workspace
from lab import identity
from lab.supervisor import Supervisor
from tests.conftest import City
from tests.lab.guest_site import Server, Site, wait_for
from tests.sampling import OF_THE_LONG

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def guest(site: Site) -> Server:
    return site.start("mirrored")


def test_a_guest_has_no_way_out_but_the_mirror(city: City, guest: Server) -> None:
    assert guest.run("curl -s -o /dev/null -m 10 -w '%{http_code}' http://mirror.city.internal/debian/") == "200"
    route = guest.run("ip route get 198.18.0.1 | head -1")
    assert "via" in route, "without a route the next look would prove nothing"
    for address in ("198.18.0.1", "192.0.2.1"):
        assert guest.attempt(f"curl -s -o /dev/null -m 3 http://{address}/").returncode != 0
    # The machine itself is not reachable either, although it answers from its own side.
    machine = identity.establish(Workspace(city.root)).machine_address
    assert guest.attempt(f"ping -c 2 -W 2 {machine}").returncode != 0


def test_an_installed_package_is_kept_and_listed_by_its_hash(city: City, guest: Server) -> None:
    install = "sudo apt-get update -qq && sudo apt-get install -y -qq --reinstall hostname"
    guest.run(f"{install} >/dev/null 2>&1", seconds=120)
    guest.run("cd /tmp && apt-get download -qq hostname")
    hashed = guest.run("sha256sum /tmp/hostname_*.deb").split()[0]
    city.run(["govcloud", "lab", "packages"], check=True)
    listed = json.loads((city.root / "build" / "lab" / "packages.json").read_text(encoding="utf-8"))["packages"]
    assert hashed in {one["sha256"] for one in listed if one["name"] == "hostname"}


def test_python_packages_come_through_the_mirror_too(city: City, guest: Server) -> None:
    apt = "sudo DEBIAN_FRONTEND=noninteractive apt-get -qq"
    guest.run(f"{apt} install -y --no-install-recommends python3-pip", seconds=120)
    guest.run("pip download --quiet --no-deps --dest /tmp six==1.17.0")
    hashed = guest.run("sha256sum /tmp/six-*.whl").split()[0]
    city.run(["govcloud", "lab", "packages"], check=True)
    listed = json.loads((city.root / "build" / "lab" / "packages.json").read_text(encoding="utf-8"))["packages"]
    assert [one["version"] for one in listed if one["sha256"] == hashed] == ["1.17.0"]


@OF_THE_LONG
def test_what_was_fetched_once_is_there_without_the_outside(city: City, guest: Server) -> None:
    install = "sudo apt-get update -qq && sudo apt-get install -y -qq --reinstall hostname"
    fresh = "cd /tmp && rm -f *.deb && apt-get download -qq"
    guest.run(f"{install} >/dev/null 2>&1 && {fresh} hostname", seconds=120)
    with _without_the_outside(city):
        guest.run("sudo rm -rf /var/lib/apt/lists && sudo apt-get clean")
        guest.run(f"{install} && {fresh} hostname", seconds=120)
        # And it is not there after all: what nobody has fetched is refused.
        assert guest.attempt(f"{fresh} cowsay", seconds=60).returncode != 0
    guest.run(f"{fresh} cowsay", seconds=60)


@contextmanager
def _without_the_outside(city: City) -> Iterator[None]:
    """Point the mirror at an outside where nobody listens."""
    file = city.root / ".lab" / "state" / "etc" / "mirror.conf"
    settings = file.read_text(encoding="utf-8")
    cut, origins = re.subn(r"(proxy_pass )https?://[^/;]+", r"\1http://127.0.0.1:9", settings)
    assert origins
    try:
        file.write_text(cut, encoding="utf-8")
        _start_again(city)
        yield
    finally:
        file.write_text(settings, encoding="utf-8")
        _start_again(city)


def _start_again(city: City) -> None:
    supervisor = Supervisor(Workspace(city.root))
    supervisor.stop("mirror")
    supervisor.start("mirror")
    wait_for("the mirror", lambda: supervisor.process("mirror").running)
