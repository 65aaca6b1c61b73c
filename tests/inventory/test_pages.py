"""The drawings: all that the inventory says is on them, and nothing that it says breaks them."""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import graphviz
import pytest

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.model.inventory import Inventory
from govcloud.inventory import drawings, pages
from tests.sample import SAMPLE


@pytest.fixture(scope="module")
def inventory() -> Inventory:
    return SAMPLE


def _words(svg: str) -> str:
    root = ET.fromstring(svg)  # noqa: S314 - our own file
    return "\n".join(text for text in root.itertext() if text.strip())


def test_every_zone_and_flow_is_drawn(inventory: Inventory) -> None:
    svg = drawings.svg(drawings.zones(inventory))
    words = _words(svg)
    for key, zone in inventory.zones.zones.items():
        assert zone.title in words
        assert str(inventory.plan.zones[key].ipv6) in words
        for flow in zone.flows:
            assert f"{key}&#45;&gt;{flow.to}" in svg


def test_every_tier_of_every_system_is_drawn(inventory: Inventory) -> None:
    for department in inventory.departments.values():
        words = _words(drawings.svg(drawings.topology(inventory, department)))
        assert "堡垒机" in words
        for system in department.systems.values():
            assert system.title in words
            for group in system.compute.values():
                assert str(department.networks[group.zone].ipv4_of(group.first_host)) in words


def test_the_page_has_all_parts(inventory: Inventory, tmp_path: Path) -> None:
    written = pages.write(inventory, tmp_path)
    assert [file.name for file in written] == [
        "index.html",
        "zones.svg",
        *(f"department_{key}.svg" for key in inventory.departments),
    ]
    page = written[0].read_text(encoding="utf-8")
    assert page.count("<svg") == 5
    for milestone in inventory.milestones.milestones.values():
        assert milestone.words in page
    assert "空闲：10.16.0.0/24、10.16.3.0/24" in page
    assert "空闲：10.20.5.0/24、" in page  # 10.20.0.0/24 is the packages'
    assert 'title="10.19.2.20 人口综合库 database"' in page


def test_a_title_cannot_break_out(inventory: Inventory, tmp_path: Path) -> None:
    police = inventory.departments["police"]
    wicked = police.systems["household"].model_copy(update={"title": '<b>"&\\N</b><script>'})
    changed = police.model_copy(update={"title": "<script>", "systems": {"household": wicked}})
    spoiled = replace(inventory, departments={**inventory.departments, "police": changed})
    page = pages.write(spoiled, tmp_path)[0].read_text(encoding="utf-8")
    assert "<script>" not in page
    assert '<b>"&\\N</b><script>' in _words((tmp_path / "department_police.svg").read_text(encoding="utf-8"))


def test_without_graphviz_the_remedy_is_told(inventory: Inventory, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shutil.which("dot")
    assert graphviz.version()
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(GovcloudError, match="apt-get install graphviz") as caught:
        drawings.svg(drawings.zones(inventory))
    assert caught.value.status == Exit.COULD_NOT_CHECK
