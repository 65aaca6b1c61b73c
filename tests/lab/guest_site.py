"""A small site in the test city: a network, a router, a security group; servers on it and SSH to them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from openstack.connection import Connection
from openstack.exceptions import NotFoundException, SDKException

IMAGE = "debian-12"
SSH = ("-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null")
# A connection that breaks silently, as when its address moves, ends after ten seconds.
QUIET = ("-o", "LogLevel=ERROR", "-o", "ConnectTimeout=3", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=2")


def wait_for(what: str, look: Callable[[], Any], seconds: float = 60) -> Any:
    """Return what `look` returns once it is true; fail with the last answer after the time."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.2)


@dataclass
class Server:
    """A server with a floating address."""

    cloud: Any  # openstacksdk declares two versions of several APIs at once
    key: Path
    id: str
    address: str

    def look(self) -> Any:
        """Ask nova for the server."""
        return self.cloud.compute.get_server(self.id)

    def becomes(self, status: str, seconds: float = 60) -> float:
        """Wait for a status and return how long it took."""
        start = time.monotonic()

        def reached() -> bool:
            server = self.look()
            assert server.status != "ERROR" or status == "ERROR", server.fault
            return bool(server.status == status and not server.task_state)

        try:
            wait_for(f"{server_name(self)} {status}", reached, seconds)
        except AssertionError as error:
            # What it was doing: a guest that is late says for which of its units it waits.
            with suppress(SDKException):
                error.add_note(self.cloud.compute.get_server_console_output(self.id)["output"][-2000:])
            raise
        return time.monotonic() - start

    def run(self, command: str, seconds: float = 40) -> str:
        """Run a command in the guest as its operator, waiting until it answers; return what it printed."""
        done = self.attempt(command, seconds)
        assert done.returncode == 0, f"{command}: {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def attempt(self, command: str, seconds: float = 40) -> subprocess.CompletedProcess[str]:
        """Run a command in the guest; ssh's own failure (255) is tried again until the time is over."""
        argv = ["ssh", *SSH, *QUIET, "-i", str(self.key), f"debian@{self.address}", command]
        end = time.monotonic() + seconds
        while True:
            done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
            if done.returncode != 255 or time.monotonic() > end:
                return done
            time.sleep(0.2)

    def tell(self, command: str) -> None:
        """Give a command that ends the guest: once, as it may end the connection too, and a second meet a new boot."""
        self.attempt(command, seconds=0)

    @property
    def host(self) -> str:
        """The compute host that it runs on."""
        return str(self.look().compute_host)

    @property
    def instance_name(self) -> str:
        """The hypervisor's name for it: its container, network namespace and control groups."""
        return str(self.look().instance_name)

    def boot_id(self) -> str:
        """Return what changes with every boot: when the guest's first process started."""
        return self.run("cut -d' ' -f22 /proc/1/stat")


def server_name(server: Server) -> str:
    """Return the server's name."""
    return str(server.look().name)


