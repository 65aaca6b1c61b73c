"""All rules over all resources of a stack, and what is said of each break: resource, file and line, clause, fix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from compliance.policy import rules as _rules
from compliance.policy.cause import Inventory as Files
from compliance.policy.city import City
from compliance.policy.records import read
from compliance.policy.resource import Resource
from compliance.policy.rule import RULES, Judgement, Rule, judge
from govcloud.core.language import tr
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.results import Verdict

__all__ = ["Finding", "findings", "judge_files", "rules"]
_PULUMI_OWN = ("pulumi:pulumi:", "govcloud:")
# The rules register themselves when their package is imported.
_REGISTERED = _rules.__all__


@dataclass(frozen=True)
class Finding:
    """What one rule says of one resource."""

    rule: Rule
    resource: Resource
    judgement: Judgement
    city: City
    files: Files

    @property
    def verdict(self) -> Verdict:
        """The verdict."""
        return self.judgement.verdict

    @cached_property
    def message(self) -> str:
        """Say in one line what is wrong with what, where it comes from, and what to do."""
        what = tr("; ").join(self.judgement.reasons)
        where = self.files.cause(self.rule, self.resource, self.city)
        subject = f"{self.resource.kind} {self.resource.name}"
        clause, fix = tr(" ({reason})", reason=self.rule.clause), tr("; fix: {fix}", fix=tr(self.rule.fix))
        return f"{where}: {subject}: {what}{clause}{fix}"


def rules() -> list[Rule]:
    """Return every rule."""
    return [RULES[key] for key in sorted(RULES)]


def findings(city: City, inventory: Path) -> Iterator[Finding]:
    """Judge every resource by every rule that looks at its kind; `inventory` is the folder that causes are shown in."""
    files = Files(inventory)
    for one in city.resources.values():
        if one.type.startswith(_PULUMI_OWN):
            continue
        for each in rules():
            if each.looks_at(one):
                yield Finding(each, one, judge(each, one, city), city, files)


def judge_files(inventory: Inventory, folder: Path, files: Sequence[Path]) -> tuple[list[str], list[str]]:
    """Return what breaks a rule in plans and states, and what a rule could not see there.

    What an environment only simulates is neither. `govcloud deploy` finds this function by its entry point.
    """
    broken, unseen = [], []
    for stack in read(files):
        for one in findings(City.of(inventory, stack.name, stack.resources), folder):
            if one.verdict is Verdict.NONCONFORM:
                broken.append(f"{one.message} [{one.rule.key}]")
            elif one.judgement.failed_look:
                unseen.append(f"{one.message} [{one.rule.key}]")
    return broken, unseen
