"""Reading the inventory's files into their models; whatever is wrong in one file is told at its place.

A file with a fault of its own is left out of the checks that compare files, so that one slip is told once.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from govcloud.core.language import tr
from govcloud.core.located_yaml import Fault, Located, Where, read
from govcloud.core.model.base import Model
from govcloud.core.model.wrong_values import told

M = TypeVar("M", bound=Model)
_LONGEST_SHOWN = 40


@dataclass
class Reading:
    """The files as read: sources for places, models for values, faults so far."""

    root: Path
    sources: dict[str, Located] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def one(self, name: str, model: type[M], **implied: str) -> M | None:
        """Read one file into its model; `implied` are values that the file's place gives."""
        located = self._located(name)
        if located.faults:
            self.faults += located.faults
            return None
        value = located.value
        if not isinstance(value, dict):
            what, fix = tr("is not a mapping"), tr("begin with `key: value` lines")
            self.faults.append(located.fault((), what, fix=fix))
            return None
        given = [key for key in implied if key in value]
        if given:
            what, why, fix = tr("is not a known field"), tr("the file's name says it"), tr("remove it")
            self.faults += [located.fault((key,), what, why=why, fix=fix) for key in given]
            return None
        try:
            return model.model_validate({**value, **implied})
        except ValidationError as error:
            self.faults += [_fault(located, detail, model) for detail in error.errors(include_url=False)]
            return None

    def folder(self, name: str, model: type[M], *, named: bool = True) -> dict[str, M]:
        """Read all files of a folder; each file's name is its key, which a `named` model wants to know."""
        found = {}
        for path in sorted((self.root / name).glob("*.yaml")):
            implied = {"key": path.stem} if named else {}
            loaded = self.one(f"{name}/{path.stem}", model, **implied)
            if loaded is not None:
                found[path.stem] = loaded
        return found

    def _located(self, name: str) -> Located:
        located = read(self.root / f"{name}.yaml", f"{self.root.name}/{name}.yaml")
        self.sources[name] = located
        return located


def _fault(located: Located, detail: ErrorDetails, model: type[Model]) -> Fault:
    kind = detail["type"]
    where = _known(located, detail["loc"], missing=kind == "missing")
    if kind == "missing":
        fix = tr("add `{name}:`", name=detail["loc"][-1])
        return located.fault(where, tr("is missing"), fix=fix, of_key=True)
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(str(detail["loc"][-1]), _field_names(model), 1)
        fix = tr("did you mean `{name}`?", name=near[0]) if near else tr("remove it")
        return located.fault(where, tr("is not a known field"), fix=fix, of_key=True)
    given = repr(detail["input"])
    # A longer one hides the message.
    # An address of a database may hold a password, which is just what is wrong with it.
    secret = detail["type"] == "state_backend"
    shown = tr(", not {given}", given=given) if len(given) <= _LONGEST_SHOWN and not secret else ""
    return located.fault(where, told(detail) + shown)


def _known(located: Located, path: tuple[int | str, ...], *, missing: bool) -> Where:
    """Drop what pydantic adds to a path (union branches, key markers), keep what the file has and a missing name."""
    where: Where = ()
    for number, part in enumerate(path):
        if (*where, part) in located.values or (missing and number == len(path) - 1):
            where = (*where, part)
    return where


def _field_names(model: type[Model]) -> list[str]:
    """Return the names of all fields below a model, for a guess at what was meant."""
    names: set[str] = set()
    waiting: list[object] = [model]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, type) and issubclass(one, Model):
            for name, info in one.model_fields.items():
                names.add(info.alias or name)
                waiting.append(info.annotation)
        waiting += getattr(one, "__args__", ())
    return sorted(names)
