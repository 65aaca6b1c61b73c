"""The sample data are the plan's: its departments, every platform and centre that it names, every date that it sets."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from govcloud.core.model.inventory import Inventory
from tests.sample import SAMPLE

# As the plan names them, in its order.
PLATFORMS = {
    "政务云平台",
    "数据资源目录平台",
    "数据交换平台",
    "数据治理平台",
    "人口综合库",
    "法人综合库",
    "电子证照库",
    "办事材料库",
    "信用信息库",
    "数据共享平台",
    "数据开放平台",
    "能力开放平台",
    "统一支付中心",
    "统一通知中心",
    "统一签章中心",
    "统一物流中心",
    "掌上办事大厅",
    "政务大数据可视化应用",
}


@pytest.fixture(scope="module")
def inventory() -> Inventory:
    return SAMPLE


def test_every_platform_of_the_plan_is_a_system_of_the_bureau(inventory: Inventory) -> None:
    assert {one.title for one in inventory.platforms.values()} == PLATFORMS
    assert set(inventory.platforms) <= set(inventory.departments["bureau"].systems)


def test_the_departments_of_the_plan_have_systems_of_both_levels(inventory: Inventory) -> None:
    titles = {one.title for one in inventory.departments.values()}
    assert titles == {"市数据资源管理局", "市公安局", "市市场监督管理局", "市行政审批局"}
    own = {
        key: system
        for department in inventory.departments.values()
        for key, system in department.systems.items()
        if key not in inventory.platforms
    }
    assert len(own) >= 8
    assert {one.level for one in own.values()} == {2, 3}


def test_every_dated_milestone_is_there(inventory: Inventory) -> None:
    found = inventory.milestones.milestones.values()
    assert len(found) == 37
    assert (min(one.due for one in found), max(one.due for one in found)) == (date(2019, 8, 25), date(2019, 12, 31))
    answering = Counter(name for one in found for name in one.responsible)
    assert answering == {"departments": 17, "bureau": 17, "approval": 1, "market": 1, "police": 1}


def test_every_platform_has_a_milestone(inventory: Inventory) -> None:
    named = {system for one in inventory.milestones.milestones.values() for system in one.systems}
    assert set(inventory.platforms) <= named


def test_contacts_are_roles_without_a_name_or_a_number(inventory: Inventory) -> None:
    roles = {"主管领导"}
    for department in inventory.departments.values():
        for one in (department, *department.systems.values()):
            assert one.contacts.leader in roles
            assert all(role.endswith(("员", "人")) for role in one.contacts.staff), one.contacts
