"""How a field of a thing compares: what the state calls it, what the cloud calls it, and what of a value matters.

Every field that whoever owns a thing can change is compared. What nobody can change is not, nor what only the cloud
decides: which machine a server is on, which state a balancer reports.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Outputs = Mapping[str, Any]
Thing = Mapping[str, Any]
# Stands for a value that was not asked for, because the list shows that it has not changed.
UNASKED = "not asked for"


@dataclass(frozen=True)
class Field:
    """One field, under the name that the cloud has for it."""

    name: str
    state: Callable[[Outputs], object]
    cloud: Callable[[Thing], object]

    def differs(self, outputs: Outputs, thing: Thing) -> tuple[object, object] | None:
        """Return what the state says and what the cloud says where they differ."""
        found = self.cloud(thing)
        if found is UNASKED:
            return None
        wanted, found = plain(self.state(outputs)), plain(found)
        return None if wanted == found else (wanted, found)


def same(*names: str, **renamed: str) -> tuple[Field, ...]:
    """Return fields that both sides have alike: by the cloud's name, or `cloud=state` where the state's is another."""
    pairs = {**{name: camel(name) for name in names}, **renamed}
    return tuple(Field(name, _of(there), _of(name)) for name, there in pairs.items())


def never(*names: str) -> tuple[Field, ...]:
    """Return fields that our stacks never set: any value there was set behind them."""
    return tuple(Field(name, lambda _: None, _of(name)) for name in names)


def tagged() -> tuple[Field, ...]:
    """Return what all things of the network service have in common."""
    return same("name", "description", tags="allTags")


def _of(name: str) -> Callable[[Mapping[str, Any]], object]:
    return lambda one: one.get(name)


def within(*path: str) -> Callable[[Mapping[str, Any]], object]:
    """Return how to read a value inside others."""

    def read(one: Mapping[str, Any]) -> object:
        value: Any = one
        for part in path:
            value = value.get(part) if isinstance(value, Mapping) else None
        return value

    return read


def nought(read: Callable[[Mapping[str, Any]], object]) -> Callable[[Mapping[str, Any]], object]:
    """Return how to read a number where zero and nothing mean the same."""
    return lambda one: read(one) or None


def camel(name: str) -> str:
    """Return how the provider calls what the cloud calls `name`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def plain(value: object) -> object:
    """Return a value as it compares: nothing is nothing however it is said, numbers are text, order means nothing."""
    if value is None or value == "" or (isinstance(value, list | tuple | Mapping) and not value):
        return None
    if isinstance(value, bool):
        return value
    if isinstance(value, float | int):
        return str(int(value)) if float(value).is_integer() else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return sorted((plain(one) for one in value), key=repr)
    return str(value)
