"""A rule: which clause it is bound to, which resources it looks at, and the one pure function that judges them.

The function yields what is wrong with a resource, one sentence each; nothing yielded is a pass. It may raise
`NotApplicable`, `NotHere`, or, by reading a hidden value, `CouldNotLook`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from compliance.policy.city import City
from compliance.policy.resource import CouldNotLook, NotApplicable, NotHere, Resource
from govcloud.core.language import tr
from govcloud.core.model.results import Verdict

Judge: TypeAlias = Callable[[Resource, City], Iterator[str]]
EVERY_KIND = "*"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule. All are mandatory: what breaks one is not applied."""

    key: str
    title: str
    """As `fix`: English, marked for translation, translated where it is told."""
    clauses: tuple[str, ...]
    on: tuple[str, ...]
    """Kinds of resources, as `Resource.kind` names them."""
    place: str
    """What of the inventory decides it, from the system or department on; after a colon, from the named file on."""
    fix: str
    alone: bool
    """Whether a resource is judged without looking at others, that is, before it is made, one by one."""
    version: int
    judge: Judge

    @property
    def clause(self) -> str:
        """All clauses in one text."""
        return ", ".join(self.clauses)

    def looks_at(self, one: Resource) -> bool:
        """Tell whether a resource is of a kind that the rule looks at."""
        return one.kind in self.on or EVERY_KIND in self.on


@dataclass(frozen=True)
class Judgement:
    """What a rule says of a resource."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()
    failed_look: bool = False
    """Of `not_tested`: whether a look was tried and failed, as opposed to what an environment only simulates."""


RULES: dict[str, Rule] = {}


def rule(  # noqa: PLR0913 - a rule has this many parts
    key: str,
    title: str,
    clauses: str,
    *on: str,
    place: str,
    fix: str,
    alone: bool = False,
    version: int = 1,
) -> Callable[[Judge], Judge]:
    """Register a judging function as a rule; `clauses` are separated by commas."""

    def register(judge: Judge) -> Judge:
        if key in RULES:
            raise ValueError(f"two rules are called {key}")
        RULES[key] = Rule(
            key=key,
            title=title,
            clauses=tuple(one.strip() for one in clauses.split(",")),
            on=on,
            place=place,
            fix=fix,
            alone=alone,
            version=version,
            judge=judge,
        )
        return judge

    return register


def judge(one_rule: Rule, one: Resource, city: City) -> Judgement:
    """Judge one resource by one rule. What is wrong weighs more than what could not be seen."""
    if not one_rule.looks_at(one):
        return Judgement(Verdict.NOT_APPLICABLE, (tr("is no {kinds}", kinds=tr(" or ").join(one_rule.on)),))
    wrong: list[str] = []
    try:
        wrong.extend(one_rule.judge(one, city))
    except NotApplicable as answer:
        return Judgement(Verdict.NOT_APPLICABLE, (str(answer),))
    except (CouldNotLook, NotHere) as answer:
        if not wrong:
            return Judgement(Verdict.NOT_TESTED, (str(answer),), failed_look=isinstance(answer, CouldNotLook))
    return Judgement(Verdict.NONCONFORM, tuple(wrong)) if wrong else Judgement(Verdict.CONFORM)
