"""The matrix: every pair is classified once, families alike, and what it demands is what the stacks' rules would make.

The demands and the rules are two readings of one inventory that share no code; where they differ one of them is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govcloud.core.model.base import Protocol, Tier
from govcloud.core.model.department import PUBLIC, Access, Department
from govcloud.core.model.environment import Environment
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.rules import BASTION, Rule, border_groups, department_groups, system_groups
from govcloud.core.workspace import Workspace
from govcloud.verify.city import FAMILIES, Endpoint, Kind, endpoints
from govcloud.verify.cloud import GroupRule, Laid, Port
from govcloud.verify.demands import Demands
from govcloud.verify.halves import EGRESS, INGRESS, Halves
from govcloud.verify.lines import Lines
from govcloud.verify.matrix import Path, paths, services
from tests.sample import SAMPLE
from tests.verify.made_up import OPERATOR, city, only
from tests.verify.made_up import PUBLIC as STRANGER

BORDER_INSIDE = "uplink-border-inside"
LAB = SAMPLE.environments["lab"]
# Some of each shape: three tiers, an exchange, a database that others reach, two systems beside each other.
SYSTEMS = ("elicence", "exchange", "population", "household", "residence", "open-data")
_PORTS = st.sampled_from((22, 80, 123, 5432, 6514, 8080, 8443, 9000))


@st.composite
def changed(draw: st.DrawFn) -> tuple[Inventory, Environment]:
    """Draw the sample city with other access lists, all of which its checks would let pass."""
    environment = only(LAB, SAMPLE, *draw(st.sets(st.sampled_from(SYSTEMS), min_size=1, max_size=4)))
    departments = dict(SAMPLE.departments)
    present = [one for key in set(SYSTEMS) - set(environment.left_out) if (one := SAMPLE.system(key))]
    tiers = sorted((_key(*one), tier) for one in present for tier in one[1].compute)
    for key, tier in tiers:
        source = draw(st.sampled_from([*tiers, (PUBLIC, None)]))
        ports = tuple(sorted(draw(st.sets(_PORTS, min_size=1, max_size=2))))
        protocol = draw(st.sampled_from(Protocol))
        found = _access((key, tier), source, protocol, ports)
        if found is not None and draw(st.booleans()):
            departments = _with(departments, key, found)
    return replace(SAMPLE, departments=departments), environment


def _access(
    to: tuple[str, Tier], start: tuple[str, Tier | None], protocol: Protocol, ports: tuple[int, ...]
) -> Access | None:
    """Return an entry that the zones allow, or None."""
    (key, tier), (source, source_tier) = to, start
    target = _group(key, tier)
    if source_tier is None:
        allowed, name = SAMPLE.zones.zones[target].public, PUBLIC
    else:
        zone = _group(source, source_tier)
        flows = SAMPLE.zones.zones[zone].flows
        listed = {port for one in flows if (one.to, one.protocol) == (target, protocol) for port in one.ports}
        allowed = zone == target or set(ports) <= listed
        name = source_tier.value if source == key else f"{source}.{source_tier.value}"
    given_access = {"from": name, "to": tier, "protocol": protocol, "ports": ports, "why": "drawn by chance"}
    return Access.model_validate(given_access) if allowed else None


def _key(department: Department, system: object) -> str:
    return next(key for key, one in department.systems.items() if one is system)


def _group(key: str, tier: Tier) -> str:
    found = SAMPLE.system(key)
    assert found
    return found[1].compute[tier].zone


def _with(departments: dict[str, Department], key: str, access: Access) -> dict[str, Department]:
    owner = next(name for name, one in departments.items() if key in one.systems)
    system = departments[owner].systems[key]
    security = system.security.model_copy(update={"access": (*system.security.access, access)})
    systems = {**departments[owner].systems, key: system.model_copy(update={"security": security})}
    return {**departments, owner: departments[owner].model_copy(update={"systems": systems})}


def laid_by_the_rules(inventory: Inventory, environment: Environment, ends: list[Endpoint]) -> Laid:
    """Return what the cloud would have if the stacks had just been applied."""
    laid = Laid()
    for key, department in inventory.departments.items():
        for name, rules in department_groups(inventory, environment, department).items():
            laid.rules += [_rule(f"{key}-{name}", key, rule) for rule in rules]
        for name, rules in border_groups(inventory, environment, department).items():
            laid.rules += [_rule(f"uplink-border-{name}", "uplink-border", rule) for rule in rules]
        for system in department.systems:
            unit = f"{key}-{system}"
            for tier, rules in system_groups(inventory, department, system).items():
                laid.rules += [_rule(f"{unit}-{tier.value}", unit, rule) for rule in rules]
    for end in ends:
        named = {Kind.BASTION: f"{end.department}-{BASTION}", Kind.BORDER: "uplink-border-tunnel"}
        own = named.get(end.kind, f"{end.unit}-{end.tier}")
        owner = "compute:nova" if end.is_guest else "ovn-lb-vip"
        groups = (f"{end.department}-{end.zone}", own) if end.is_guest else ()
        laid.ports.append(
            Port(
                id=f"port-{end.name}",
                owner=owner,
                device=end.name,
                addresses=tuple(end.addresses.values()),
                secured=True,
                pairs=(),
                groups=groups,
            )
        )
    laid.group_names = {rule.group: rule.group for rule in laid.rules}
    return laid


def _rule(group: str, prefix: str, rule: Rule) -> GroupRule:
    return GroupRule(
        group=group,
        direction=rule.direction.value,
        family=rule.family,
        protocol=rule.protocol,
        first=rule.port,
        last=rule.port,
        remote_group=f"{prefix}-{rule.remote_group}" if rule.remote_group else None,
        remote_range=rule.remote_range,
    )


class Books:
    """Judges paths by the rules alone, in the plainest way: out of one port and into the other."""

    def __init__(self, laid: Laid) -> None:
        self.ports = {address: port for port in laid.ports for address in port.addresses}
        self.rules: dict[tuple[str, str], list[GroupRule]] = {}
        for rule in laid.rules:
            self.rules.setdefault((rule.group, rule.direction), []).append(rule)
        self.members = {
            group: {address for port in laid.ports if group in port.groups for address in port.addresses}
            for group in laid.group_names
        }

    def open(self, path: Path) -> bool:
        """Tell whether both ends let a path through."""
        start, end = path.source.addresses[path.family], path.target.addresses[path.family]
        if path.source.kind is Kind.PROVINCE:
            leaves = self.lets_through([BORDER_INSIDE], EGRESS, end, path)
        else:
            leaves = path.source.kind is Kind.OUTSIDE or self.passes(EGRESS, start, end, path)
        if path.target.kind is Kind.PROVINCE:
            return leaves and self.lets_through([BORDER_INSIDE], INGRESS, start, path)
        return leaves and self.passes(INGRESS, end, start, path)

    def passes(self, direction: str, at: str, other: str, path: Path) -> bool:
        """Tell whether one end does."""
        return self.lets_through(self.ports[at].groups, direction, other, path)

    def lets_through(self, groups: Iterable[str], direction: str, other: str, path: Path) -> bool:
        """Tell whether one of these groups does."""
        for group in groups:
            for rule in self.rules.get((group, direction), ()):
                if (rule.family, rule.protocol, rule.first) == (path.family, path.protocol, path.port):
                    if rule.remote_group and other in self.members[rule.remote_group]:
                        return True
                    if rule.remote_range and ip_address(other) in ip_network(rule.remote_range):
                        return True
        return False


@given(changed())
def test_every_pair_is_classified_once(drawn: tuple[Inventory, Environment]) -> None:
    inventory, environment = drawn
    ends, wanted = city(inventory, environment)
    known, guests = services(inventory, environment), [one for one in ends if one.is_guest]
    count = Counter((one.source.name, one.target.name, one.protocol, one.port, one.family) for one in wanted)
    assert set(count.values()) == {1}
    expected = {
        (source.name, target.name, protocol, port, family)
        for source in guests
        for target in guests
        if source is not target
        for protocol, port in known
        for family in FAMILIES
    }
    assert expected <= set(count)


@given(changed())
def test_both_families_are_demanded_alike(drawn: tuple[Inventory, Environment]) -> None:
    _, wanted = city(*drawn)
    inside = [one for one in wanted if one.source.is_guest and one.target.is_guest]
    demands: dict[tuple[object, ...], set[tuple[bool, object]]] = {}
    for one in inside:
        demands.setdefault((one.source.name, one.target.name, one.protocol, one.port), set()).add(
            (one.demand.allowed, one.demand.place)
        )
    assert {len(found) for found in demands.values()} == {1}


@given(changed())
def test_nothing_is_allowed_that_no_flow_lists(drawn: tuple[Inventory, Environment]) -> None:
    inventory, environment = drawn
    _, wanted = city(inventory, environment)
    for one in (one for one in wanted if one.demand.allowed and one.source.is_guest):
        flows = inventory.zones.zones[one.source.zone].flows
        listed = any(
            (flow.to, flow.protocol) == (one.target.zone, one.protocol) and one.port in flow.ports for flow in flows
        )
        assert listed or one.source.zone == one.target.zone


@given(changed())
def test_the_stacks_rules_open_exactly_what_is_demanded(drawn: tuple[Inventory, Environment]) -> None:
    inventory, environment = drawn
    ends, wanted = city(inventory, environment)
    laid = laid_by_the_rules(inventory, environment, ends)
    between = [one for one in wanted if one.target.is_guest or one.target.kind is Kind.PROVINCE]
    books = Books(laid)
    differing = [one for one in between if books.open(one) != one.demand.allowed]
    assert differing == []
    assert list(Halves(laid, Demands(inventory, environment)).half_open(wanted)) == []


def test_the_whole_sample_is_demanded_as_its_files_say() -> None:
    ends, wanted = city(SAMPLE, LAB)
    lines = Lines(Workspace.here().inventory)
    allowed = {
        (one.source.group, one.target.group, one.port): lines.at(one.demand.place)
        for one in wanted
        if one.demand.allowed
    }
    text = (Workspace.here().inventory / "departments" / "approval.yaml").read_text(encoding="utf-8").splitlines()
    file, line, _ = allowed["elicence application", "elicence database", 5432].split(":")
    assert (file, text[int(line) - 1].strip()[:23]) == (
        "inventory/departments/approval.yaml",
        "- {from: application, t",
    )
    assert ("elicence web", "elicence database", 5432) not in allowed
    assert ("here", "approval bastion", 22) in allowed
    assert ("outside", "approval bastion", 22) not in allowed
    assert ("outside", "approval-elicence-front", 80) in allowed
    assert ("elicence application", "api-identity", 5000) not in allowed
    assert ("elicence application", "metadata", 80) not in allowed
    shares = ("exchange application", "governance application", "sharing application")
    assert {way for way in allowed if "province" in way} == {
        way for one in shares for way in ((one, "province", 8443), ("province", one, 8443))
    }
    assert len([one for one in ends if one.is_guest]) == 42


def test_a_shared_service_is_for_every_server() -> None:
    service = {"networks": ["169.254.169.254/32"], "protocol": "tcp", "ports": [80], "why": "first boot"}
    whole = {**LAB.model_dump(mode="json", exclude={"key"}), "key": "lab"}
    environment = Environment.model_validate({**whole, "shared_services": {"metadata": service}})
    wanted = [one for one in city(SAMPLE, environment)[1] if one.target.name == "metadata"]
    assert {one.demand.allowed for one in wanted} == {True}
    assert {one.demand.place.where for one in wanted} == {("shared_services", "metadata")}


@pytest.mark.parametrize(("outside", "allowed"), [(OPERATOR, True), (STRANGER, False)])
def test_only_operators_come_to_the_bastion(outside: Endpoint, allowed: bool) -> None:
    wanted = [one for one in city(SAMPLE, LAB)[1] if (one.source, one.target.kind) == (outside, Kind.BASTION)]
    assert {(one.port, one.family) for one in wanted if one.demand.allowed} == (
        {(22, 4), (22, 6)} if allowed else set()
    )
    assert len(wanted) == 4 * 2 * len(services(SAMPLE, LAB))


def test_without_anything_around_only_guests_are_asked() -> None:
    ends = list(endpoints(SAMPLE, LAB))
    assert {one.target.kind for one in paths(SAMPLE, LAB, ends)} == {
        Kind.SERVER,
        Kind.BASTION,
        Kind.BORDER,
        Kind.BALANCER,
        Kind.METADATA,
    }
