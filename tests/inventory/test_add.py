"""New departments and systems: what is written is commented, valid, and takes only what is free."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from govcloud.core.errors import GovcloudError
from govcloud.core.model.base import Tier
from govcloud.core.model.inventory import examine, load
from govcloud.inventory import add
from govcloud.inventory.new_text import SystemWish

ZONES = ["internet", "extranet", "data"]


def _wish(
    key: str = "invoices", *, title: str = "电子发票", level: int = 3, tiers: tuple[Tier, ...] = (*Tier,)
) -> SystemWish:
    return SystemWish(key=key, title=title, level=level, tiers=tiers)


def test_a_department_takes_free_networks_and_gets_a_bastion(inventory: Path) -> None:
    before = load(inventory)
    file = add.department(inventory, "tax", "市税务局", ZONES)
    made = load(inventory).departments["tax"]
    assert file == inventory / "departments" / "tax.yaml"
    assert set(made.networks) == {*ZONES, "management"}
    for zone, network in made.networks.items():
        taken = [one.networks[zone] for one in before.departments.values() if zone in one.networks]
        assert not any(network.ipv4.overlaps(one.ipv4) or network.ipv6.overlaps(one.ipv6) for one in taken)
    assert made.bastion
    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# yaml-language-server: $schema=")
    assert sum(line.startswith("#") for line in lines) >= 4


def test_a_system_of_level_three_has_two_servers_apart_in_every_tier(inventory: Path) -> None:
    add.department(inventory, "tax", "市税务局", ZONES)
    add.system(inventory, "tax", _wish())
    system = load(inventory).departments["tax"].systems["invoices"]
    assert {tier: group.zone for tier, group in system.compute.items()} == dict(zip(Tier, ZONES, strict=True))
    assert all((group.count, group.anti_affinity) == (2, True) for group in system.compute.values())
    assert system.database
    assert system.network.load_balancers["front"].floating_address


def test_systems_follow_each_other_and_leave_the_rest_of_the_file_alone(inventory: Path) -> None:
    file = inventory / "departments" / "approval.yaml"
    with file.open("a", encoding="utf-8") as handle:
        handle.write("# The last word.\n")
    before = file.read_text(encoding="utf-8")
    add.system(inventory, "approval", _wish("one", level=2))
    add.system(inventory, "approval", _wish("two", level=2, tiers=(Tier.APPLICATION,)))
    after = file.read_text(encoding="utf-8")
    assert [line for line in after.splitlines() if line in before.splitlines()][: before.count("\n")]
    assert after.endswith("# The last word.\n")
    assert list(load(inventory).departments["approval"].systems)[:4] == ["elicence", "cases", "one", "two"]


def test_what_follows_the_systems_stays_below_them(inventory: Path) -> None:
    file = inventory / "departments" / "police.yaml"
    text = file.read_text(encoding="utf-8")
    moved = "bastion: {zone: management, size: small, image: hardened, first_host: 10}\n"
    file.write_text(text.replace(moved, "") + "\n# The way in.\n" + moved, encoding="utf-8")
    add.system(inventory, "police", _wish("query", level=2, tiers=(Tier.APPLICATION,)))
    assert file.read_text(encoding="utf-8").endswith("\n# The way in.\n" + moved)
    assert "query" in load(inventory).departments["police"].systems


def test_the_owner_gets_a_platform(inventory: Path) -> None:
    file = add.system(inventory, "bureau", _wish("archive", level=2))
    assert file == inventory / "platforms" / "archive.yaml"
    assert "archive" in load(inventory).platforms


def test_a_title_may_hold_what_yaml_takes_for_its_own(inventory: Path) -> None:
    add.system(inventory, "bureau", _wish("archive", title='档案: #1 "旧"', level=2))
    assert load(inventory).platforms["archive"].title == '档案: #1 "旧"'


@pytest.mark.parametrize(
    ("owner", "wish", "words"),
    [
        ("nobody", _wish(), "no department is called nobody"),
        ("approval", _wish("cases"), "approval has a system called cases"),
        ("bureau", _wish("exchange"), "bureau has a system called exchange"),
        ("police", _wish("query"), "the web tier needs a network in one of: internet; fix"),
        ("approval", _wish("Query"), "must match"),
        ("approval", _wish("query", level=1), "must be 2 or more"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    inventory: Path, owner: str, wish: SystemWish, words: str
) -> None:
    before = {file: file.read_bytes() for file in inventory.rglob("*.yaml")}
    with pytest.raises(GovcloudError, match=words):
        add.system(inventory, owner, wish)
    assert {file: file.read_bytes() for file in inventory.rglob("*.yaml")} == before


@pytest.mark.parametrize(
    ("key", "zones", "words"),
    [
        ("approval", ZONES, "is there already"),
        ("admin", ZONES, "cannot be called admin"),
        ("Tax", ZONES, "must match"),
        ("tax", ["market"], "market is not a zone"),
    ],
)
def test_a_department_that_cannot_be_is_refused(inventory: Path, key: str, zones: list[str], words: str) -> None:
    with pytest.raises(GovcloudError, match=words):
        add.department(inventory, key, "市税务局", zones)


def test_a_zone_without_a_free_network_is_told(inventory: Path) -> None:
    file = inventory / "address_plan.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("10.17.0.0/16", "10.17.0.0/21"), encoding="utf-8")
    add.department(inventory, "one", "一局", ["extranet"])
    for name in ("two", "three"):
        add.department(inventory, name, name, ["extranet"])
    with pytest.raises(GovcloudError, match="extranet has no free network"):
        add.department(inventory, "four", "四局", ["extranet"])


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    wishes=st.lists(
        st.tuples(
            st.sampled_from(["approval", "bureau"]), st.sampled_from([2, 3]), st.sets(st.sampled_from(Tier), min_size=1)
        ),
        min_size=1,
        max_size=3,
    )
)
def test_whatever_is_added_has_no_fault(inventory: Path, wishes: list[tuple[str, int, set[Tier]]]) -> None:
    before = {file: file.read_bytes() for file in inventory.rglob("*.yaml")}
    try:
        for number, (owner, level, tiers) in enumerate(wishes):
            add.system(inventory, owner, _wish(f"new-{number}", level=level, tiers=tuple(tiers)))
        assert examine(inventory)[1] == []
    finally:
        for file in inventory.rglob("*.yaml"):
            if file in before:
                file.write_bytes(before[file])
            else:
                file.unlink()
