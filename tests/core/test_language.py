"""Messages come in the operator's language, and every message has its translation."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from govcloud.core.language import LOCALES, tr
from govcloud.core.workspace import Workspace
from toolchain import translations

CATALOGUES = sorted(LOCALES.glob("*/LC_MESSAGES/govcloud.po"))
FIX = "fix: make translations, and translate what is new in the .po file"


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("LC_ALL", "zh_CN.UTF-8", "是空的"),
        ("LANG", "zh_CN", "是空的"),
        ("LANGUAGE", "zh_CN:en", "是空的"),
        ("LC_ALL", "C.UTF-8", "is empty"),
        ("LANG", "en_GB.UTF-8", "is empty"),
        ("LANG", "no-such-language", "is empty"),
    ],
)
def test_the_locale_decides(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, value)
    assert tr("is empty") == told


def test_values_are_filled_in_and_may_hold_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "zh_CN")
    assert tr("{zone} is not another zone", zone="{x} %s") == "{x} %s 不是另一个分区"


def test_chinese_is_there() -> None:
    assert [file.parts[-3] for file in CATALOGUES] == ["zh_CN"]


@pytest.mark.parametrize("file", CATALOGUES, ids=lambda file: file.parts[-3])
def test_a_catalogue_is_whole(file: Path, template: set[str]) -> None:
    catalogue = translations.read(file)
    assert {str(message.id) for message in catalogue if message.id} == template, FIX
    for message in catalogue:
        if message.id:
            assert message.string, (message.id, FIX)
            assert not message.fuzzy, message.id
            assert _names(message.string) == _names(message.id), message.id
    assert file.with_suffix(".mo").read_bytes() == translations.compiled(catalogue), FIX


# What ends at an operator, by room: these raise, yield or say it.
TOLD = {"CouldNotLook", "GovcloudError", "NotApplicable", "NotHere", "say", "tell"}
ROOMS = ("compliance/policy", "govcloud")


@pytest.fixture(scope="module")
def sources() -> list[tuple[str, ast.AST]]:
    root = Workspace.here().root
    return [
        (f"{file.relative_to(root)}:{getattr(node, 'lineno', 0)}", node)
        for room in ROOMS
        for file in sorted((root / room).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    ]


@pytest.fixture(scope="module")
def template() -> set[str]:
    return {str(message.id) for message in translations.template() if message.id}


def test_every_message_is_found_by_those_who_translate(sources: list[tuple[str, ast.AST]], template: set[str]) -> None:
    """A call inside an f-string, or one with a choice in it, is not."""
    for place, node in sources:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"tr", "mark"}:
            assert not isinstance(node.args[0], ast.IfExp | ast.JoinedStr), place
            assert not isinstance(node.args[0], ast.Constant) or node.args[0].value in template, place


def test_nothing_is_told_in_english_only(sources: list[tuple[str, ast.AST]]) -> None:
    for place, node in sources:
        words: list[ast.expr] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TOLD:
            words = node.args
        elif isinstance(node, ast.Yield) and "policy/rules" in place:
            words = [node.value] if node.value else []
        for one in words:
            assert not _has_words(one), place


def _has_words(one: ast.expr) -> bool:
    """Tell whether an expression is a text with a word of its own, rather than a frame around values."""
    parts = one.values if isinstance(one, ast.JoinedStr) else [one]
    return any(isinstance(part, ast.Constant) and re.search("[A-Za-z]{2}", str(part.value)) for part in parts)


def _names(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))
