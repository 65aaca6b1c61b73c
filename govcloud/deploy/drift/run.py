"""One look at the cloud of an environment, compared with the states of its units."""

from __future__ import annotations

import time
from collections.abc import Sequence

from govcloud.core.audit import Archive
from govcloud.core.model.environment import Environment
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.units import Unit, units
from govcloud.deploy.drift.compare import Report, compare, told_by_whom
from govcloud.deploy.drift.look import Looker
from govcloud.deploy.drift.states import projects_of, read
from govcloud.deploy.pulumi_cli import Pulumi


def look(pulumi: Pulumi, inventory: Inventory, environment: Environment, wanted: Sequence[Unit]) -> Report:
    """Return what differs in the wanted units, and what no unit's state knows.

    All states are read, whichever units are wanted: what another one knows is not unmanaged. Where some are wanted and
    not all, of the unmanaged things those are told whose label names a wanted unit.
    """
    begun = time.monotonic()
    everything = units(inventory, environment)
    known = [one for state in read(pulumi, environment, everything.values()).values() for one in state.resources]
    picture = Looker(pulumi.workspace, environment, known).look()
    report = compare(known, picture, environment)
    if report.found and environment.audit_logs:
        archive = Archive(pulumi.workspace, environment, projects_of(known))
        archive.gather()
        report = told_by_whom(report, [one for chain in archive.chains() for one in chain.records])
    names = {unit.name for unit in wanted}
    if names != set(everything):
        report = report.model_copy(
            update={
                "unmanaged": tuple(one for one in report.unmanaged if one.unit in names),
                "missing": tuple(one for one in report.missing if one.unit in names),
                "changed": tuple(one for one in report.changed if one.unit in names),
            }
        )
    return report.model_copy(update={"seconds": round(time.monotonic() - begun, 2)})
