"""Which things another department has: out of what its stacks told, or named by the operator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from govcloud.core.errors import GovcloudError
from govcloud.core.language import tr
from govcloud.core.model.outputs import FILE_NAME, UnitOutputs, read
from govcloud.core.workspace import Workspace
from govcloud.verify.function.context import Foreign
from govcloud.verify.function.isolation import KINDS


def named(given: Sequence[str], operator: str) -> list[Foreign]:
    """Read `KIND=ID`; the operator's access is to prove that they are there. A container's id is `project/name`."""
    wrong = [one for one in given if one.partition("=")[0] not in KINDS or not one.partition("=")[2]]
    if wrong:
        raise GovcloudError(
            *(
                tr("--foreign {given}: is not KIND=ID; kinds: {kinds}", given=one, kinds=", ".join(KINDS))
                for one in wrong
            )
        )
    found = []
    for one in given:
        kind, _, ident = one.partition("=")
        project, slash, rest = ident.partition("/")
        in_project = kind == "container" and bool(slash)
        found.append(
            Foreign(
                kind=kind, id=rest if in_project else ident, project=project if in_project else "", witness=operator
            )
        )
    return found


def of_the_city(
    workspace: Workspace, environment: str, cloud: str, operator: str, known: Sequence[str]
) -> list[Foreign]:
    """Return one thing of each kind that other departments of an environment have, if the cloud is one of theirs.

    Its own access proves that a thing is there, where `known`, the names of clouds.yaml, has it.
    """
    folder = workspace.build(environment)
    if not (folder / FILE_NAME).is_file():
        return []
    outputs = read(folder)
    own = {unit.department for unit in outputs.units.values() if f"{environment}-{unit.department}" == cloud}
    if not own:
        return []
    first: dict[str, Foreign] = {}
    projects = {name: ident for unit in outputs.units.values() for name, ident in unit.projects.items()}
    others = [unit for unit in outputs.units.values() if unit.department and unit.department not in own]
    for unit in others:
        access = f"{environment}-{unit.department}"
        witness = access if access in known else operator
        for kind, ident in _things(unit):
            project = projects.get(str(unit.department), "")
            if kind != "container" or project:
                first.setdefault(kind, Foreign(kind=kind, id=ident, project=project, witness=witness))
    return list(first.values())


def _things(unit: UnitOutputs) -> Iterator[tuple[str, str]]:
    """Return what a unit tells of itself, as kind and id."""
    volumes = chain.from_iterable(server.volumes.values() for server in unit.servers.values())
    yield from (("server", server.id) for server in unit.servers.values())
    yield from (("volume", volume.id) for volume in volumes)
    yield from (("network", network.network_id) for network in unit.networks.values())
    yield from (("security group", network.security_group_id) for network in unit.networks.values())
    yield from (("secret", secret.rstrip("/").rpartition("/")[2]) for secret in unit.secrets.values())
    yield from (("container", name) for name in unit.containers.values())
    # Stacks tell a balancer's address only: its owner is asked for the id.
    yield from (("load balancer", "") for _ in unit.load_balancers)


def both(given: Sequence[Foreign], found: Sequence[Foreign]) -> tuple[Foreign, ...]:
    """Join both; what the operator names counts instead of what was found of that kind."""
    kinds = {one.kind for one in given}
    return (*given, *(one for one in found if one.kind not in kinds))
