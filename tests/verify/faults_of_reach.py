"""Faults that somebody makes in a running city, through its own interfaces, and takes back.

Each says how it is to be found: at least one result that fits each `Trace`. Most are one slip of a hand; some need two
because the city's walls have two sides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from tests.conftest import City
from tests.lab.guest_site import wait_for

UNIT = "approval-elicence"
WEB, APPLICATION, DATABASE = f"{UNIT}-web", f"{UNIT}-application", f"{UNIT}-database"
BASTION = "approval-bastion"
ANYWHERE = {4: "0.0.0.0/0", 6: "::/0"}
ZONES = "inventory/zones.yaml"
DEPARTMENT = "inventory/departments/approval.yaml"


@dataclass(frozen=True, kw_only=True)
class Trace:
    """What a result has to be like."""

    source: str
    to: str
    verdict: str = "nonconform"
    protocol: str = "tcp"
    port: int | None = None
    family: int | None = None
    got: str | None = None
    line: str

    def fits(self, one: Mapping[str, Any]) -> bool:
        """Tell whether a result is such."""
        exact = {"verdict": self.verdict, "protocol": self.protocol, "family": self.family, "got": self.got}
        return (
            one["from"].startswith(self.source)
            and one["to"].startswith(self.to)
            and one["port"] == self.port
            and one["line"].startswith(f"{self.line}:")
            and all(one[key] == value for key, value in exact.items() if value is not None)
        )


@dataclass(frozen=True)
class Fault:
    """A fault: how it is made and taken back, and what gives it away."""

    make: Callable[[City, Any], AbstractContextManager[None]]
    traces: tuple[Trace, ...]


def _way(source: str, to: str, line: str, *, family: int | None = None) -> Trace:
    return Trace(source=source, to=to, protocol="any", got="open", family=family, line=line)


def group(cloud: Any, name: str) -> Any:
    return next(iter(cloud.network.security_groups(name=name)))


def server(cloud: Any, name: str) -> Any:
    return next(one for one in cloud.compute.servers(all_projects=True, name=f"^{name}$") if one.name == name)


def port(cloud: Any, name: str) -> Any:
    return next(iter(cloud.network.ports(name=name)))


def rule(name: str, *, family: int = 4, protocol: str | None = "tcp", number: int | None, **more: str) -> Any:
    """Return a fault: one rule more in a group."""

    @contextmanager
    def make(_: City, cloud: Any) -> Iterator[None]:
        values = {"direction": "ingress", "remote_ip_prefix": ANYWHERE[family], **more}
        made = cloud.network.create_security_group_rule(
            security_group_id=group(cloud, name).id,
            ethertype=f"IPv{family}",
            protocol=protocol,
            port_range_min=number,
            port_range_max=number,
            **values,
        )
        try:
            yield
        finally:
            cloud.network.delete_security_group_rule(made.id)

    return make


def both(*faults: Callable[[City, Any], AbstractContextManager[None]]) -> Any:
    """Return a fault of two slips."""

    @contextmanager
    def make(city: City, cloud: Any) -> Iterator[None]:
        first, second = faults
        with first(city, cloud), second(city, cloud):
            yield

    return make


def without_rule(name: str, number: int, family: int) -> Any:
    """Return a fault: a rule of a group is gone; Pulumi, told to look, makes it again."""

    @contextmanager
    def make(city: City, cloud: Any) -> Iterator[None]:
        rules = cloud.network.security_group_rules(security_group_id=group(cloud, name).id)
        gone = [
            one
            for one in rules
            if (one.direction, one.ether_type, one.port_range_min) == ("ingress", f"IPv{family}", number)
        ]
        assert gone
        for one in gone:
            cloud.network.delete_security_group_rule(one.id)
        try:
            yield
        finally:
            city.run(["pulumi", "refresh", "-s", f"lab-{UNIT}", "--yes", "--non-interactive"], check=True)
            city.run(["govcloud", "deploy", UNIT, "--apply"], check=True)

    return make


def groups(name: str, change: Callable[[list[str], Any], list[str]]) -> Any:
    """Return a fault: a port is in other groups."""

    @contextmanager
    def make(_: City, cloud: Any) -> Iterator[None]:
        one = port(cloud, name)
        before = list(one.security_group_ids)
        cloud.network.update_port(one, security_group_ids=change(before, cloud))
        try:
            yield
        finally:
            cloud.network.update_port(one, security_group_ids=before)

    return make


def unguarded(name: str) -> Any:
    """Return a fault: a port without port security, which it can have without groups only."""

    @contextmanager
    def make(_: City, cloud: Any) -> Iterator[None]:
        one = port(cloud, name)
        before = list(one.security_group_ids)
        cloud.network.update_port(one, security_group_ids=[], is_port_security_enabled=False)
        try:
            yield
        finally:
            cloud.network.update_port(one, is_port_security_enabled=True)
            cloud.network.update_port(one, security_group_ids=before)

    return make


def pair(name: str, address: str) -> Any:
    """Return a fault: a port may take another address."""

    @contextmanager
    def make(_: City, cloud: Any) -> Iterator[None]:
        one = port(cloud, name)
        cloud.network.update_port(one, allowed_address_pairs=[{"ip_address": address}])
        try:
            yield
        finally:
            cloud.network.update_port(one, allowed_address_pairs=[])

    return make


def second_card(name: str, zone: str, own_group: str) -> Any:
    """Return a fault: a server gets a card in another zone's network, in a group of that zone."""

    @contextmanager
    def make(_: City, cloud: Any) -> Iterator[None]:
        network, guest = cloud.network.find_network(f"approval-{zone}"), server(cloud, name)
        made = cloud.network.create_port(
            name="reach-second-card",
            network_id=network.id,
            project_id=network.project_id,
            security_group_ids=[group(cloud, own_group).id],
        )
        try:
            cloud.compute.create_server_interface(guest.id, port_id=made.id)
            wait_for("the card", lambda: cloud.network.get_port(made.id).status == "ACTIVE", 60)
            yield
        finally:
            if any(one.port_id == made.id for one in cloud.compute.server_interfaces(guest.id)):
                cloud.compute.delete_server_interface(made.id, server=guest.id)
                wait_for("no card", lambda: not cloud.network.get_port(made.id).device_id, 60)
            cloud.network.delete_port(made.id, ignore_missing=True)

    return make


