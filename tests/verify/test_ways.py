"""Ways and half-open doors in the cloud's own books: each is found at whom it belongs to, with its line."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace

import pytest

from govcloud.core.workspace import Workspace
from govcloud.verify.city import Endpoint
from govcloud.verify.cloud import GroupRule, Laid, Port, api_endpoints
from govcloud.verify.demands import Demands
from govcloud.verify.halves import Halves
from govcloud.verify.lines import Lines
from govcloud.verify.ways import Ways
from tests.sample import SAMPLE
from tests.verify.made_up import EVIDENCE, city, only
from tests.verify.test_matrix import laid_by_the_rules

LAB = only(SAMPLE.environments["lab"], SAMPLE, "elicence", "exchange")
ENDS, WANTED = city(SAMPLE, LAB)
LEG, WEB, DATABASE = "network:router_interface", "approval-elicence-web", "approval-elicence-database"


def port(owner: str, device: str, *addresses: str, groups: tuple[str, ...] = ()) -> Port:
    return Port(
        id=f"{device}-{addresses[0]}",
        owner=owner,
        device=device,
        addresses=addresses,
        secured=True,
        pairs=(),
        groups=groups,
    )


def laid() -> Laid:
    """Return what the cloud has when all is well: the rules, the routers, the doors."""
    found = laid_by_the_rules(SAMPLE, LAB, ENDS)
    for key, department in SAMPLE.departments.items():
        for network in department.networks.values():
            found.ports.append(port(LEG, f"router-{key}", str(network.ipv4[1])))
            found.ports.append(port(LEG, f"router-{key}", str(network.ipv6[1])))
    for number, end in enumerate(one for one in ENDS if one.has_door):
        found.floating[f"198.19.7.{number + 10}"] = end.addresses[4]
    for end in ENDS:
        if end.ports:
            found.listeners[end.addresses[4]] = set(end.ports)
    return found


def of(name: str) -> Endpoint:
    return next(one for one in ENDS if one.name == name)


def told(there: Laid) -> list[tuple[str, str, str]]:
    ways = Ways(SAMPLE, ENDS, there, Lines(Workspace.here().inventory), EVIDENCE).findings()
    return [(one.result.source, one.result.to, one.result.reason) for one in ways]


def spoil(there: Laid, name: str, **changes: object) -> None:
    """Change the port of a guest."""
    number = next(n for n, one in enumerate(there.ports) if one.device == name)
    there.ports[number] = replace(there.ports[number], **changes)  # type: ignore[arg-type]


def rule(group: str, direction: str = "ingress", port: int | None = 5432, family: int = 4, **more: str) -> GroupRule:
    whole = {"protocol": "tcp", "remote_group": None, "remote_range": None, **more}
    return GroupRule(group=group, direction=direction, family=family, first=port, last=port, **whole)


WAYS: dict[str, tuple[Callable[[Laid], object], tuple[str, str], str]] = {
    "port security off": (
        lambda there: spoil(there, f"{WEB}-1", secured=False),
        (f"{WEB}-1", "any"),
        "without port security",
    ),
    "an address pair": (
        lambda there: spoil(there, f"{WEB}-1", pairs=("10.19.1.20/32",)),
        (f"{WEB}-1", "data"),
        "may take addresses that are not its own: 10.19.1.20/32",
    ),
    "a second card": (
        lambda there: there.ports.append(port("compute:nova", f"{WEB}-1", "10.19.1.200")),
        (f"{WEB}-1", "data"),
        "second card in data (10.19.1.200)",
    ),
    "a leg into another department": (
        lambda there: there.ports.append(port(LEG, "router-approval", "10.18.2.9")),
        ("approval", "exchange"),
        "leg outside its networks: 10.18.2.9",
    ),
    "a leg out of the plan": (
        lambda there: there.ports.append(port(LEG, "router-approval", "172.16.0.1")),
        ("approval", "172.16.0.1"),
        "inventory/departments/approval.yaml:5:1",
    ),
    "a second router": (
        lambda there: there.ports.append(port(LEG, "router-x", "10.19.1.9")),
        ("approval", "any"),
        "a second router joins its networks: router-x",
    ),
    "a floating address": (
        lambda there: there.floating.update({"198.19.7.99": of(f"{DATABASE}-1").addresses[4]}),
        ("outside", f"{DATABASE}-1"),
        "reached from outside by the floating address 198.19.7.99",
    ),
    "a listener more": (
        lambda there: there.listeners[of("approval-elicence-front").addresses[4]].add(5432),
        ("any", "approval-elicence-front"),
        "listens on 5432 too",
    ),
}


def test_a_city_as_it_was_built_has_no_way_too_many() -> None:
    assert told(laid()) == []


@pytest.mark.parametrize("name", WAYS)
def test_a_way_is_found(name: str) -> None:
    make, way, says = WAYS[name]
    there = laid()
    make(there)
    found = [one for one in told(there) if one[:2] == way]
    assert found, told(there)
    assert says in found[0][2]
    assert "inventory/" in found[0][2]


HALVES = {
    "wide into the database": rule(DATABASE, remote_range="0.0.0.0/0"),
    "wide without a range": rule(DATABASE),
    "wide over IPv6": rule(DATABASE, family=6, remote_range="::/0"),
    "every port and protocol": rule(DATABASE, port=None, protocol=None),  # type: ignore[arg-type]
    "out of the web tier": rule(WEB, "egress", remote_range="10.19.0.0/16"),
    "a group that should not come": rule(DATABASE, remote_group=WEB),
    "a number for a protocol": rule(DATABASE, protocol="6"),
}


@pytest.mark.parametrize("name", HALVES)
def test_a_rule_too_wide_on_one_side_is_found(name: str) -> None:
    there, wide = laid(), HALVES[name]
    there.rules.append(wide)
    found = dict(Halves(there, Demands(SAMPLE, LAB)).half_open(WANTED))
    number = next(
        n
        for n, one in enumerate(WANTED)
        if (one.source.name, one.target.name, one.port) == (f"{WEB}-1", f"{DATABASE}-1", 5432)
        and one.family == wide.family
    )
    side = f"{WEB}-1" if wide.direction == "egress" else f"{DATABASE}-1"
    assert (
        found[number]
        == f"is closed by the other end only: at {side} a rule of the security group {wide.group} opens it"
    )
    assert all(not WANTED[one].demand.allowed for one in found)


def test_an_address_pair_makes_a_member_of_a_group() -> None:
    there = laid()
    spoil(there, "approval-elicence-application-1", pairs=("10.16.1.20",))
    found = dict(Halves(there, Demands(SAMPLE, LAB)).half_open(WANTED))
    ways = {(WANTED[one].source.name, WANTED[one].target.name, WANTED[one].port) for one in found}
    # Where an application may go, and where one is looked for.
    assert (f"{WEB}-1", f"{DATABASE}-1", 5432) in ways
    assert (f"{WEB}-2", f"{WEB}-1", 8080) in ways


def test_port_security_off_opens_all_of_one_side() -> None:
    there = laid()
    spoil(there, f"{DATABASE}-1", secured=False)
    found = dict(Halves(there, Demands(SAMPLE, LAB)).half_open(WANTED))
    assert {told for one, told in found.items() if WANTED[one].target.name == f"{DATABASE}-1"} == {
        f"is closed by the other end only: at {DATABASE}-1 port security is off opens it"
    }
    assert {WANTED[one].port for one in found} >= {22, 80, 5432, 8080}


def test_services_behind_one_address_are_one_end() -> None:
    there = Laid(apis={"compute": ("127.0.0.1", 443), "identity": ("127.0.0.1", 443), "image": ("127.0.0.2", 9292)})
    assert [(one.name, one.addresses, one.ports) for one in api_endpoints(there)] == [
        ("api-compute", {4: "127.0.0.1"}, (443,)),
        ("api-image", {4: "127.0.0.2"}, (9292,)),
    ]
    assert there.unseen == {}


def test_an_interface_is_known_by_the_addresses_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"cloud.example": ["127.0.0.1", "::1", "127.0.0.2"]}

    def look_up(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        families = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(families[":" in one], 0, 0, "", (one, 0)) for one in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    there = Laid(apis={"compute": ("nowhere.example", 443), "image": ("cloud.example", 80)})
    assert [(one.name, one.addresses) for one in api_endpoints(there)] == [("api-image", {4: "127.0.0.1", 6: "::1"})]
    assert there.unseen == {"api-compute": "this machine knows no way to nowhere.example"}
