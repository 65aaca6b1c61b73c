"""One result for each path: the record of every check, and what was asked, expected and got."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import ConfigDict, Field

from govcloud.core.model.results import Result

Got = Literal["open", "refused", "dropped", "unreachable"]
ANY = "any"
RULE_VERSION = 1


class PathResult(Result):
    """What is said of one path."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, populate_by_name=True)

    source: str = Field(alias="from")
    to: str
    protocol: str
    port: int | None
    """None where the path is open as a whole: a second network card, a leg of a router."""
    family: int
    expect: Literal["reach", "deny"]
    got: Got | None
    """None where nothing was tried, or the way of trying failed."""
    listener_alive: bool | None
    """Whether somebody was seen to listen at that moment; None where it plays no part."""
    line: str
    """The line of the inventory that decides it."""


@dataclass(frozen=True)
class Finding:
    """A result, and whether a look was tried for it and failed."""

    result: PathResult
    failed_look: bool = False