@contextmanager
def strange_leg(_: City, cloud: Any) -> Iterator[None]:
    """Join the department's router with a network of no zone."""
    router = next(iter(cloud.network.routers(name="approval")))
    network = cloud.network.create_network(name="reach-leg", project_id=router.project_id)
    try:
        subnet = cloud.network.create_subnet(
            network_id=network.id, ip_version=4, cidr="172.30.0.0/24", project_id=router.project_id
        )
        cloud.network.add_interface_to_router(router, subnet=subnet.id)
        try:
            yield
        finally:
            cloud.network.remove_interface_from_router(router, subnet=subnet.id)
    finally:
        cloud.network.delete_network(network.id)


@contextmanager
def second_router(_: City, cloud: Any) -> Iterator[None]:
    """Join two zones by a router of one's own."""
    project = cloud.network.find_network("approval-internet").project_id
    router = cloud.network.create_router(name="reach-bridge", project_id=project)
    ports = []
    try:
        for zone in ("internet", "data"):
            network = cloud.network.find_network(f"approval-{zone}")
            ports.append(cloud.network.create_port(network_id=network.id, project_id=project, name="reach-bridge"))
            cloud.network.add_interface_to_router(router, port=ports[-1].id)
        yield
    finally:
        for one in ports:
            cloud.network.remove_interface_from_router(router, port=one.id)
        cloud.network.delete_router(router.id)


@contextmanager
def floating(_: City, cloud: Any) -> Iterator[None]:
    """Give a database an address on the internet side."""
    one = port(cloud, f"{DATABASE}-1")
    outside = cloud.network.find_network("internet")
    made = cloud.network.create_ip(floating_network_id=outside.id, port_id=one.id, project_id=one.project_id)
    try:
        yield
    finally:
        cloud.network.delete_ip(made.id)


@contextmanager
def listener(_: City, cloud: Any) -> Iterator[None]:
    """Let the balancer of the web servers listen for the database's visitors."""
    api = cloud.load_balancer
    balancer = next(one for one in api.load_balancers() if one.name == f"{UNIT}-front")

    def settled() -> None:
        wait_for("balancer ACTIVE", lambda: api.get_load_balancer(balancer.id).provisioning_status == "ACTIVE")

    made = api.create_listener(name="reach", load_balancer_id=balancer.id, protocol="TCP", protocol_port=5432)
    settled()
    try:
        yield
    finally:
        api.delete_listener(made.id)
        settled()


def _with(name: str) -> Callable[[list[str], Any], list[str]]:
    return lambda before, cloud: [*before, group(cloud, name).id]


def _without(name: str) -> Callable[[list[str], Any], list[str]]:
    return lambda before, cloud: [one for one in before if one != group(cloud, name).id]


