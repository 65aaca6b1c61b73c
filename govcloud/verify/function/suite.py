"""The function test as a whole: looks at what the cloud has, sweeps what was left, runs the scenarios side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

from govcloud.core.errors import Exit
from govcloud.core.language import mark, tr
from govcloud.core.model.results import Verdict
from govcloud.core.progress import Phases
from govcloud.verify.function import offer as offers
from govcloud.verify.function import room
from govcloud.verify.function.balancer import BalancerScenario
from govcloud.verify.function.contents import ObjectScenario, SecretScenario
from govcloud.verify.function.context import Context, Foreign
from govcloud.verify.function.isolation import IsolationScenario
from govcloud.verify.function.marker import Marker
from govcloud.verify.function.offer import Offer
from govcloud.verify.function.quota import QuotaScenario
from govcloud.verify.function.scenario import Scenario
from govcloud.verify.function.server import ServerScenario
from govcloud.verify.function.steps import CLOUD_ERRORS, Said, Step, Told
from govcloud.verify.function.volume import VolumeScenario

SIDE_BY_SIDE = 3
# The longest begin first: the short ones run beside them.
SCENARIOS: dict[str, type[Scenario]] = {
    one.name: one
    for one in (
        BalancerScenario,
        ServerScenario,
        VolumeScenario,
        QuotaScenario,
        IsolationScenario,
        ObjectScenario,
        SecretScenario,
    )
}

Connect = Callable[[str], Any]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the operator asks for."""

    cloud: str
    operator: str = ""
    image: str = ""
    flavor: str = ""
    scenarios: tuple[str, ...] = tuple(SCENARIOS)
    foreign: tuple[Foreign, ...] = ()


@dataclass
class Suite:
    """One run. `connect` opens a cloud of clouds.yaml by its name."""

    connect: Connect
    asked: Asked
    marker: Marker
    offer: Offer | Exception | None = None
    """What the servers were made of, once it is known."""

    def run(self, phases: Phases) -> list[Step]:
        """Run every scenario that was asked for; return the steps in the scenarios' own order."""
        with ExitStack() as held:
            cloud = self._open(held, self.asked.cloud)
            with phases.phase(tr("looking at what there is")):
                context = self._context(held, cloud)

            def one(name: str) -> list[Step]:
                # A connection is not shared: threads would share its tokens, caches and locks.
                with closing(self.connect(self.asked.cloud)) as own, phases.phase(name):
                    return list(self._steps(own, name, context))

            with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="scenario") as pool:
                ran = pool.map(one, [name for name in SCENARIOS if name in self.asked.scenarios])
                return [step for steps in ran for step in steps]

    @property
    def stood_on(self) -> dict[str, str]:
        """Names of image and flavor, for the report."""
        if not isinstance(self.offer, Offer):
            return {"image": "", "flavor": ""}
        return {"image": str(self.offer.image.name), "flavor": str(self.offer.flavor.name)}

    def _open(self, held: ExitStack, name: str) -> Any:
        return held.enter_context(closing(self.connect(name)))

    def _context(self, held: ExitStack, cloud: Any) -> Context:
        """Look at what there is to stand on; why there is nothing is told by the scenarios that need it."""
        offer: Offer | Exception
        free = room.Room(0)
        try:
            offer = offers.choose(cloud, self.asked.image, self.asked.flavor)
            free = room.look(cloud, offer)
        except (Told, *CLOUD_ERRORS) as error:
            offer = error
        self.offer = offer
        witnesses = {one.witness for one in self.asked.foreign if one.witness}
        opened = {name: self._open(held, name) for name in {*witnesses, self.asked.operator} if name}
        return Context(
            marker=self.marker,
            offer=offer,
            room=free,
            operator=opened.get(self.asked.operator),
            foreign=self.asked.foreign,
            witnesses=opened,
        )

    @staticmethod
    def _steps(cloud: Any, name: str, context: Context) -> Iterator[Step]:
        kind = SCENARIOS[name]
        missing = [service for service in kind.needs if not offers.has(cloud, service)]
        if missing:
            said = Said(mark("the cloud has no service {service}"), {"service": ", ".join(missing)})
            for step in kind.steps:
                yield Step(scenario=name, step=step, seconds=None, verdict=Verdict.NOT_APPLICABLE, said=said)
        else:
            yield from kind(cloud, context).run()


def status(steps: list[Step]) -> Exit:
    """Return how the command ends: a look that failed weighs more than what was found."""
    if any(one.looked for one in steps):
        return Exit.COULD_NOT_CHECK
    if any(one.verdict is Verdict.NONCONFORM for one in steps):
        return Exit.FINDINGS
    return Exit.DONE
