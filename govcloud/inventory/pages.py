"""The inventory as one page to look at: zones and flows, each department's topology, the address plan, the milestones.

It goes to `build/inventory/`, together with each picture by itself. It is read by the city's people, so it is Chinese.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from govcloud.core.files import write_atomically
from govcloud.core.model.address_space import Network, claims, free_ranges, networks_of, taken_of
from govcloud.core.model.department import Department
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.milestones import DEPARTMENTS
from govcloud.inventory import drawings

_TEMPLATES = Path(__file__).with_name("templates")
_MOST_FREE = 4


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """A department's network with what its numbers are used for."""

    department: str
    network: str
    network_v6: str
    cells: Sequence[tuple[str, str]]
    """For each number the kind of its use and what to tell of it."""
    free: int


@dataclass(frozen=True, kw_only=True)
class ZoneRanges:
    """A zone's ranges, what departments have of them, what is free."""

    key: str
    title: str
    ipv4: str
    ipv6: str
    networks: Sequence[Numbers]
    free_v4: str
    free_v6: str


def write(inventory: Inventory, folder: Path) -> list[Path]:
    """Write page and pictures; return their paths, the page first."""
    pictures = {"zones": drawings.svg(drawings.zones(inventory))}
    for key, department in inventory.departments.items():
        if department.networks:
            pictures[f"department_{key}"] = drawings.svg(drawings.topology(inventory, department))
    page = folder / "index.html"
    write_atomically(page, _page(inventory, pictures))
    written = [page]
    for name, picture in pictures.items():
        written.append(folder / f"{name}.svg")
        write_atomically(written[-1], picture)
    return written


def _page(inventory: Inventory, pictures: dict[str, str]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    titles = {key: one.title for key, one in inventory.departments.items()} | {DEPARTMENTS: "市政府有关部门"}
    return environment.get_template("index.html.j2").render(
        inventory=inventory,
        pictures=pictures,
        ranges=[_ranges(inventory, key) for key in inventory.zones.zones],
        city_free=_listed(free_ranges(inventory.plan.city.ipv4, [one.ipv4 for one in inventory.plan.zones.values()])),
        titles=titles,
        colour=drawings.colour,
        milestones=sorted(inventory.milestones.milestones.values(), key=lambda one: one.due),
    )


def _ranges(inventory: Inventory, zone: str) -> ZoneRanges:
    block, networks = inventory.plan.zones[zone], networks_of(inventory, zone)
    return ZoneRanges(
        key=zone,
        title=inventory.zones.zones[zone].title,
        ipv4=str(block.ipv4),
        ipv6=str(block.ipv6),
        networks=[_numbers(inventory.departments[key], zone) for key, _ in networks],
        free_v4=_listed(free_ranges(block.ipv4, taken_of(inventory, zone, 4))),
        free_v6=_listed(free_ranges(block.ipv6, taken_of(inventory, zone, 6))),
    )


def _numbers(department: Department, zone: str) -> Numbers:
    network = department.networks[zone]
    uses = {0: ("cloud", "网络号"), 1: ("cloud", "网关"), network.ipv4.num_addresses - 1: ("cloud", "广播地址")}
    for one in claims(department):
        if one.zone == zone:
            shared = {"bastion": "堡垒机", "uplink": "边界路由器"}
            what = f"{department.systems[one.system].title} {one.where[1]}" if one.system else shared[one.where[0]]
            kind = "balancer" if one.where[0] == "network" else "server"
            uses |= dict.fromkeys(range(one.first, one.end), (kind, what))
    cells = []
    for number in range(network.ipv4.num_addresses):
        dynamic = ("cloud", "云平台动态分配") if number >= network.first_dynamic else ("free", "空闲")
        kind, what = uses.get(number, dynamic)
        cells.append((kind, f"{network.ipv4_of(number)} {what}"))
    return Numbers(
        department=department.title,
        network=str(network.ipv4),
        network_v6=str(network.ipv6),
        cells=cells,
        free=sum(kind == "free" for kind, _ in cells),
    )


def _listed(found: Sequence[Network]) -> str:
    """Return the first free ranges, and how many more there are."""
    more = f" 等 {len(found)} 段" if len(found) > _MOST_FREE else ""
    return ("、".join(map(str, found[:_MOST_FREE])) or "无") + more
