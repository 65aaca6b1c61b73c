"""A scenario: a row of steps in one access, each of which ends in a verdict, whatever happens; then it cleans up."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from govcloud.core.language import mark
from govcloud.core.model.results import Verdict
from govcloud.verify.function.context import Context
from govcloud.verify.function.offer import Offer
from govcloud.verify.function.steps import CLOUD_ERRORS, Said, Step, Told, judged
from govcloud.verify.function.words import StepName

Part = Callable[[], Said | None]


@dataclass
class Scenario(ABC):
    """A row of steps in one access. Names are English; the report knows them in Chinese."""

    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    """Services, by their type in the catalogue."""
    chained: ClassVar[bool] = True
    """Whether each step builds on the one before."""
    makes: ClassVar[bool] = True
    """Whether there is something to clean up."""
    steps: ClassVar[tuple[str, ...]]

    cloud: Any  # openstacksdk declares two versions of several APIs at once
    context: Context

    @abstractmethod
    def parts(self) -> Sequence[Part]:
        """Return what to do, one for each of `steps`."""

    def clean(self) -> None:  # noqa: B027 - a scenario may make nothing
        """Take away what was made; after the steps, however they went."""

    @property
    def offer(self) -> Offer:
        """What test servers are made of."""
        offer = self.context.offer
        if isinstance(offer, Offer):
            return offer
        raise offer if isinstance(offer, Told) else judged(offer)

    def run(self) -> Iterator[Step]:
        """Yield each step as it is done."""
        lacking = self._lacking()
        if lacking:
            for name in self.steps:
                yield self.step(name, lacking.verdict, lacking.said, looked=lacking.looked)
            return
        broken = ""
        for name, part in zip(self.steps, self.parts(), strict=True):
            if broken and self.chained:
                said = Said(mark("not begun: {step} did not succeed"), {"step": StepName(self.name, broken)})
                yield self.step(name, Verdict.NOT_TESTED, said)
                continue
            done, blocks = self._tried(name, part)
            broken = name if blocks else broken
            yield done
        if self.makes:
            yield self._tried("clean up", self._cleaned)[0]

    def step(self, name: str, verdict: Verdict, said: Said, *, looked: bool = False) -> Step:
        """Return a step that was not begun."""
        return Step(scenario=self.name, step=name, seconds=None, verdict=verdict, said=said, looked=looked)

    def _lacking(self) -> Told | None:
        """Return why there can be no server, for a scenario that is nothing without one."""
        if "image" not in self.needs:
            return None
        try:
            _ = self.offer
        except Told as told:
            return told
        return None

    def _cleaned(self) -> None:
        self.clean()

    def _tried(self, name: str, part: Part) -> tuple[Step, bool]:
        """Do one step; return it and whether what builds on it is lost."""
        start = time.monotonic()
        told: Told | None = None
        said = Said()
        try:
            said = part() or said
        except Told as raised:
            told = raised
        except CLOUD_ERRORS as error:
            told = judged(error)
        took = round(time.monotonic() - start, 2)
        if told is None:
            return Step(scenario=self.name, step=name, seconds=took, verdict=Verdict.CONFORM, said=said), False
        none = told.verdict is Verdict.NOT_APPLICABLE
        done = Step(
            scenario=self.name,
            step=name,
            seconds=None if none else took,
            verdict=told.verdict,
            said=told.said,
            looked=told.looked,
        )
        return done, told.blocks
