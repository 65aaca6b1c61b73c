"""What every scenario is given: the mark, the offer, the room, ways to sweep, and whoever may look from above."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from govcloud.verify.function.marker import Marker
from govcloud.verify.function.offer import Offer
from govcloud.verify.function.room import Room


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """Something of another department's: its kind, id and project, and whose access proves that it is there."""

    kind: str
    id: str
    project: str = ""
    witness: str = ""


@dataclass(frozen=True, kw_only=True)
class Context:
    """One run."""

    marker: Marker
    offer: Offer | Exception
    """Or why there is none, where servers cannot be made."""
    room: Room
    operator: Any | None = None
    """The connection of a named operator, who may move servers and see all departments'."""
    foreign: tuple[Foreign, ...] = ()
    witnesses: Mapping[str, Any] = field(default_factory=dict)
