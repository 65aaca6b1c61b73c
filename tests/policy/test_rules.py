"""Every rule passes, fails, does not apply and does not guess, each on records of the sample city."""

from __future__ import annotations

import re
from collections import Counter
from ipaddress import IPv4Network, IPv6Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.policy.cause import Inventory as Files
from compliance.policy.city import City
from compliance.policy.judging import Finding, rules
from compliance.policy.ranges import holds_the_internet
from compliance.policy.rule import RULES, judge
from govcloud.core.language import tr
from govcloud.core.model.results import Verdict
from govcloud.core.workspace import Workspace
from tests.policy import cases_network, cases_servers, cases_uplink
from tests.policy.records import APPLICATION, DATABASE, SYSTEM, WEB, Case, nonconform, server, way
from tests.sample import SAMPLE

CASES = [*cases_network.CASES, *cases_servers.CASES, *cases_uplink.CASES]
# These refuse a kind of resource outright: there is none that would pass.
REFUSE_A_KIND = {"account-outside", "data-no-link", "exposure-edge"}
# These ask only whether something is given, or how many there are, which is known whatever the value is.
NEED_NO_VALUE = REFUSE_A_KIND | {
    "access-by-name",
    "balancer-monitor",
    "credential-expires",
    "kind-known",
    "quota-present",
    "server-key",
    "server-password",
}
CLAUSES = (Workspace.here().root / "tests" / "data" / "mlps_clauses.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("case", CASES, ids=lambda one: f"{one.rule}-{one.verdict}")
def test_a_rule_judges(case: Case) -> None:
    city = case.city()
    rule = RULES[case.rule]
    found = judge(rule, case.one, city)
    assert found.verdict is case.verdict, found.reasons
    told = Finding(rule, case.one, found, city, Files(Workspace.here().inventory)).message
    assert case.says in told
    if found.verdict is Verdict.NONCONFORM:
        assert told.startswith("inventory/")
        assert case.one.name in told
        assert rule.clauses[0] in told
        assert f"fix: {rule.fix}" in told


@pytest.mark.parametrize("case", CASES, ids=lambda one: f"{one.rule}-{one.verdict}")
def test_a_rule_judges_in_chinese(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "zh_CN")
    rule, city = RULES[case.rule], case.city()
    found = judge(rule, case.one, city)
    assert found.verdict is case.verdict
    for reason in found.reasons:
        assert re.search("[\u4e00-\u9fff]", reason), reason
    told = Finding(rule, case.one, found, city, Files(Workspace.here().inventory)).message
    assert told.endswith(f"（{rule.clause}）；改法：{tr(rule.fix)}")
    for english in (rule.title, rule.fix):
        assert re.search("[\u4e00-\u9fff]", tr(english)), english


def test_every_rule_has_every_verdict_in_the_cases() -> None:
    count = Counter((case.rule, case.verdict) for case in CASES)
    for rule in rules():
        assert count[rule.key, Verdict.NONCONFORM], rule.key
        assert count[rule.key, Verdict.NOT_APPLICABLE], rule.key
        assert count[rule.key, Verdict.CONFORM] or rule.key in REFUSE_A_KIND, rule.key
        assert count[rule.key, Verdict.NOT_TESTED] or rule.key in NEED_NO_VALUE, rule.key


def test_there_are_enough_rules_and_each_is_bound_to_clauses() -> None:
    assert len(rules()) >= 30
    assert len(CLAUSES) == 257
    for rule in rules():
        assert rule.clauses
        assert set(rule.clauses) <= set(CLAUSES), rule.key
        assert rule.title
        assert rule.fix


def test_a_cause_is_the_line_of_the_file() -> None:
    case = nonconform("exposure-outside", way(DATABASE, portRangeMin=5432, portRangeMax=5432), DATABASE)
    found = judge(RULES[case.rule], case.one, case.city())
    told = Finding(RULES[case.rule], case.one, found, case.city(), Files(Workspace.here().inventory)).message
    file, line, _ = told.split(":")[:3]
    written = (Workspace.here().root / file).read_text(encoding="utf-8").splitlines()[int(line) - 1]
    assert "to: database, ports: [5432]" in written


def test_no_value_of_a_secret_is_told() -> None:
    one = server(userData="password: hunter22-of-the-test")
    city = City.of(SAMPLE, SYSTEM, [one])
    told = [judge(rule, one, city).reasons for rule in rules()]
    assert "hunter22" not in str(told)


def _halves(network: IPv4Network | IPv6Network, cuts: list[int]) -> list[IPv4Network | IPv6Network]:
    """Cut a range into many that together are the same."""
    parts = [network]
    for cut in cuts:
        part = parts.pop(cut % len(parts))
        parts += [*part.subnets(prefixlen_diff=1)] if part.prefixlen < 24 else [part]
    return parts


@given(
    family=st.sampled_from(["0.0.0.0/0", "::/0"]),
    cuts=st.lists(st.integers(0, 200), max_size=60),
    order=st.randoms(use_true_random=False),
)
def test_no_set_of_ranges_that_covers_the_internet_slips_through(family: str, cuts: list[int], order: object) -> None:
    parts = _halves(ip_network(family), cuts)
    order.shuffle(parts)  # type: ignore[attr-defined]
    assert holds_the_internet(parts)
    ethertype = "IPv6" if ":" in family else "IPv4"
    groups = (DATABASE, APPLICATION, WEB)
    made = [
        way(groups[number % 3], ethertype=ethertype, remoteIpPrefix=str(part), portRangeMin=5432, portRangeMax=5432)
        for number, part in enumerate(parts)
    ]
    city = City.of(SAMPLE, SYSTEM, [*made, *groups])
    assert any(judge(RULES["exposure-internet"], one, city).verdict is Verdict.NONCONFORM for one in made)
    assert any(judge(RULES["exposure-outside"], one, city).verdict is Verdict.NONCONFORM for one in made)


@given(st.ip_addresses(network="10.16.0.0/12"), st.integers(28, 32))
def test_ranges_of_the_city_are_not_taken_for_the_internet(address: object, length: int) -> None:
    assert not holds_the_internet([ip_network(f"{address}/{length}", strict=False)])


@given(st.lists(st.ip_addresses(v=4), max_size=50), st.integers(24, 32))
def test_a_few_addresses_of_partners_are_not_the_internet(addresses: list[object], length: int) -> None:
    assert not holds_the_internet([ip_network(f"{one}/{length}", strict=False) for one in addresses])
