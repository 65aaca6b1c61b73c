"""The picture: every path is in a cell, the worst one decides its colour, and nothing that is said breaks it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from govcloud.core.model.results import Verdict
from govcloud.core.workspace import Workspace
from govcloud.verify import page
from govcloud.verify.drawing import COLOURS, OPEN, Cell
from govcloud.verify.reach import Report
from govcloud.verify.records import Finding, PathResult
from tests.sample import SAMPLE
from tests.verify.made_up import AT, as_demanded, city, judged, only
from tests.verify.picture import picture

LAB = only(SAMPLE.environments["lab"], SAMPLE, "elicence", "exchange")
ENDS, WANTED = city(SAMPLE, LAB)
FINDINGS = judged(ENDS, WANTED, as_demanded(SAMPLE, LAB, ENDS, WANTED))


def words(svg: str) -> list[str]:
    return [text for text in ET.fromstring(svg).itertext() if text.strip()]  # noqa: S314 - our own picture


def test_every_path_is_in_a_cell_of_both_pictures() -> None:
    for svg in page.pictures(SAMPLE, Report(FINDINGS, ENDS, AT)):
        counted = [int(number) for text in words(svg) if "→" in text for number in re.findall(r"符合 (\d+)", text)]
        counted += [int(n) for text in words(svg) if "→" in text for n in re.findall(r"(?:未测|不适用) (\d+)", text)]
        assert sum(counted) == len(FINDINGS)


def test_zones_stand_in_the_order_of_their_file() -> None:
    titles = [one.title for one in SAMPLE.zones.zones.values()]
    shown = [text for text in words(page.pictures(SAMPLE, Report(FINDINGS, ENDS, AT))[0]) if text in titles]
    assert shown == titles * 2


@pytest.mark.parametrize(
    ("verdicts", "fill"),
    [
        ([Verdict.CONFORM], OPEN),
        ([Verdict.CONFORM, Verdict.NOT_TESTED], COLOURS[Verdict.NOT_TESTED]),
        ([Verdict.NOT_TESTED, Verdict.PARTIAL], COLOURS[Verdict.PARTIAL]),
        ([Verdict.PARTIAL, Verdict.NONCONFORM, Verdict.NOT_TESTED], COLOURS[Verdict.NONCONFORM]),
        ([Verdict.NOT_APPLICABLE], COLOURS[Verdict.NOT_APPLICABLE]),
    ],
)
def test_the_worst_path_decides_the_colour(verdicts: list[Verdict], fill: str) -> None:
    cell = Cell()
    for verdict in verdicts:
        cell.add(result(verdict=verdict, expect="reach"))
    assert cell.fill == fill


def result(**changes: object) -> PathResult:
    return FINDINGS[0].result.model_copy(update=changes)


def test_what_is_said_cannot_break_out(tmp_path: Path) -> None:
    wicked = result(verdict=Verdict.NONCONFORM, reason='<script>alert("&")</script>', line="<b>")
    police = SAMPLE.departments["police"].model_copy(update={"title": "<script>"})
    spoilt = replace(SAMPLE, departments={**SAMPLE.departments, "police": police})
    file = tmp_path / "index.html"
    page.write(file, spoilt, LAB, Report([*FINDINGS, Finding(wicked)], ENDS, AT, could_not_look=["<script>"]))
    text = file.read_text(encoding="utf-8")
    assert "<script>" not in text
    for svg in re.findall(r"<svg.*?</svg>", text):
        words(svg)


def test_ends_that_no_inventory_knows_are_shown() -> None:
    ways = [Finding(result(source="approval", to="172.16.0.9", verdict=Verdict.NONCONFORM, port=None))]
    by_zone, by_tier = page.pictures(SAMPLE, Report([*FINDINGS, *ways], ENDS, AT))
    for svg in (by_zone, by_tier):
        assert {"市行政审批局", "其他"} <= set(words(svg))


@pytest.mark.slow
def test_the_picture_of_the_documents_is_of_today() -> None:
    drawn = Workspace.here().root / "docs" / "pictures" / "reach.svg"
    assert drawn.read_text(encoding="utf-8") == picture() + "\n", "fix: python -m tests.verify.picture"
