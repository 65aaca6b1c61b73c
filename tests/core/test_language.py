"""Messages come in the operator's language, and every message has its translation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from govcloud.core.language import LOCALES, tr
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
def test_a_catalogue_is_whole(file: Path) -> None:
    catalogue = translations.read(file)
    wanted = {message.id for message in translations.template() if message.id}
    assert {message.id for message in catalogue if message.id} == wanted, FIX
    for message in catalogue:
        if message.id:
            assert message.string, (message.id, FIX)
            assert not message.fuzzy, message.id
            assert _names(message.string) == _names(message.id), message.id
    assert file.with_suffix(".mo").read_bytes() == translations.compiled(catalogue), FIX


def _names(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))
