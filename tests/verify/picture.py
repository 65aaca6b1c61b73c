"""Draws `docs/pictures/reach.svg`: the zones' matrix of the sample city with two faults that nobody made.

Run it as `python -m tests.verify.picture` when the drawing has changed.
"""

from __future__ import annotations

from govcloud.core.workspace import Workspace
from govcloud.verify import page
from govcloud.verify.reach import Report
from tests.sample import SAMPLE
from tests.verify.made_up import AT, as_demanded, city, judged


def picture() -> str:
    """Return the picture."""
    ends, wanted = city(SAMPLE, SAMPLE.environments["lab"])
    seen = as_demanded(SAMPLE, SAMPLE.environments["lab"], ends, wanted)
    silent = "police-household-application-1"
    for number, one in enumerate(wanted):
        way = (one.source.group, one.target.group, one.port)
        if way == ("elicence web", "elicence database", 5432):
            seen.answers[number] = ("open", "")
        elif (*way, one.family) == ("sharing application", "population database", 5432, 6):
            seen.answers[number] = ("dropped", "")
        elif one.source.name == silent:
            del seen.answers[number]
    return page.pictures(SAMPLE, Report(judged(ends, wanted, seen), ends, AT))[0]


if __name__ == "__main__":
    (Workspace.here().root / "docs" / "pictures" / "reach.svg").write_text(picture() + "\n", encoding="utf-8")