@dataclass
class Site:
    """What the servers stand on; `remove` takes everything away again."""

    cloud: Any
    key: Path
    prefix: str
    made: list[tuple[str, str]] = field(default_factory=list)
    servers: list[str] = field(default_factory=list)

    def build(self) -> None:
        """Make network, router, security group, flavor and key pair."""
        cloud, name = self.cloud, self.prefix
        network = self._keep("network", cloud.network.create_network(name=name))
        v4 = cloud.network.create_subnet(network_id=network.id, name=name, ip_version=4, cidr="10.77.0.0/24")
        v6 = cloud.network.create_subnet(
            network_id=network.id,
            name=f"{name}-v6",
            ip_version=6,
            cidr="fd77::/64",
            ipv6_address_mode="slaac",
            ipv6_ra_mode="slaac",
        )
        outside = cloud.network.find_network("internet")
        router = self._keep(
            "router", cloud.network.create_router(name=name, external_gateway_info={"network_id": outside.id})
        )
        for subnet in (v4, v6):
            cloud.network.add_interface_to_router(router, subnet_id=subnet.id)
        group = self._keep("security_group", cloud.network.create_security_group(name=name))
        for family, protocol in (("IPv4", "icmp"), ("IPv6", "ipv6-icmp")):
            cloud.network.create_security_group_rule(
                security_group_id=group.id, direction="ingress", ethertype=family, protocol=protocol
            )
        for family in ("IPv4", "IPv6"):
            cloud.network.create_security_group_rule(
                security_group_id=group.id,
                direction="ingress",
                ethertype=family,
                protocol="tcp",
                port_range_min=22,
                port_range_max=22,
            )
        self.flavor(name, memory_mib=512, cpus=1)
        public = self.key.with_suffix(".pub").read_text()
        cloud.compute.create_keypair(name=name, public_key=public)

    def flavor(self, name: str, *, memory_mib: int, cpus: int) -> Any:
        """Make a flavor."""
        return self._keep("flavor", self.cloud.compute.create_flavor(name=name, ram=memory_mib, vcpus=cpus, disk=10))

    def start(self, name: str, **extra: Any) -> Server:
        """Create a server with a floating address and wait until it is ACTIVE."""
        created = self.create(name, **extra)
        server = Server(self.cloud, self.key, created.id, "")
        server.becomes("ACTIVE", 120)
        server.address = self.float(created.id)
        return server

    def create(self, name: str, **extra: Any) -> Any:
        """Create a server and return at once."""
        cloud = self.cloud
        arguments = {
            "image_id": cloud.image.find_image(IMAGE, ignore_missing=False).id,
            "flavor_id": cloud.compute.find_flavor(self.prefix, ignore_missing=False).id,
            "networks": [{"uuid": cloud.network.find_network(self.prefix).id}],
            "security_groups": [{"name": self.prefix}],
            "key_name": self.prefix,
        }
        created = cloud.compute.create_server(name=f"{self.prefix}-{name}", **{**arguments, **extra})
        self.servers.append(created.id)
        return created

    def float(self, server: str) -> str:
        """Give a server's first port a floating address."""
        port = next(iter(self.cloud.network.ports(device_id=server)))
        outside = self.cloud.network.find_network("internet")
        address = self._keep("ip", self.cloud.network.create_ip(floating_network_id=outside.id, port_id=port.id))
        return str(address.floating_ip_address)

    def volume(self, size_gib: int = 1, **origin: Any) -> Any:
        """Make a volume and wait until it can be attached."""
        made = self.cloud.block_storage.create_volume(size=size_gib, name=f"{self.prefix}-volume", **origin)
        self.is_free(made)
        return made

    def is_free(self, volume: Any) -> None:
        """Wait until a volume is attached to nothing; the object at hand may know an older status."""
        storage = self.cloud.block_storage
        wait_for("volume available", lambda: storage.get_volume(volume.id).status == "available")

    def remove_server(self, server: str) -> None:
        """Delete a server and wait until it is gone."""
        self.cloud.compute.delete_server(server, ignore_missing=True)
        wait_for("server gone", lambda: self._is_gone(server))
        self.servers.remove(server)

    def _is_gone(self, server: str) -> bool:
        """Ask for the server by its id: a search by name answers 404 while one of its findings goes."""
        try:
            self.cloud.compute.get_server(server)
        except NotFoundException:
            return True
        return False

    def remove(self) -> None:
        """Take everything away, newest first."""
        for server in list(self.servers):
            self.remove_server(server)
        self.cloud.compute.delete_keypair(self.prefix, ignore_missing=True)
        for kind, ident in reversed(self.made):
            if kind == "router":
                for port in self.cloud.network.ports(device_id=ident):
                    if port.device_owner.startswith("network:router_interface"):
                        self.cloud.network.remove_interface_from_router(ident, port_id=port.id)
            service = self.cloud.compute if kind == "flavor" else self.cloud.network
            getattr(service, f"delete_{kind}")(ident, ignore_missing=True)

    def _keep(self, kind: str, resource: Any) -> Any:
        self.made.append((kind, resource.id))
        return resource


@pytest.fixture(scope="session")
def site(city: Any, cloud: Connection) -> Iterator[Site]:
    """Build the site once for all tests that need servers."""
    built = Site(cloud, Path(city.root) / ".lab/secrets/operator_ed25519", "guests")
    try:
        built.build()
        yield built
    finally:
        # The clean-up proof comes last and takes everything with it; nothing may be asked of a city that is gone.
        if (Path(city.root) / ".lab").exists():
            built.remove()