_INTO_DATABASE = rule(DATABASE, number=5432)
FAULTS: dict[str, Fault] = {
    "a rule too wide on one side": Fault(
        _INTO_DATABASE,
        (Trace(source=WEB, to=DATABASE, verdict="partial", port=5432, family=4, got="dropped", line=ZONES),),
    ),
    "a rule too wide on both sides": Fault(
        both(_INTO_DATABASE, rule(WEB, number=5432, direction="egress", remote_ip_prefix="10.19.0.0/16")),
        (Trace(source=WEB, to=DATABASE, port=5432, family=4, got="open", line=ZONES),),
    ),
    "a rule too wide over IPv6 only": Fault(
        rule(DATABASE, family=6, number=5432),
        (Trace(source="outside", to=DATABASE, port=5432, family=6, got="open", line=DEPARTMENT),),
    ),
    "a way out too wide": Fault(
        rule(DATABASE, number=80, direction="egress", remote_ip_prefix="10.16.0.0/16"),
        (Trace(source=DATABASE, to=WEB, port=80, family=4, got="open", line=ZONES),),
    ),
    # The border router lets neither pass: only the cloud's books show them.
    "a way out to the province": Fault(
        rule("approval-data", number=8443, direction="egress", remote_ip_prefix="10.32.0.0/16"),
        (Trace(source=DATABASE, to="province", verdict="partial", port=8443, family=4, got="dropped", line=ZONES),),
    ),
    "a way in from the province": Fault(
        rule(DATABASE, family=6, number=5432, remote_ip_prefix="fd00:1300::/32"),
        (Trace(source="province", to=DATABASE, verdict="partial", port=5432, family=6, got="dropped", line=ZONES),),
    ),
    "everything may go out of a zone": Fault(
        rule("approval-data", protocol=None, number=None, direction="egress"),
        (
            Trace(source=DATABASE, to=WEB, port=80, family=4, got="open", line=ZONES),
            Trace(source=DATABASE, to="metadata", port=80, got="open", line=ZONES),
        ),
    ),
    "a missing rule": Fault(
        without_rule(DATABASE, 5432, 4),
        (Trace(source=APPLICATION, to=DATABASE, port=5432, family=4, got="dropped", line=DEPARTMENT),),
    ),
    "IPv6 forgotten": Fault(
        without_rule(APPLICATION, 8080, 6),
        (Trace(source=WEB, to=APPLICATION, port=8080, family=6, got="dropped", line=DEPARTMENT),),
    ),
    "a group taken from a server": Fault(
        groups(f"{DATABASE}-1", _without(DATABASE)),
        (Trace(source=APPLICATION, to=f"{DATABASE}-1", port=5432, family=4, got="dropped", line=DEPARTMENT),),
    ),
    "a server in a group of another tier": Fault(
        groups(f"{WEB}-1", _with(APPLICATION)),
        (
            Trace(source=f"{WEB}-1", to=DATABASE, port=5432, family=4, got="open", line=ZONES),
            Trace(source=f"{WEB}-1", to=DATABASE, port=5432, family=6, got="open", line=ZONES),
        ),
    ),
    "the bastion is open to everybody": Fault(
        rule(BASTION, number=22),
        (Trace(source="outside", to=BASTION, port=22, family=4, got="open", line="inventory/environments/lab.yaml"),),
    ),
    "a service on the bastion": Fault(
        rule(BASTION, protocol="udp", number=123, remote_ip_prefix="10.16.0.0/12"),
        (Trace(source=WEB, to=BASTION, protocol="udp", port=123, family=4, got="open", line=DEPARTMENT),),
    ),
    "port security off on a web server": Fault(
        unguarded(f"{WEB}-1"),
        (
            _way(f"{WEB}-1", "any", DEPARTMENT),
            Trace(source=f"{WEB}-1", to=f"{WEB}-2", port=80, family=4, got="open", line=DEPARTMENT),
        ),
    ),
    "port security off on a database": Fault(
        unguarded(f"{DATABASE}-1"),
        (
            _way(f"{DATABASE}-1", "any", DEPARTMENT),
            Trace(source="outside", to=f"{DATABASE}-1", port=5432, family=6, got="open", line=DEPARTMENT),
            Trace(source=WEB, to=f"{DATABASE}-1", verdict="partial", port=5432, family=4, line=ZONES),
        ),
    ),
    "an address pair in another zone": Fault(
        pair(f"{WEB}-1", "10.19.1.20"), (_way(f"{WEB}-1", "data", DEPARTMENT, family=4),)
    ),
    "a second card bridges two zones": Fault(
        second_card(f"{WEB}-1", "data", APPLICATION),
        (
            _way(f"{WEB}-1", "data", DEPARTMENT),
            Trace(source=f"{WEB}-1", to=DATABASE, port=5432, family=4, got="open", line=ZONES),
        ),
    ),
    "an asymmetric path": Fault(
        # What comes from the applications is answered over the new card, whose guard knows another sender.
        second_card(f"{DATABASE}-1", "extranet", "approval-extranet"),
        (
            _way(f"{DATABASE}-1", "extranet", DEPARTMENT),
            Trace(source=APPLICATION, to=f"{DATABASE}-1", port=5432, family=4, got="dropped", line=DEPARTMENT),
        ),
    ),
    "a router's leg too many": Fault(strange_leg, (_way("approval", "172.30.0.", DEPARTMENT),)),
    "a second router": Fault(second_router, (_way("approval", "any", DEPARTMENT),)),
    "a floating address on a database": Fault(floating, (_way("outside", f"{DATABASE}-1", DEPARTMENT),)),
    "a balancer listens to the wrong zone": Fault(listener, (_way("any", f"{UNIT}-front", DEPARTMENT),)),
}
