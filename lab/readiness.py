"""Ready means: the service has just done something it is for. A port that is open proves nothing."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pymysql
from openstack.connection import Connection

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.workspace import Workspace
from lab import debian
from lab.identity import Identity
from lab.namespace import inside_path, run_inside
from lab.render import api_urls
from lab.supervisor import Supervisor

MESSAGE = (
    "import kombu, sys\n"
    "lines = open('/etc/nova/nova.conf').read().splitlines()\n"
    "url = next(line.split('=', 1)[1].strip() for line in lines if line.startswith('transport_url'))\n"
    "with kombu.Connection(url.replace('rabbit://', 'amqp://'), connect_timeout=5) as connection:\n"
    "    with connection.SimpleBuffer('govcloud-ready') as queue:\n"
    "        queue.put('ready')\n"
    "        sys.exit(queue.get(timeout=5).payload != 'ready')\n"
)
CACHED = (
    "from pymemcache.client.base import Client\n"
    "client = Client(('127.0.0.1', 11211), timeout=3)\n"
    "client.set('govcloud-ready', 'yes', expire=5)\n"
    "raise SystemExit(client.get('govcloud-ready') != b'yes')\n"
)
# Nova's and cinder's services report every ten seconds.
REPORTS_SECONDS = 30


@dataclass
class Probe:
    """Asks services of one running lab."""

    workspace: Workspace
    identity: Identity
    cloud: Callable[[], Connection]

    def ready(self, name: str) -> bool:
        """Return whether a service has done something for us just now; raises what the service answered."""
        check = self._checks().get(name)
        if check is None:
            return self._stays_up(name)
        return check()

    def _checks(self) -> dict[str, Callable[[], bool]]:
        cloud = self.cloud
        return {
            "mariadb": self._database,
            "rabbitmq": lambda: self._inside("python", "-c", MESSAGE),
            "mirror": self._mirror,
            # Asks for the time as a guest would, once, and sets nothing.
            "time": lambda: self._inside(
                "chronyd", "-Q", "-t", "10", f"server {self.identity.mirror_address} iburst maxsamples 1"
            ),
            "province": lambda: self._inside("vtysh", "-c", "show bgp summary"),
            "memcached": lambda: self._inside("python", "-c", CACHED),
            "ovn-northbound": lambda: self._inside("ovn-nbctl", "--db=unix:/run/ovn/nb.sock", "init"),
            "ovn-southbound": lambda: self._inside("ovn-sbctl", "--db=unix:/run/ovn/sb.sock", "init"),
            "ovn-northd": lambda: self._inside(
                "ovn-nbctl", "--db=unix:/run/ovn/nb.sock", "--timeout=10", "--wait=sb", "sync"
            ),
            **{f"ovsdb-compute-{n}": self._switch_database(n) for n in (1, 2)},
            **{f"vswitchd-compute-{n}": self._switch(n) for n in (1, 2)},
            **{f"ovn-controller-compute-{n}": self._controller(n) for n in (1, 2)},
            # Asks QEMU itself what it can do.
            "libvirtd": lambda: self._inside("virsh", "--connect=qemu:///system", "domcapabilities", "--virttype=qemu"),
            "keystone": lambda: self._http("keystone", "/v3"),
            "nova-metadata": lambda: self._http("nova-metadata", "/"),
            "placement": lambda: cloud().placement.get("/resource_providers").ok,
            "glance": lambda: next(cloud().image.images(limit=1), True) is not None,
            "neutron": lambda: next(cloud().network.networks(limit=1), True) is not None,
            "nova": lambda: next(cloud().compute.flavors(limit=1), True) is not None,
            "cinder": lambda: next(cloud().block_storage.types(), True) is not None,
            "barbican": lambda: next(cloud().key_manager.secrets(limit=1), True) is not None,
            "octavia": lambda: any(one.name == "ovn" for one in cloud().load_balancer.providers()),
            "swift-proxy": lambda: cloud().object_store.get_account_metadata() is not None,
            "octavia-driver-agent": lambda: self._inside("test", "-S", "/run/octavia/status.sock"),
            **{name: self._reports(name) for name in ("nova-conductor", "nova-scheduler")},
            **{f"nova-compute-{n}": self._compute(n) for n in (1, 2)},
            **{name: self._volume(name) for name in ("cinder-scheduler", "cinder-volume")},
            **{f"metadata-compute-{n}": self._metadata(n) for n in (1, 2)},
        }

    def _inside(self, *command: str) -> bool:
        return run_inside(self.workspace, command, timeout=30).returncode == 0

    def _database(self) -> bool:
        socket = str(inside_path(self.workspace, "/run/mysqld/mysqld.sock"))
        with pymysql.connect(unix_socket=socket, user="root", connect_timeout=5) as link, link.cursor() as cursor:
            return cursor.execute("SELECT 1 FROM information_schema.tables WHERE table_schema = 'keystone'") > 0

    def _mirror(self) -> bool:
        """Fetch an index as a guest would; without the outside, what was fetched once must still come."""
        url = f"http://{self.identity.mirror_address}/debian/dists/{debian.SUITE}/Release"
        return self._inside("curl", "--silent", "--fail", "--max-time", "20", "--output", "/dev/null", url)

    def _http(self, service: str, path: str) -> bool:
        url = api_urls(self.identity)[service] + path
        return self._inside("curl", "--silent", "--fail", "--max-time", "20", "--output", "/dev/null", url)

    def _switch_database(self, number: int) -> Callable[[], bool]:
        return lambda: self._inside(
            "ovs-vsctl", "--no-wait", f"--db=unix:/run/ovs{number}/db.sock", "get", "open", ".", "_uuid"
        )

    def _switch(self, number: int) -> Callable[[], bool]:
        condition = ("--timeout=5", "wait-until", "bridge", "br-tun", "datapath_id!=[]")
        return lambda: self._inside("ovs-vsctl", f"--db=unix:/run/ovs{number}/db.sock", *condition)

    def _controller(self, number: int) -> Callable[[], bool]:
        query = ("--bare", "--columns=_uuid", "find", "chassis", f"name=compute-{number}")
        return lambda: bool(
            run_inside(self.workspace, ["ovn-sbctl", "--db=unix:/run/ovn/sb.sock", *query]).stdout.strip()
        )

    def _reported(self, name: str, found: Iterable[Any]) -> bool:
        """Return whether the process that runs now has said within its last reports that it works."""
        process = Supervisor(self.workspace).process(name)
        oldest = max(float(process.since), time.time() - REPORTS_SECONDS)
        at = [dt.datetime.fromisoformat(one.updated_at) for one in found if one.state == "up" and one.updated_at]
        return process.running and any(one.replace(tzinfo=dt.UTC).timestamp() >= oldest for one in at)

    def _reports(self, binary: str) -> Callable[[], bool]:
        return lambda: self._reported(binary, self.cloud().compute.services(binary=binary))

    def _compute(self, number: int) -> Callable[[], bool]:
        name = f"nova-compute-{number}"
        return lambda: self._reported(
            name, self.cloud().compute.services(binary="nova-compute", host=f"compute-{number}")
        )

    def _volume(self, binary: str) -> Callable[[], bool]:
        return lambda: self._reported(binary, self.cloud().block_storage.services(binary=binary))

    def _metadata(self, number: int) -> Callable[[], bool]:
        return lambda: any(
            agent.is_alive and agent.host == f"compute-{number}" and "metadata" in str(agent.agent_type).lower()
            for agent in self.cloud().network.agents()
        )

    def _stays_up(self, name: str) -> bool:
        process = Supervisor(self.workspace).process(name)
        return process.running and process.pid > 0


def wait(probe: Probe, name: str, seconds: float, given_up: Callable[[], bool]) -> None:
    """Wait until a service is ready; what it answered last is in the message when it never was.

    `given_up` tells that another service has failed for good, so that this one is no longer worth waiting for.
    """
    deadline = time.monotonic() + seconds
    answer = "no answer"
    while time.monotonic() < deadline and not given_up():
        try:
            if probe.ready(name):
                return
        except Exception as error:  # noqa: BLE001 - whatever a service that is starting says, it is not ready yet
            answer = f"{type(error).__name__}: {error}"
        time.sleep(0.3)
    message = f"{name} was not ready after {seconds:.0f} s ({answer[:300]}). Look: govcloud lab logs {name}"
    raise GovcloudError(message, status=Exit.COULD_NOT_CHECK)


def until(check: Callable[[], bool], seconds: float) -> bool:
    """Return whether a check came true in time; what it raises counts as not yet."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if check():
                return True
        except Exception:  # noqa: BLE001, S110 - a server that is starting refuses, resets or talks nonsense
            pass
        time.sleep(0.1)
    return False
