"""One department sees nothing of another's: what is there is asked for by its id, in the department's own access.

Like the deny of a path, a refusal counts only where the thing was there at that moment, which somebody who may see it
has to prove. Nothing is asked for but to be shown: where isolation is broken, a change would hit the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

from govcloud.core.language import mark
from govcloud.verify.function.context import Foreign
from govcloud.verify.function.offer import has
from govcloud.verify.function.scenario import Part, Scenario
from govcloud.verify.function.steps import CouldNotLook, Finding, NotApplicable, NotAsked, Said, refused

# kind: service, the SDK's name of it, path
PATHS = {
    "server": ("compute", "compute", "/servers/{id}"),
    "volume": ("block-storage", "block_storage", "/volumes/{id}"),
    "network": ("network", "network", "/networks/{id}"),
    "security group": ("network", "network", "/security-groups/{id}"),
    "load balancer": ("load-balancer", "load_balancer", "/lbaas/loadbalancers/{id}"),
    "secret": ("key-manager", "key_manager", "/secrets/{id}"),
}
CONTAINER = "container"
KINDS = (*PATHS, CONTAINER)
_THERE = range(200, 300)
_HIDDEN = frozenset({403, 404})


@dataclass
class IsolationScenario(Scenario):
    """One thing of each kind that another department has."""

    name: ClassVar[str] = "isolation"
    chained: ClassVar[bool] = False
    makes: ClassVar[bool] = False
    steps: ClassVar[tuple[str, ...]] = KINDS

    def parts(self) -> Sequence[Part]:
        """Return one look for each kind."""
        looks: list[Callable[[], Said | None]] = [partial(self._look, kind) for kind in KINDS]
        return looks

    def _look(self, kind: str) -> Said:
        service = PATHS[kind][0] if kind in PATHS else "object-store"
        if not has(self.cloud, service):
            raise NotApplicable(mark("the cloud has no service {service}"), service=service)
        known = [one for one in self.context.foreign if one.kind == kind]
        if not known:
            raise NotAsked(mark("no id of another department's is known (--foreign KIND=ID)"))
        for foreign in known:
            self._hidden(foreign)
        return Said(mark("{number} asked for, none shown"), {"number": len(known)})

    def _hidden(self, foreign: Foreign) -> None:
        witness = self.context.witnesses.get(foreign.witness)
        if witness is None:
            raise NotAsked(mark("nobody proves that {id} is there (--operator)"), id=foreign.id)
        if not foreign.id:
            foreign = replace(foreign, id=_one_of(witness, foreign.project))
        seen = _ask(witness, foreign)
        if seen not in _THERE:
            raise CouldNotLook(
                mark("{witness} does not see {id} ({status}), so that nothing follows from a refusal"),
                witness=foreign.witness,
                id=foreign.id,
                status=seen,
            )
        status = _ask(self.cloud, foreign)
        if status in _THERE:
            raise Finding(mark("{id} of another department is shown"), id=foreign.id)
        if status not in _HIDDEN:
            raise refused(status, foreign.id)


def _one_of(witness: Any, project: str) -> str:
    """Return the id of a balancer that a project has."""
    listed = witness.load_balancer.get("/lbaas/loadbalancers", params={"project_id": project})
    if listed.status_code not in _THERE:
        raise refused(listed.status_code, listed.text)
    found = listed.json()["loadbalancers"]
    if not found:
        raise NotAsked(mark("no id of another department's is known (--foreign KIND=ID)"))
    return str(found[0]["id"])


def _ask(cloud: Any, foreign: Foreign) -> int:
    """Ask for one thing to be shown; return the status of the answer."""
    if foreign.kind != CONTAINER:
        _, proxy, path = PATHS[foreign.kind]
        return int(getattr(cloud, proxy).get(path.format(id=foreign.id)).status_code)
    # A container is named within its project's account, which is the end of the service's address.
    own = str(cloud.object_store.get_endpoint())
    account = re.sub(rf"{re.escape(str(cloud.current_project_id))}/?$", foreign.project, own)
    return int(cloud.session.get(f"{account}/{foreign.id}", raise_exc=False).status_code)
