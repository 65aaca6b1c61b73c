"""The city as pictures: zones with the flows between them, and what a department has in each zone.

Graphviz lays them out. They are read by the city's people, so their words are Chinese; reasons of the data stand in the
tooltips.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

import graphviz

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.language import tr
from govcloud.core.model.base import Tier
from govcloud.core.model.department import PUBLIC, ComputeGroup, Department, System, Uplink
from govcloud.core.model.inventory import Inventory

OPERATION = "management"
FONT = "Noto Sans CJK SC, Source Han Sans SC, Microsoft YaHei, sans-serif"
TIERS = {Tier.WEB: "网页层", Tier.APPLICATION: "应用层", Tier.DATABASE: "数据库层"}
_BASE = {"fontname": FONT, "fontsize": "11"}
_ZONE_COLOURS = {
    "internet": "#fdecea",
    "extranet": "#e8f1fb",
    "exchange": "#fff4dc",
    "data": "#e9f5ea",
    "management": "#eeeeee",
    "uplink": "#f1e9f7",
}


def colour(zone: str) -> str:
    """Return a zone's colour, white for one that has none."""
    return _ZONE_COLOURS.get(zone, "#ffffff")


def svg(picture: graphviz.Digraph) -> str:
    """Lay a picture out; return the SVG element alone."""
    try:
        text: str = picture.pipe(format="svg", encoding="utf-8")
    except graphviz.ExecutableNotFound:
        message = tr("graphviz is missing, which lays the pictures out. Fix: apt-get install graphviz")
        raise GovcloudError(message, status=Exit.COULD_NOT_CHECK) from None
    return text[text.index("<svg") :]


def zones(inventory: Inventory) -> graphviz.Digraph:
    """Draw every zone with its ranges and every flow with its ports."""
    picture = _picture("zones", rankdir="LR", nodesep="0.5", ranksep="1.2")
    for key, zone in inventory.zones.zones.items():
        block = inventory.plan.zones[key]
        lines = [f"{key} · 等保{_level(zone.level)}", str(block.ipv4), str(block.ipv6)]
        picture.node(key, _label(zone.title, lines), fillcolor=colour(key))
    for (start, end), labels in _flows(inventory).items():
        words = "\n".join(label for label, _ in labels)
        reasons = graphviz.escape("\n".join(f"{label}: {why}" for label, why in labels))
        # Operation crosses the picture and is told apart from the data.
        aside = {"style": "dashed"} if OPERATION in (start, end) else {}
        picture.edge(start, end, label=words, labeltooltip=reasons, edgetooltip=reasons, **aside)
    for key, zone in inventory.zones.zones.items():
        if zone.public:
            picture.node(PUBLIC, "公众和企业", shape="ellipse", fillcolor="white")
            picture.edge(PUBLIC, key, label="经负载均衡")
    return picture


def _flows(inventory: Inventory) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Return what passes from one zone to another, each with its reason; pairs in the order of the file."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for start, zone in inventory.zones.zones.items():
        for flow in zone.flows:
            label = f"{flow.protocol.value} {_numbers(flow.ports)}"
            found.setdefault((start, flow.to), []).append((label, f"{flow.why} ({flow.clause})"))
    return found


def topology(inventory: Inventory, department: Department) -> graphviz.Digraph:
    """Draw what a department has in each zone, and who reaches whom."""
    picture = _picture(department.key, rankdir="LR", nodesep="0.15", ranksep="1.4", newrank="true")
    for zone in (key for key in inventory.zones.zones if key in department.networks):
        network = department.networks[zone]
        with picture.subgraph(name=f"cluster_{zone}") as cluster:
            title = graphviz.escape(f"{inventory.zones.zones[zone].title}  {network.ipv4}  {network.ipv6}")
            cluster.attr(label=title, style="rounded,filled", fillcolor=colour(zone), color="#888888", **_BASE)
            for name, label in _in_zone(department, zone):
                cluster.node(name, label, fillcolor="white")
    for key, system in department.systems.items():
        for start, end, label, reason in _links(key, system):
            if start == PUBLIC:
                picture.node(PUBLIC, "公众和企业", shape="ellipse", fillcolor="white")
            elif start.partition("/")[0] not in department.systems:
                picture.node(start, _foreign(inventory, start), style="rounded,filled,dashed", fillcolor="white")
            why = graphviz.escape(reason)
            picture.edge(start, end, label=label, labeltooltip=why, edgetooltip=why)
    if department.uplink:
        _way_to_the_province(picture, department.uplink)
    return picture


