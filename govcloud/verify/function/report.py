"""The result as files: a page and a table for people, in Chinese, and JSON and records for programs.

All of one run stand in a folder of the cloud's own, each written whole; the times of all runs stand beside them.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import jinja2
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from govcloud.core.files import write_atomically
from govcloud.core.model.results import Result, Verdict
from govcloud.verify.function import history, words
from govcloud.verify.function.history import Times
from govcloud.verify.function.steps import Step

_TEMPLATES = Path(__file__).with_name("templates")
_RULE_VERSION = 1
_HEADINGS = ("场景", "步骤", "结论", "用时（秒）", "p50（秒）", "p95（秒）", "次数", "说明")
_WIDTHS = (14, 30, 10, 12, 12, 12, 8, 80)
_COLOURS = {
    Verdict.CONFORM: "D8F0DC",
    Verdict.NONCONFORM: "F8D0CC",
    Verdict.NOT_TESTED: "FCE9C4",
    Verdict.NOT_APPLICABLE: "E8E8E8",
}
# Characters that a table's format cannot hold.
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a report tells of."""

    cloud: str
    run: str
    at: datetime
    seconds: float
    image: str
    flavor: str
    operator: str
    steps: Sequence[Step]

    @property
    def counts(self) -> list[tuple[str, str, int]]:
        """How many steps have which verdict: its token, the report's word, the number."""
        told = [one.verdict for one in self.steps]
        return [(one.value, words.VERDICTS[one], told.count(one)) for one in _COLOURS]


def document(steps: Sequence[Step]) -> dict[str, list[dict[str, object]]]:
    """Return what `--json` prints."""
    return {"steps": [one.as_json() for one in steps]}


def folder_of(build: Path, cloud: str) -> Path:
    """Return where a cloud's reports stand."""
    return build / "verify" / re.sub(r"[^\w.-]", "_", cloud)


def write(folder: Path, run: Run) -> list[Path]:
    """Write page, table, JSON and records; note the times. Return the paths, the page first."""
    times = history.add(folder / "function_history.jsonl", run.at, run.steps)
    text = json.dumps(document(run.steps), ensure_ascii=False, indent=1) + "\n"
    page, table, data, records = (
        folder / f"function{suffix}" for suffix in (".html", ".xlsx", ".json", "_results.jsonl")
    )
    write_atomically(data, text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    write_atomically(records, "".join(_record(run, one, data.name, digest) + "\n" for one in run.steps))
    write_atomically(page, _page(run, times))
    write_atomically(table, _table(run, times))
    return [page, table, data, records]


def _record(run: Run, one: Step, evidence: str, digest: str) -> str:
    return Result(
        rule=f"function.{one.scenario}.{one.step.replace(' ', '_')}",
        rule_version=_RULE_VERSION,
        object=run.cloud,
        at=run.at,
        verdict=one.verdict,
        reason=str(one.said),
        evidence=evidence,
        evidence_sha256=digest,
    ).model_dump_json()


def _rows(run: Run, times: Mapping[tuple[str, str], Times]) -> list[tuple[Step, tuple[object, ...]]]:
    """Return each step with what its line says, column by column."""
    rows: list[tuple[Step, tuple[object, ...]]] = []
    for one in run.steps:
        known = times.get((one.scenario, one.step), Times(()))
        line = (
            words.SCENARIOS[one.scenario],
            words.step(one.scenario, one.step),
            words.VERDICTS[one.verdict],
            one.seconds,
            known.within(50),
            known.within(95),
            len(known.seconds) or None,
            one.said.in_chinese(),
        )
        rows.append((one, line))
    return rows


def _page(run: Run, times: Mapping[tuple[str, str], Times]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    groups: dict[str, list[tuple[Step, tuple[object, ...]]]] = {}
    for one, line in _rows(run, times):
        groups.setdefault(words.SCENARIOS[one.scenario], []).append((one, line))
    slowest = max((one.seconds or 0 for one in run.steps), default=0) or 1
    return environment.get_template("function.html.j2").render(
        run=run, groups=groups, headings=_HEADINGS[1:], slowest=slowest
    )


def _table(run: Run, times: Mapping[tuple[str, str], Times]) -> bytes:
    book = Workbook()
    book.remove(book.worksheets[0])
    sheet: Worksheet = book.create_sheet("功能测试")
    _append(sheet, [f"功能测试：{run.cloud}", None, run.run, _local(run.at)])
    _append(sheet, ["合计", *(f"{word} {number}" for _, word, number in run.counts)])
    _append(sheet, _HEADINGS)
    for row in (1, 3):
        for cell in sheet[row]:
            cell.font = Font(bold=True)
    for one, line in _rows(run, times):
        _append(sheet, line)
        sheet.cell(sheet.max_row, 3).fill = PatternFill("solid", fgColor=_COLOURS.get(one.verdict, "FFFFFF"))
        sheet.cell(sheet.max_row, len(line)).alignment = Alignment(wrap_text=True, vertical="top")
    for number, width in enumerate(_WIDTHS, 1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.freeze_panes = "A4"
    sheet.auto_filter.ref = f"A3:{get_column_letter(len(_HEADINGS))}{sheet.max_row}"
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _append(sheet: Worksheet, line: Sequence[object]) -> None:
    """Append a line of plain values: what a cloud said is a text, whatever it begins with."""
    sheet.append([_UNFIT.sub("", one) if isinstance(one, str) else one for one in line])
    for cell in sheet[sheet.max_row]:
        if cell.data_type == "f":
            cell.data_type = "s"


def _local(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"
