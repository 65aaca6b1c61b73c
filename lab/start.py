"""Starts the lab: what does not exist yet is made, services start as soon as what they need is ready."""

from __future__ import annotations

import datetime as dt
import functools
import shutil
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from openstack.connection import Connection

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.files import write_atomically
from govcloud.core.progress import Phases
from govcloud.core.workspace import Workspace
from lab import catalogue, credentials, identity, namespace, provider, readiness, render
from lab.rootfs import Foundations
from lab.services import BOOTSTRAP, CATALOGUE, HOSTS, SERVICES, SWIFT_PORTS
from lab.supervisor import Supervisor

# After `make down` a compute host starts its servers one after another before it answers: twenty of them take a minute,
# and several on a busy machine.
READY_SECONDS = 600


@dataclass
class Start:
    """One start of one lab: nodes of a graph, each waiting for what it needs."""

    workspace: Workspace
    phases: Phases
    identity: identity.Identity
    secrets: dict[str, str]
    done: dict[str, threading.Event] = field(default_factory=dict)
    failed: threading.Event = field(default_factory=threading.Event)
    first_fault: BaseException | None = None

    def run(self) -> None:
        """Start all services and do all steps; the first fault ends the rest."""
        probe = readiness.Probe(self.workspace, self.identity, self.cloud)
        steps = self._steps()
        needs = {service.name: service.needs for service in SERVICES} | {
            name: need for name, (need, _) in steps.items()
        }
        self.done = {name: threading.Event() for name in needs}
        with ThreadPoolExecutor(max_workers=len(needs)) as pool:
            futures = [
                pool.submit(
                    self._node, name, needs[name], steps[name][1] if name in steps else self._service(name, probe)
                )
                for name in needs
            ]
            try:
                wait(futures)
            except KeyboardInterrupt:
                # What waits for a service would go on waiting, and the command with it.
                self.failed.set()
                raise
        # The first is the cause; the others gave up because of it.
        if self.first_fault:
            raise self.first_fault
        for future in futures:
            future.result()

    @functools.cached_property
    def _connection(self) -> Connection:
        return catalogue.connect(self.workspace)

    def cloud(self) -> Connection:
        """Return the administrator's connection."""
        return self._connection

    def _steps(self) -> dict[str, tuple[tuple[str, ...], Callable[[], None]]]:
        computes = tuple(f"nova-{host.name}" for host in HOSTS)
        work, identity_, secrets = self.workspace, self.identity, self.secrets
        return {
            BOOTSTRAP: (
                ("mariadb",),
                lambda: self._once("bootstrap", lambda: catalogue.bootstrap(work, identity_, secrets)),
            ),
            # A connection of its own: one made before the catalogue is filled knows no service.
            CATALOGUE: (("keystone",), lambda: catalogue.fill(catalogue.connect(work), identity_, secrets)),
            "hosts": ((*computes, "nova"), lambda: provider.map_hosts(work, self.cloud())),
            "external-network": (("neutron",), lambda: provider.external_network(self.cloud(), identity_)),
            "images": (("glance",), lambda: provider.images(self.cloud())),
        }

    def _once(self, name: str, work: Callable[[], None]) -> None:
        marker = self.workspace.lab / "state" / f".{name}"
        if not marker.is_file():
            work()
            write_atomically(marker, "")

    def _service(self, name: str, probe: readiness.Probe) -> Callable[[], None]:
        def work() -> None:
            Supervisor(self.workspace).start(name)
            readiness.wait(probe, name, READY_SECONDS, self.failed.is_set)

        return work

    def _node(self, name: str, needs: tuple[str, ...], work: Callable[[], None]) -> None:
        for need in needs:
            while not self.done[need].wait(0.2):
                if self.failed.is_set():
                    return
        try:
            self.phases.run(name, work)
        except BaseException as fault:
            self.first_fault = self.first_fault or fault
            self.failed.set()
            raise
        self.done[name].set()


def start(workspace: Workspace, foundations: Foundations, phases: Phases) -> None:
    """Bring the lab up, whatever state it is in; a running one is only completed."""
    who = identity.establish(workspace)
    secrets = credentials.ensure(workspace)
    if namespace.holder(workspace) is None:
        with phases.phase("namespaces"):
            _prepare_state(workspace, foundations)
            render.render(workspace, who, secrets, foundations.openstack)
            namespace.start(workspace, who, foundations)
            _wait_for_supervisor(workspace)
            _make_databases(workspace)
    else:
        render.render(workspace, who, secrets, foundations.openstack)
        Supervisor(workspace).reread()
    catalogue.write_admin_cloud(workspace, who, secrets)
    Start(workspace, phases, who, secrets).run()
    write_atomically(workspace.lab / "ready", f"{dt.datetime.now(dt.UTC).isoformat()}\n")


def _prepare_state(workspace: Workspace, foundations: Foundations) -> None:
    state = workspace.lab / "state"
    for name in (
        "lock",
        "ovs",
        "glance/images",
        "glance/staging",
        "glance/tasks",
        "cinder/volumes",
        "cinder/coordination",
        "swift/disk",
        "libvirt/cache",
        "libvirt/log",
        "rabbitmq",
        "mirror/files",
        "mirror/temporary",
        *(f"nova/{host.name}" for host in HOSTS),
        *(f"neutron/metadata-{host.name}" for host in HOSTS),
    ):
        (state / name).mkdir(parents=True, exist_ok=True)
    database = state / "mysql"
    if not database.is_dir():
        part = state / "mysql.part"
        shutil.rmtree(part, ignore_errors=True)
        subprocess.run(
            ["cp", "--archive", "--sparse=always", "--reflink=auto", str(foundations.schemas), str(part)], check=True
        )
        part.rename(database)


def _wait_for_supervisor(workspace: Workspace) -> None:
    log = workspace.lab / "state" / "log" / "init.log"

    def answers() -> bool:
        Supervisor(workspace).processes()
        return True

    if not readiness.until(answers, 30):
        tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise GovcloudError(f"the lab's supervisor did not start:\n{tail}", status=Exit.COULD_NOT_CHECK)


def _make_databases(workspace: Workspace) -> None:
    """Make the switches' databases and the object store's rings where they are missing, with the lab's own tools."""
    ovs = [f"/state/ovs/{host.name}.db /usr/share/openvswitch/vswitch.ovsschema" for host in HOSTS]
    ovs += [f"/state/ovs/{short}.db /usr/share/ovn/ovn-{short}.ovsschema" for short in ("nb", "sb")]
    lines = ["set -eu"]
    for words in ovs:
        file = words.split()[0]
        lines.append(f"[ -f {file} ] || {{ ovsdb-tool create {file}.part {words.split()[1]}; mv {file}.part {file}; }}")
    lines.append("cd /state/etc/swift")
    for kind, port in SWIFT_PORTS.items():
        ring = f"swift-ring-builder {kind}.builder"
        make = f"{ring} create 6 1 1; {ring} add r1z1-127.0.0.1:{port}/disk 1; {ring} rebalance"
        lines.append(f"[ -f {kind}.ring.gz ] || {{ rm -f {kind}.builder; {make}; }} >/dev/null")
    done = namespace.run_inside(workspace, ["/bin/sh", "-c", "\n".join(lines)])
    if done.returncode:
        raise GovcloudError(f"databases of the lab:\n{done.stdout}{done.stderr}", status=Exit.COULD_NOT_CHECK)
