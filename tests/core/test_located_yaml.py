"""YAML with places: what is refused, where the fault is said to be, and that nothing at all raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govcloud.core.located_yaml import Located, parse


def _read(text: str | bytes) -> Located:
    return parse(text.encode() if isinstance(text, str) else text, Located("a.yaml"))


def test_every_value_has_its_place() -> None:
    located = _read("one: 1\ntwo:\n  - a\n  - deep: true\n")
    assert located.value == {"one": 1, "two": ["a", {"deep": True}]}
    assert located.place(("two", 1, "deep")) == (4, 11)
    assert located.place(("two", 1, "deep"), of_key=True) == (4, 5)
    assert located.place(("two", 1, "absent")) == (4, 5)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: yes", "yes"),
        ("a: off", "off"),
        ("a: 22:30", "22:30"),
        ("a: 2019-09-09", "2019-09-09"),
        ("a: 0x10", "0x10"),
        ("a: 010", "010"),
        ("a: 1.5", 1.5),
        ("a: -3", -3),
        ("a: ~", None),
        ("a:", None),
        ("a: 'true'", "true"),
        ("a: 核心数据区", "核心数据区"),
    ],
)
def test_only_plain_types_are_guessed(text: str, value: object) -> None:
    assert _read(text).value == {"a": value}


@pytest.mark.parametrize(
    ("text", "line", "column", "what"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, 1, "given twice, first in line 1"),
        ("a: {b: 1, b: 2}", 1, 11, "given twice"),
        ("a: &x 1\nb: *x\n", 1, 4, "alias"),
        ("a: !!python/object:os.system x", 1, 4, "tag"),
        ("1: a", 1, 1, "key that is not text"),
        ("[a]: b", 1, 1, "key that is not text"),
        ("a: [1, 2\nb: 3", 2, 2, ""),
        ("a: 'b", 1, 6, ""),
        ("a: 1\n--- \nb: 2", 2, 1, "another document"),
        ("a:\n\tb: 1", 2, 1, "cannot start any token"),
        ("", 1, 1, "is empty"),
        ("# only a comment", 1, 1, "is empty"),
        (b"a: \xff", 1, 1, "not UTF-8"),
        (b"a: \x00", 1, 1, ""),
        ("a: " + "9" * 5000, 1, 4, "cannot be read as int"),
        ("[" * 3000, 1, 1, ""),
        ("[" * 200 + "]" * 200, 1, 42, "too deep"),
    ],
)
def test_faults_are_told_at_their_place(text: str | bytes, line: int, column: int, what: str) -> None:
    faults = _read(text).faults
    assert faults
    assert what in faults[0].what
    if what:
        assert (faults[0].line, faults[0].column) == (line, column)


def test_all_faults_of_a_file_are_told_at_once() -> None:
    assert len(_read("a: 1\na: 2\nb: {c: 1, c: 2}\n").faults) == 2


@given(st.one_of(st.text(), st.binary()))
def test_no_input_raises(text: str | bytes) -> None:
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    located = _read(data)
    assert located.faults or located.value is not None or data.strip()
