"""`make translations`: gathers what operators read from the sources, renews the catalogues, compiles them.

What is new or has changed stands in the catalogue untranslated; the test of the catalogues fails until somebody has
translated it. The compiled form is kept beside it, so that nothing has to be built where the command is used.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from babel.messages import mofile, pofile
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir

from govcloud.core.language import DOMAIN, LOCALES
from govcloud.core.workspace import Workspace

ROOMS = ("govcloud", "compliance")
KEYWORDS = {"tr": None, "mark": None}


def template() -> Catalog:
    """Return what the sources say, untranslated."""
    root = Workspace.here().root
    found = Catalog(domain=DOMAIN, project=DOMAIN, fuzzy=False)
    for room in ROOMS:
        for file, _, message, comments, context in extract_from_dir(str(root / room), keywords=KEYWORDS):
            found.add(message, locations=[(f"{room}/{file}", 0)], auto_comments=comments, context=context)
    return found


def read(file: Path) -> Catalog:
    """Return a catalogue of one language."""
    with file.open("rb") as source:
        return pofile.read_po(source, locale=file.parts[-3], domain=DOMAIN)


def compiled(catalogue: Catalog) -> bytes:
    """Return a catalogue as the program reads it."""
    target = io.BytesIO()
    mofile.write_mo(target, catalogue)
    return target.getvalue()


def main() -> int:
    """Renew every catalogue; tell how many messages are untranslated, exit 1 when there are some."""
    missing = 0
    for file in sorted(LOCALES.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        catalogue = read(file)
        catalogue.update(template(), no_fuzzy_matching=True, update_creation_date=False)
        catalogue.obsolete.clear()
        with file.open("wb") as target:
            pofile.write_po(target, catalogue, width=120, sort_output=True, include_lineno=False, ignore_obsolete=True)
        file.with_suffix(".mo").write_bytes(compiled(catalogue))
        untranslated = [message.id for message in catalogue if message.id and not message.string]
        print(f"{file.parts[-3]}: {len(catalogue)} messages, {len(untranslated)} untranslated")  # noqa: T201 - this is a command
        missing += len(untranslated)
    return int(missing > 0)


if __name__ == "__main__":
    sys.exit(main())
