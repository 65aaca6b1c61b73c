"""Draws the growth curves of `tests/bench_scale.py`: each of them should be a straight line."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

_WIDTH, _HEIGHT, _LEFT, _TOP = 360, 220, 64, 52
_COLOURS = ("#1f5fa8", "#c2571a", "#2e7d4f", "#7a3e9d")
_TICKS = 4


def draw(cities: Sequence[Mapping[str, Any]]) -> str:
    """Return a picture with a panel for each question."""
    across = [one["whole"]["resources"] for one in cities]
    panels = [
        (
            "Whole city, one process: processor seconds",
            {part: [one["whole"]["parts"][part] for one in cities] for part in ("plan", "judge")},
        ),
        (
            "Whole inventory: processor seconds",
            {part: [one["whole"]["parts"][part] for one in cities] for part in ("read and check", "quotas")},
        ),
        (
            "One shard: processor seconds",
            {
                "program under mocks": [_most(one["shards"], "processor_seconds") for one in cities],
                "pulumi preview": [_most(one["pulumi preview"], "processor_seconds") for one in cities],
            },
        ),
        (
            "Peak memory, MiB",
            {
                "whole city, one process": [one["whole"]["peak_mib"] for one in cities],
                "shard under mocks": [_most(one["shards"], "peak_mib") for one in cities],
                "pulumi preview of a shard": [_most(one["pulumi preview"], "peak_mib") for one in cities],
            },
        ),
    ]
    step = _WIDTH + _LEFT + 40
    width, height = step * len(panels), _HEIGHT + _TOP + 120
    drawn = "".join(
        f'<g transform="translate({step * number + _LEFT} {_TOP})">{_panel(title, across, lines)}</g>'
        for number, (title, lines) in enumerate(panels)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="12" fill="#222">'
        f'<rect width="100%" height="100%" fill="#fff"/>{drawn}</svg>'
    )


def _most(parts: Mapping[str, Mapping[str, float]], figure: str) -> float:
    return max(one[figure] for one in parts.values())


def _round(most: float) -> float:
    """Return the end of an axis: the next number whose quarters are easy to read."""
    if most <= 0:
        return 1
    unit = 10 ** math.floor(math.log10(most))
    return next(unit * step for step in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10) if most <= unit * step)


def _panel(title: str, across: Sequence[float], lines: Mapping[str, Sequence[float]]) -> str:
    right, top = _round(max(across)), _round(max(max(values) for values in lines.values()))
    parts = [f'<text x="0" y="-24" font-size="14">{escape(title)}</text>']
    for tick in range(_TICKS + 1):
        y, x = _HEIGHT * (1 - tick / _TICKS), _WIDTH * tick / _TICKS
        parts.append(f'<line x1="0" y1="{y:.0f}" x2="{_WIDTH}" y2="{y:.0f}" stroke="#ddd"/>')
        parts.append(f'<text x="-8" y="{y + 4:.0f}" text-anchor="end">{top * tick / _TICKS:.3g}</text>')
        parts.append(f'<text x="{x:.0f}" y="{_HEIGHT + 18}" text-anchor="middle">{right * tick / _TICKS:,.0f}</text>')
    parts.append(f'<text x="{_WIDTH / 2}" y="{_HEIGHT + 36}" text-anchor="middle">resources of the city</text>')
    for number, (name, values) in enumerate(lines.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        points = [(_WIDTH * x / right, _HEIGHT * (1 - y / top)) for x, y in zip(across, values, strict=True)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        below = _HEIGHT + 58 + 16 * number
        parts.append(f'<rect x="0" y="{below - 9}" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="16" y="{below}">{escape(name)}: {values[-1]:,.1f}</text>')
    return "".join(parts)
