"""The matrix as pictures: who comes to whom, by zone and by tier; a cell's worst path decides its colour.

They are read by the city's people, so their words are Chinese.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from govcloud.core.model.results import Verdict
from govcloud.verify.records import PathResult

WORST_FIRST = (Verdict.NONCONFORM, Verdict.PARTIAL, Verdict.NOT_TESTED, Verdict.CONFORM, Verdict.NOT_APPLICABLE)
WORDS = {
    Verdict.CONFORM: "符合",
    Verdict.PARTIAL: "部分符合",
    Verdict.NONCONFORM: "不符合",
    Verdict.NOT_APPLICABLE: "不适用",
    Verdict.NOT_TESTED: "未测",
}
COLOURS = {
    Verdict.CONFORM: "#e6f0e7",
    Verdict.PARTIAL: "#f2a93b",
    Verdict.NONCONFORM: "#d1353a",
    Verdict.NOT_APPLICABLE: "#fafafa",
    Verdict.NOT_TESTED: "url(#untested)",
}
OPEN = "#4f9d69"
_FONT = "Noto Sans CJK SC, Source Han Sans SC, Microsoft YaHei, sans-serif"
_HATCH = (
    '<defs><pattern id="untested" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="6" height="6" fill="#ececec"/><rect width="2" height="6" fill="#bdbdbd"/></pattern></defs>'
)
_SMALL, _LABEL, _ACROSS = 20, 250, 190
_WIDE, _HIGH, _ZONE_LABEL = 132, 62, 130


@dataclass(frozen=True, kw_only=True)
class Side:
    """A row or a column."""

    key: str
    title: str
    band: str
    """What it stands together with: its zone."""


@dataclass
class Cell:
    """All paths from one row to one column."""

    count: Counter[Verdict] = field(default_factory=Counter)
    opened: int = 0
    """Paths that have to be open and are."""
    wanted: int = 0
    """Paths that have to be open."""
    told: list[str] = field(default_factory=list)
    """What is wrong, a few lines."""

    def add(self, one: PathResult) -> None:
        """Count one path."""
        self.count[one.verdict] += 1
        self.wanted += one.expect == "reach"
        self.opened += one.expect == "reach" and one.verdict is Verdict.CONFORM
        if one.verdict in {Verdict.NONCONFORM, Verdict.PARTIAL} and len(self.told) < 6:  # noqa: PLR2004 - a few
            port = "" if one.port is None else f" {one.port}"
            self.told.append(f"{one.source} → {one.to} {one.protocol}{port} IPv{one.family}: {one.reason}")

    @property
    def worst(self) -> Verdict:
        """The verdict that decides the colour."""
        return next(verdict for verdict in WORST_FIRST if self.count[verdict])

    @property
    def fill(self) -> str:
        """The colour."""
        return OPEN if self.worst is Verdict.CONFORM and self.opened else COLOURS[self.worst]

    def tooltip(self, row: str, column: str) -> str:
        """Tell the numbers, and what is wrong."""
        numbers = "，".join(f"{WORDS[verdict]} {self.count[verdict]}" for verdict in WORST_FIRST if self.count[verdict])
        return "\n".join((f"{row} → {column}", numbers, *self.told))


Cells = Mapping[tuple[str, str], Cell]


def by_zone(rows: Sequence[Side], columns: Sequence[Side], cells: Cells) -> str:
    """Draw one large cell for each pair of zones, with its numbers."""
    parts = [_text(_ZONE_LABEL + _WIDE * n + _WIDE / 2, 24, one.title, 13, "middle") for n, one in enumerate(columns)]
    for line, row in enumerate(rows):
        top = 36 + _HIGH * line
        parts.append(_text(_ZONE_LABEL - 10, top + _HIGH / 2 + 5, row.title, 13, "end"))
        for number, column in enumerate(columns):
            left = _ZONE_LABEL + _WIDE * number
            cell = cells.get((row.key, column.key))
            if cell is None:
                parts.append(_rect(left, top, _WIDE, _HIGH, "#ffffff"))
                continue
            parts.append(_rect(left, top, _WIDE, _HIGH, cell.fill, cell.tooltip(row.title, column.title)))
            ink = "#ffffff" if cell.fill in {OPEN, COLOURS[Verdict.NONCONFORM]} else "#333333"
            denied = cell.count.total() - cell.wanted
            lines = [f"应通 {cell.wanted}　应断 {denied}"]
            wrong = [one for one in WORST_FIRST[:3] if cell.count[one]]
            lines += [f"{WORDS[one]} {cell.count[one]}" for one in wrong] or ["全部符合"]
            start = top + _HIGH / 2 + 5 - 8 * (len(lines) - 1)
            parts += [_text(left + _WIDE / 2, start + 16 * n, one, 12, "middle", ink) for n, one in enumerate(lines)]
    return _svg(_ZONE_LABEL + _WIDE * len(columns) + 4, 40 + _HIGH * len(rows), parts)


def by_tier(rows: Sequence[Side], columns: Sequence[Side], cells: Cells) -> str:
    """Draw one small cell for each pair of tiers; what is wrong is counted in it."""
    parts: list[str] = []
    lefts, width = _places(columns, _LABEL)
    tops, height = _places(rows, _ACROSS)
    for column, left in zip(columns, lefts, strict=True):
        turned = f'transform="translate({left + _SMALL / 2 + 4} {_ACROSS - 8}) rotate(-60)"'
        parts.append(f"<g {turned}>{_text(0, 0, column.title, 11, 'start')}</g>")
    for row, top in zip(rows, tops, strict=True):
        parts.append(_text(_LABEL - 8, top + 14, row.title, 11, "end"))
        for column, left in zip(columns, lefts, strict=True):
            cell = cells.get((row.key, column.key))
            if cell is None:
                parts.append(_rect(left, top, _SMALL, _SMALL, "#ffffff"))
                continue
            parts.append(_rect(left, top, _SMALL, _SMALL, cell.fill, cell.tooltip(row.title, column.title)))
            wrong = cell.count[Verdict.NONCONFORM] + cell.count[Verdict.PARTIAL]
            if wrong:
                parts.append(_text(left + _SMALL / 2, top + 14, str(min(wrong, 99)), 10, "middle", "#ffffff"))
    parts += [_text(6, tops[n] + 14, band, 12, "start", "#777777") for n, band in _bands(rows)]
    return _svg(width + 60, height + 6, parts)


def _places(sides: Sequence[Side], start: float) -> tuple[list[float], float]:
    """Return where each row or column begins, with a gap between zones, and where the last one ends."""
    places: list[float] = []
    at, before = start, ""
    for one in sides:
        at += 8 if before and one.band != before else 0
        places.append(at)
        at, before = at + _SMALL, one.band
    return places, at


def _bands(sides: Sequence[Side]) -> Iterable[tuple[int, str]]:
    before = None
    for number, one in enumerate(sides):
        if one.band != before:
            yield number, one.band
        before = one.band


def _svg(width: float, height: float, parts: Iterable[str]) -> str:
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{_FONT}">{_HATCH}{"".join(parts)}</svg>'


def _rect(  # noqa: PLR0913, PLR0917 - a rectangle's attributes
    left: float, top: float, width: float, height: float, fill: str, title: str = ""
) -> str:
    told = f"<title>{escape(title)}</title>" if title else ""
    place = f'x="{left:.0f}" y="{top:.0f}" width="{width}" height="{height}"'
    return f'<rect {place} fill="{fill}" stroke="#ffffff">{told}</rect>'


def _text(  # noqa: PLR0913, PLR0917 - a text's attributes
    left: float, top: float, text: str, size: int, anchor: str, ink: str = "#333333"
) -> str:
    return (
        f'<text x="{left:.0f}" y="{top:.0f}" font-size="{size}" text-anchor="{anchor}" fill="{ink}" '
        f'pointer-events="none">{escape(text)}</text>'
    )
