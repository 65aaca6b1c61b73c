"""YAML that remembers where every value stands, so that a fault can be told as `file:line:column`.

Only the plain part of YAML is read: mappings with text keys, lists, text, numbers, true and false. Anchors, tags,
several documents and a key given twice are refused, because each makes a file say something else than its reader sees.
`yes`, `no`, `on`, `off`, dates and numbers with colons stay text: YAML 1.1 reads them as something nobody meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import ReaderError

from govcloud.core.language import tr

Value: TypeAlias = "dict[str, Value] | list[Value] | str | int | float | bool | None"
Where: TypeAlias = tuple[str | int, ...]

_DEEPEST = 40


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong in one file, said so that it can be mended. `line` and `column` count from 1."""

    file: str
    line: int
    column: int
    subject: str
    what: str
    why: str = ""
    clause: str = ""
    fix: str = ""

    def __str__(self) -> str:
        """Give the fault as one line."""
        subject = f" {self.subject}:" if self.subject else ""
        reason = tr(", ").join(part for part in (self.why, self.clause) if part)
        return (
            f"{self.file}:{self.line}:{self.column}:{subject} {self.what}"
            + (tr(" ({reason})", reason=reason) if reason else "")
            + (tr("; fix: {fix}", fix=self.fix) if self.fix else "")
        )


@dataclass
class Located:
    """The value of one file and the place of each of its parts."""

    file: str
    value: Value = None
    values: dict[Where, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Where, tuple[int, int]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def place(self, where: Where, *, of_key: bool = False) -> tuple[int, int]:
        """Return line and column of a part, or of the nearest part around it that the file has."""
        while where:
            found = (self.keys.get(where) if of_key else None) or self.values.get(where)
            if found:
                return found
            where = where[:-1]
        return self.values.get((), (1, 1))

    def fault(  # noqa: PLR0913 - a fault has this many parts
        self, where: Where, what: str, *, why: str = "", clause: str = "", fix: str = "", of_key: bool = False
    ) -> Fault:
        """Make a fault at a part of this file."""
        line, column = self.place(where, of_key=of_key)
        return Fault(self.file, line, column, ".".join(map(str, where)), what, why, clause, fix)


class _PlainLoader(yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):  # type: ignore[misc]
    """Knows no implicit types but the four below."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own interface


for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"^(?:true|false)$", "tf"),
    ("tag:yaml.org,2002:null", r"^(?:null|~|)$", "n~\0"),
    ("tag:yaml.org,2002:int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
    ("tag:yaml.org,2002:float", r"^[-+]?(?:0|[1-9][0-9]*)\.[0-9]+$", "-+0123456789"),
):
    for _character in _first:
        _PlainLoader.yaml_implicit_resolvers.setdefault("" if _character == "\0" else _character, []).append(
            (_tag, re.compile(_pattern))
        )


def read(path: Path, shown_as: str) -> Located:
    """Read one file; whatever is wrong with it is in `faults`, nothing is raised."""
    located = Located(shown_as)
    try:
        data = path.read_bytes()
    except OSError as error:
        located.faults.append(Fault(shown_as, 1, 1, "", tr("cannot be read: {reason}", reason=error.strerror)))
        return located
    return parse(data, located)


def parse(data: bytes, located: Located) -> Located:
    """Fill `located` from the bytes of a file."""
    try:
        node = _compose(data)
        if node is None:
            located.faults.append(Fault(located.file, 1, 1, "", tr("is empty"), fix=tr("fill it or remove it")))
        else:
            located.value = _build(node, (), located)
    except UnicodeDecodeError as error:
        located.faults.append(Fault(located.file, data.count(b"\n", 0, error.start) + 1, 1, "", tr("is not UTF-8")))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problem = " ".join(str(error.problem or error.context or "").split())
        what = tr("is not YAML: {problem}", problem=tr(problem) if problem else "?")
        located.faults.append(Fault(located.file, line, column, "", what, fix=tr("see the line and the one before")))
    except ReaderError as error:
        line = data.decode("utf-8").count("\n", 0, error.position) + 1
        what = tr("holds the character {code}, which no text has", code=f"U+{int(error.character):04X}")
        located.faults.append(Fault(located.file, line, 1, "", what, fix=tr("remove it")))
    except RecursionError:
        located.faults.append(Fault(located.file, 1, 1, "", tr("is nested too deep")))
    return located


def _compose(data: bytes) -> Node | None:
    loader = _PlainLoader(data.decode("utf-8"))
    try:
        node: Node | None = loader.get_single_node()
        return node
    finally:
        loader.dispose()


def _build(node: Node, where: Where, located: Located, seen: set[int] | None = None) -> Value:
    seen = set() if seen is None else seen
    located.values[where] = (node.start_mark.line + 1, node.start_mark.column + 1)
    if id(node) in seen:
        located.faults.append(
            located.fault(where, tr("is an alias"), why=tr("a reader must see the value"), fix=tr("write it out"))
        )
        return None
    seen.add(id(node))
    if len(where) > _DEEPEST:
        located.faults.append(located.fault(where, tr("is nested too deep")))
        return None
    if isinstance(node, MappingNode):
        return _mapping(node, where, located, seen)
    if isinstance(node, SequenceNode):
        return [_build(item, (*where, number), located, seen) for number, item in enumerate(node.value)]
    return _scalar(node, where, located)


def _mapping(node: MappingNode, where: Where, located: Located, seen: set[int]) -> Value:
    result: dict[str, Value] = {}
    for key_node, value_node in node.value:
        line, column = key_node.start_mark.line + 1, key_node.start_mark.column + 1
        if not isinstance(key_node, ScalarNode) or key_node.tag != "tag:yaml.org,2002:str":
            subject = ".".join(map(str, where))
            located.faults.append(
                Fault(located.file, line, column, subject, tr("has a key that is not text"), fix=tr("quote it"))
            )
            continue
        key = str(key_node.value)
        here = (*where, key)
        if key in result:
            first = located.keys[here][0]
            what, fix = tr("is given twice, first in line {line}", line=first), tr("keep one of the two")
            located.faults.append(Fault(located.file, line, column, ".".join(map(str, here)), what, fix=fix))
            continue
        located.keys[here] = (line, column)
        result[key] = _build(value_node, here, located, seen)
    return result


def _scalar(node: Node, where: Where, located: Located) -> Value:
    text = str(node.value)
    kind = node.tag.rpartition(":")[2]
    if kind == "str":
        return text
    reader = _READERS.get(kind)
    if reader is None:
        what, why = tr("has the tag {tag}", tag=node.tag), tr("tags are not read")
        located.faults.append(located.fault(where, what, why=why, fix=tr("remove it")))
        return None
    try:
        return reader(text)
    except (KeyError, ValueError):
        located.faults.append(located.fault(where, tr("cannot be read as {kind}", kind=kind)))
        return None


_READERS: dict[str, Callable[[str], Value]] = {
    "null": lambda _: None,
    "bool": lambda text: {"true": True, "false": False}[text],
    "int": int,
    "float": float,
}
