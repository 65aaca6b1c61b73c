"""Units whose preview would say "nothing" again: the same program, the same inventory, the same states.

A preview runs the program and holds what it asks for against the state. Where it has found nothing it finds nothing
again, as long as everything that goes into it is the same. Whether the cloud still is what the state says is another
question, and it is asked each time (`drift`); only both together are "unchanged".
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from govcloud.core import cache
from govcloud.core.files import write_atomically
from govcloud.core.model.environment import Environment
from govcloud.core.model.units import Unit
from govcloud.deploy.pulumi_cli import Pulumi

# What the program is made of and reads, from the root of the checkout.
_READ = ("Pulumi.yaml", "requirements.txt", "toolchain/build.py")
_TREES = (("inventory", "*.yaml"), ("stacks", "*.py"), ("govcloud/core", "*.py"))


def key(pulumi: Pulumi, environment: Environment, unit: Unit) -> str:
    """Name everything that goes into a unit's preview; empty where states stand in a database, or there is none yet."""
    stack = unit.stack(environment.key)
    if pulumi.state_backend or not pulumi.state(stack).is_file():
        return ""
    root = pulumi.workspace.root
    states = [pulumi.state(need) for need in (stack, *(f"{environment.key}-{one}" for one in unit.needs))]
    own = [pulumi.settings(stack), root / environment.operator_public_key]
    files = [*_sources(root), *(file for file in (*states, *own) if file.is_file())]
    return cache.digest(unit.name, *(part for file in files for part in (str(file), file)))


def noted(pulumi: Pulumi, environment: Environment, unit: Unit, name: str) -> bool:
    """Return whether a preview of exactly this has found nothing."""
    file = _file(pulumi, unit.stack(environment.key))
    return bool(name) and file.is_file() and file.read_text(encoding="ascii") == name


def note(pulumi: Pulumi, environment: Environment, unit: Unit, name: str) -> None:
    """Note that a preview of exactly this has found nothing."""
    if name:
        write_atomically(_file(pulumi, unit.stack(environment.key)), name)


def _sources(root: Path) -> Iterator[Path]:
    yield from (root / name for name in _READ)
    for folder, pattern in _TREES:
        yield from sorted((root / folder).rglob(pattern))


def _file(pulumi: Pulumi, stack: str) -> Path:
    return pulumi.workspace.lab / "unchanged" / stack
