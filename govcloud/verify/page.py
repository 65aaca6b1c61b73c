"""The result as one page to look at and to keep: the matrix by zone and by tier, what is wrong, what nobody could say.

It needs nothing but itself. It is read by the city's people, so it is Chinese.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import jinja2

from govcloud.core.files import write_atomically
from govcloud.core.model.base import Tier
from govcloud.core.model.environment import Environment
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.results import Verdict
from govcloud.verify import drawing
from govcloud.verify.city import Endpoint, Kind
from govcloud.verify.drawing import Cell, Side
from govcloud.verify.outside import HERE, OUTSIDE
from govcloud.verify.reach import FOUND, Report
from govcloud.verify.records import PathResult

_TEMPLATES = Path(__file__).with_name("templates")
_TIERS = {Tier.WEB: "网页层", Tier.APPLICATION: "应用层", Tier.DATABASE: "数据库层"}
_GOT = {"open": "通", "refused": "被拒绝", "dropped": "无应答", "unreachable": "不可达"}
_API, _METADATA = "api", "metadata"
_AROUND = {
    HERE: "本机（运维侧）",
    OUTSIDE: "外部（互联网侧）",
    Kind.PROVINCE.value: "省级云平台",
    _METADATA: "元数据服务",
    _API: "云平台接口",
}
_OUTSIDE_BAND, _PLATFORM_BAND = "外部", "云平台"


def write(file: Path, inventory: Inventory, environment: Environment, report: Report) -> None:
    """Write the page."""
    results = [one.result for one in report.findings]
    zones, tiers = pictures(inventory, report)
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    text = templates.get_template("reach.html.j2").render(
        city=inventory.city.title,
        environment=environment,
        at=report.at.astimezone().strftime("%Y-%m-%d %H:%M"),
        summary=report.summary,
        words={verdict.value: drawing.WORDS[verdict] for verdict in Verdict},
        colours={verdict.value: drawing.COLOURS[verdict] for verdict in Verdict},
        got=_GOT,
        opened=drawing.OPEN,
        zones=zones,
        tiers=tiers,
        wrong=[one for one in results if one.verdict in FOUND],
        unsaid=Counter(one.reason for one in results if one.verdict is Verdict.NOT_TESTED).most_common(),
        could_not_look=report.could_not_look,
        as_public=report.as_public,
        unasked=report.unasked,
        places=_AROUND,
    )
    write_atomically(file, text)


def pictures(inventory: Inventory, report: Report) -> tuple[str, str]:
    """Return the matrix by zone and by tier."""
    names = _Names(inventory, report.ends)
    results = [one.result for one in report.findings]
    return (
        drawing.by_zone(*_cells(results, names, names.zone)),
        drawing.by_tier(*_cells(results, names, names.tier)),
    )


class _Names:
    """What the ends of paths are called in the pictures."""

    def __init__(self, inventory: Inventory, ends: Sequence[Endpoint]) -> None:
        self._inventory = inventory
        self._ends = {one.name: one for one in ends}
        self._order = [*inventory.zones.zones]

    def zone(self, name: str) -> Side:
        """Return the row or column of the zone that an end stands in."""
        end = self._ends.get(name)
        if end:
            return Side(key=end.zone, title=self._title(end.zone), band="")
        if name in self._inventory.zones.zones:
            return Side(key=name, title=self._title(name), band="")
        return self._around(name)

    def tier(self, name: str) -> Side:
        """Return the row or column of the tier that an end belongs to."""
        end = self._ends.get(name)
        if end is None:
            return self._around(name)
        band = self._title(end.zone)
        department = self._inventory.departments[end.department]
        if end.kind is Kind.BASTION:
            return Side(key=end.group, title=f"{department.title} 堡垒机", band=band)
        if end.kind is Kind.BORDER:
            return Side(key=end.group, title=f"{department.title} 边界路由器", band=band)
        title = department.systems[end.system].title
        part = "负载均衡" if end.kind is Kind.BALANCER else _TIERS[Tier(end.tier)]
        return Side(key=f"{end.zone} {end.group}", title=f"{title} {part}", band=band)

    def place(self, side: Side) -> tuple[int, str]:
        """Return where a row or column stands: zones in the order of the file, then what stands around."""
        titles = [self._title(zone) for zone in self._order]
        named = side.band or side.title
        return (titles.index(named) if named in titles else len(titles) + (named != _OUTSIDE_BAND), side.key)

    def _around(self, name: str) -> Side:
        kind = _API if name.startswith(f"{_API}-") else name
        band = _PLATFORM_BAND if kind in {_API, _METADATA} else _OUTSIDE_BAND
        if kind in _AROUND:
            return Side(key=kind, title=_AROUND[kind], band=band)
        if name in self._inventory.zones.zones:
            return Side(key=name, title=f"{self._title(name)}（整区）", band=self._title(name))
        department = self._inventory.departments.get(name)
        return Side(key=name, title=department.title if department else "其他", band=band)

    def _title(self, zone: str) -> str:
        return self._inventory.zones.zones[zone].title


def _cells(
    results: Iterable[PathResult], names: _Names, named: Callable[[str], Side]
) -> tuple[list[Side], list[Side], dict[tuple[str, str], Cell]]:
    rows: dict[str, Side] = {}
    columns: dict[str, Side] = {}
    cells: dict[tuple[str, str], Cell] = {}
    for one in results:
        row, column = named(one.source), named(one.to)
        rows[row.key], columns[column.key] = row, column
        cells.setdefault((row.key, column.key), Cell()).add(one)
    return sorted(rows.values(), key=names.place), sorted(columns.values(), key=names.place), cells
