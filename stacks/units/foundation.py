"""The foundation: what the administrator makes once for all departments."""

from __future__ import annotations

import pulumi

from govcloud.core.model.quotas import department_quota
from stacks.components.offers import Offers, OffersArgs, ZonePools, ZonePoolsArgs
from stacks.components.tenancy import DepartmentProject, DepartmentProjectArgs
from stacks.context import Context


def build(context: Context) -> dict[str, pulumi.Input[object]]:
    """Make offers, address pools and projects."""
    inventory, environment = context.inventory, context.environment
    Offers(
        "offers",
        OffersArgs(sizes=inventory.sizes(environment), volume_types=environment.volume_types),
    )
    pools = ZonePools("zones", ZonePoolsArgs(blocks=inventory.plan.zones, labels=context.labels()))
    projects: dict[str, DepartmentProject] = {}
    for key, department in inventory.departments.items():
        if department.networks:
            last = next(reversed(projects.values()), None)
            projects[key] = DepartmentProject(
                key,
                DepartmentProjectArgs(
                    title=department.title,
                    quota=department_quota(inventory, environment, department),
                    labels=context.labels().at(owner=key),
                    balancers_after=last.balancers if last else None,
                ),
            )
    return {
        "projects": {key: project.project_id for key, project in projects.items()},
        "subnet_pools": {zone: dict(ids) for zone, ids in pools.ids.items()},
    }