def _way_to_the_province(picture: graphviz.Digraph, uplink: Uplink) -> None:
    province = _label("省级云平台", [str(uplink.province.ipv4), str(uplink.province.ipv6)])
    picture.node("province", province, shape="ellipse", fillcolor="white")
    picture.edge(f"border/{uplink.inside}", f"border/{uplink.zone}", dir="both")
    picture.edge(f"border/{uplink.zone}", "province", label="BGP / WireGuard", dir="both")


def _in_zone(department: Department, zone: str) -> Iterator[tuple[str, str]]:
    """Yield the nodes of one zone: bastion, border router, balancers, tiers."""
    network = department.networks[zone]
    if department.bastion and department.bastion.zone == zone:
        yield (
            "bastion",
            _label("堡垒机", [str(network.ipv4_of(department.bastion.first_host)), department.bastion.size]),
        )
    uplink = department.uplink
    if uplink and zone in {uplink.zone, uplink.inside}:
        side = "外侧" if zone == uplink.zone else "内侧"
        yield f"border/{zone}", _label(f"边界路由器 {side}", [str(network.ipv4_of(uplink.first_host)), uplink.size])
    for key, system in department.systems.items():
        for name, balancer in system.network.load_balancers.items():
            if system.compute[balancer.tier].zone == zone:
                lines = [f"负载均衡 {_numbers(balancer.listeners.values())}", str(network.ipv4_of(balancer.first_host))]
                yield f"{key}/balancer/{name}", _label(system.title, lines)
        for tier, group in system.compute.items():
            if group.zone == zone:
                yield f"{key}/{tier.value}", _label(system.title, _tier_lines(department, system, tier, group))


def _tier_lines(department: Department, system: System, tier: Tier, group: ComputeGroup) -> list[str]:
    network = department.networks[group.zone]
    first, last = network.ipv4_of(group.first_host), network.ipv4_of(group.first_host + group.count - 1)
    lines = [f"{TIERS[tier]} · {group.count} × {group.size} · {_level(system.level)}"]
    lines.append(str(first) if first == last else f"{first}–{str(last).rpartition('.')[2]}")
    lines += [f"云硬盘 {one.size_gib} GiB {one.mount}" for one in system.storage.volumes.values() if one.tier is tier]
    return lines


def _links(key: str, system: System) -> Iterator[tuple[str, str, str, str]]:
    """Yield who reaches a system: from, to, ports, reason. What comes from outside goes over its balancer."""
    balancers = {one.tier: f"{key}/balancer/{name}" for name, one in system.network.load_balancers.items()}
    for access in system.security.access:
        end = f"{key}/{access.to.value}"
        label = f"{access.protocol.value} {_numbers(access.ports)}"
        start = f"{access.source_system or key}/{access.source_tier}"
        if access.source == PUBLIC and access.to in balancers:
            yield PUBLIC, balancers[access.to], label, access.why
            start, label = balancers[access.to], ""
        if start != end:
            yield start, end, label, access.why


def _foreign(inventory: Inventory, start: str) -> str:
    """Return the label of another department's tier."""
    key, _, tier = start.partition("/")
    found = inventory.system(key)
    return _label(found[1].title if found else key, [found[0].title if found else "", TIERS[Tier(tier)]])


def _picture(name: str, **graph: str) -> graphviz.Digraph:
    return graphviz.Digraph(
        name,
        graph_attr={**_BASE, "bgcolor": "white", **graph},
        node_attr={**_BASE, "shape": "box", "style": "rounded,filled", "color": "#555555", "margin": "0.12,0.1"},
        edge_attr={**_BASE, "fontsize": "9", "color": "#666666", "fontcolor": "#333333", "arrowsize": "0.7"},
    )


def _label(title: str, lines: Iterable[str]) -> str:
    rest = "".join(f'<br/><font point-size="9">{_plain(line)}</font>' for line in lines)
    return f"<<b>{_plain(title)}</b>{rest}>"


def _plain(text: str) -> str:
    """Return a text that says what it says, in a label of graphviz: there a backslash would mean something."""
    return escape(text).replace("\\", "\\\\")


def _level(level: int) -> str:
    return {2: "二级", 3: "三级"}[level]


def _numbers(ports: Iterable[int]) -> str:
    return ", ".join(map(str, ports))
