"""What operators read, in their language: English stands in the source, the catalogues in `govcloud/locale/`.

The language is the locale's (`LANGUAGE`, `LC_ALL`, `LC_MESSAGES`, `LANG`). The function is called `tr`, because `_` is
what this code calls a value that nobody needs. `make translations` renews the catalogues; a test asks that they are
whole.
"""

from __future__ import annotations

import functools
import gettext
import os
import sys
from pathlib import Path

DOMAIN = "govcloud"
LOCALES = Path(__file__).resolve().parents[1] / "locale"
_DECIDING = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


def tr(message: str, **values: object) -> str:
    """Return a message in the operator's language, its `{names}` filled with values."""
    text = _catalogue(tuple(os.environ.get(name, "") for name in _DECIDING)).gettext(message)
    return text.format(**values) if values else text


def say(text: str) -> None:
    """Tell the operator a line; what programs read goes to the standard output."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is what it is for


def mark(message: str) -> str:
    """Return a message as it is, and let it be found by those who translate; `tr` is called with it later."""
    return message


@functools.cache
def _catalogue(deciding: tuple[str, ...]) -> gettext.NullTranslations:
    """Return the catalogue that the four variables ask for; English where they ask for none that is there."""
    languages = next((value for value in deciding if value), "C").split(":")
    return gettext.translation(DOMAIN, LOCALES, languages, fallback=True)
