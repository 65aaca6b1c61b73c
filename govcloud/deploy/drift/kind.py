"""What is known of one type of resource: in which list of the cloud it stands, and which of its fields compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from govcloud.deploy.drift.fields import Field, Thing
from govcloud.deploy.drift.states import Resource


def by_id(thing: Thing) -> str:
    """Return a thing's id."""
    return str(thing["id"])


def in_department(thing: Thing) -> str:
    """Return a name that is unique within a department only, with the department."""
    return f"{thing['department']}/{thing['name']}"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One type."""

    listed: str
    """The list that it is in (`look.py`)."""
    fields: tuple[Field, ...]
    identity: Callable[[Thing], str] = by_id
    known: Callable[[Resource], str] = lambda resource: resource.id
    """How the state names what `identity` names in the cloud."""
    chosen: Callable[[Thing], bool] = lambda _: True
    """Which things of the list are of this type."""


def quota(listed: str, *fields: tuple[Field, ...]) -> Kind:
    """Return a kind of quota: there is one for each project."""
    together = tuple(field for some in fields for field in some)
    return Kind(
        listed=listed,
        fields=together,
        identity=lambda thing: str(thing["project_id"]),
        known=lambda resource: resource.id.partition("/")[0],
    )
