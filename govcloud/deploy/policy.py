"""What is planned is judged before any of it is done: all units at once, by the rules that another room brings.

The rules are found by their entry point, as commands are. Judging saved plans here costs a fraction of a second for the
whole city; running the same rules inside each `pulumi` costs more than a second for every unit.
"""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Sequence
from pathlib import Path

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.files import write_atomically
from govcloud.core.language import tr
from govcloud.core.model.environment import Environment
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.units import Unit
from govcloud.deploy.pulumi_cli import Pulumi

_RULES = "govcloud.plan_rules"
_PACK = Path("compliance") / "policy_pack"


def plan_of(folder: Path, unit: Unit) -> Path:
    """Return the file that a unit's plan is saved in."""
    return folder / f"{unit.name}.json"


def judge(
    pulumi: Pulumi, inventory: Inventory, environment: Environment, units: Sequence[Unit], plans: Path
) -> tuple[list[str], list[str]]:
    """Return what breaks a rule in units, and what could not be seen there.

    They are judged by their saved plans; where there is none, because nothing would change, by their states.
    """
    if not units:
        return [], []
    rules = [*importlib.metadata.entry_points(group=_RULES)]
    if not rules:
        message = tr(
            "No rules for plans are installed, and nothing is applied without. Fix: python3 -m toolchain.bootstrap"
        )
        raise GovcloudError(message, status=Exit.COULD_NOT_CHECK)
    states = [_state(pulumi, unit.stack(environment.key), plans) for unit in units]
    saved = [plan for plan in (plan_of(plans, unit) for unit in units) if plan.is_file()]
    files = [*saved, *(state for state in states if state.is_file())]
    broken: list[str] = []
    unseen: list[str] = []
    for one in rules:
        wrong, dark = one.load()(inventory, pulumi.workspace.inventory, files)
        broken += wrong
        unseen += dark
    return broken, unseen


def _state(pulumi: Pulumi, stack: str, folder: Path) -> Path:
    """Return the file with a stack's state, if there is one; out of a database a copy, its secrets still encrypted."""
    if pulumi.state_backend is None:
        return pulumi.state(stack)
    copy, exported = folder / "states" / f"{stack}.json", pulumi.text("stack", "export", "--stack", stack)
    # A stack that has never had a resource exports no list of them, and has nothing to be judged.
    if (json.loads(exported).get("deployment") or {}).get("resources"):
        write_atomically(copy, exported, mode=0o600)
    return copy


def pack(pulumi: Pulumi) -> list[str]:
    """Return the options by which `pulumi` itself judges a unit whose plan could not be saved before."""
    return ["--policy-pack", str(pulumi.workspace.root / _PACK)]
