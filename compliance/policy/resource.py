"""One resource as a rule sees it: plain values, wherever they come from.

A value that is not known yet must never look like one that is fine. It raises `CouldNotLook` wherever a rule reads it,
at any depth, so that no rule has to think of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

from govcloud.core.language import mark, tr


class CouldNotLook(Exception):  # noqa: N818 - not an error of anybody: the third answer besides yes and no
    """A value that a rule needs cannot be seen here."""


class NotApplicable(Exception):  # noqa: N818 - an answer, not an error
    """A rule does not ask this of this resource."""


class NotHere(Exception):  # noqa: N818 - an answer, not an error
    """What a rule asks for is simulated in this environment, and the page of simulated things says so."""


@dataclass(frozen=True)
class Hidden:
    """Stands for a value that is there and cannot be seen; `why` is told in the operator's language."""

    why: str


NOT_YET = Hidden(mark("is not known before it is made"))
SECRET = Hidden(mark("is a secret, which only Pulumi can read"))
LEFT_OUT = Hidden(mark("is not in the plan, which holds differences only (fix: give the stack's exported state, too)"))


def _seen(value: Any, name: object) -> Any:
    if isinstance(value, Hidden):
        raise CouldNotLook(f"{name} {tr(value.why)}")
    return value


class Values(Mapping[str, Any]):
    """A mapping whose hidden values cannot be read by accident."""

    def __init__(self, values: Mapping[str, Any], *, complete: bool = True) -> None:
        self._values = values
        self._complete = complete

    def __getitem__(self, key: str) -> Any:
        if key not in self._values and not self._complete:
            return _seen(LEFT_OUT, key)
        return _seen(self._values[key], key)

    def __contains__(self, key: object) -> bool:
        """Tell whether a value is given, seen or not."""
        if key not in self._values and not self._complete:
            raise CouldNotLook(f"{key} {tr(LEFT_OUT.why)}")
        return self._values.get(str(key)) is not None

    def __iter__(self) -> Iterator[str]:
        if not self._complete:
            raise CouldNotLook(tr("some of its values are not in the plan (fix: give the stack's exported state, too)"))
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class Many(Sequence[Any]):
    """A list whose hidden values cannot be read by accident; how many there are is known."""

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = values

    @overload
    def __getitem__(self, key: int) -> Any: ...

    @overload
    def __getitem__(self, key: slice) -> Sequence[Any]: ...

    def __getitem__(self, key: int | slice) -> Any:
        if isinstance(key, slice):
            return Many(self._values[key])
        return _seen(self._values[key], f"entry {key + 1}")

    def __len__(self) -> int:
        return len(self._values)


def plain(value: Any) -> Any:
    """Wrap what a resource holds so that hidden values are told. Whole numbers are whole, as Pulumi sends fractions."""
    if isinstance(value, Mapping):
        return Values({str(key): plain(one) for key, one in value.items() if key != "__defaults"})
    if isinstance(value, (list, tuple)):
        return Many([plain(one) for one in value])
    return int(value) if isinstance(value, float) and value.is_integer() else value


@dataclass(frozen=True, eq=False)
class Resource:
    """One resource: what was asked for, and which other resources each of its values comes from."""

    urn: str
    type: str
    values: Values
    references: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """URNs by property."""
    protect: bool = False

    @property
    def kind(self) -> str:
        """Module and name of the type: `networking.SecGroupRule`."""
        package, _, rest = self.type.partition(":")
        module, _, name = rest.partition(":")
        return f"{module.partition('/')[0]}.{name}" if package in {"openstack", "pulumi"} else self.type

    @property
    def name(self) -> str:
        """The logical name."""
        return self.urn.split("::", 3)[-1]

    @property
    def stack(self) -> str:
        """The stack that it belongs to."""
        return self.urn.split("::", 1)[0].rpartition(":")[2]

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, or the default where none is given."""
        found = self.values[key] if key in self.values else None  # noqa: SIM401 - `get` would take a hidden one for none
        return default if found is None else found

    def text(self, key: str) -> str:
        """Return a value as text, empty where none is given."""
        return str(self.get(key, ""))

    def many(self, key: str) -> Sequence[Any]:
        """Return a list, empty where none is given."""
        found = self.get(key, ())
        return found if isinstance(found, (Many, tuple)) else Many([found])
