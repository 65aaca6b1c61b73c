"""The dated milestones of the city's plan (`milestones.yaml`): what is due, when, and who answers for it."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from govcloud.core.model.base import DepartmentKey, Key, Model, Title

DEPARTMENTS = "departments"
"""The word for all departments, 市政府有关部门."""


class Milestone(Model):
    """One thing that is due on one day."""

    due: date
    responsible: Annotated[tuple[DepartmentKey, ...], Field(min_length=1)]
    """Departments by key, or `departments` for all that the plan calls 市政府有关部门."""
    section: Annotated[str, StringConstraints(pattern=r"^[一二三四五]、（[一二三四五]）([1-9]、)?$")]
    """Where the plan says it."""
    words: Annotated[str, StringConstraints(min_length=4, max_length=120)]
    """What the plan says."""
    systems: tuple[Key, ...] = ()
    """The systems that it is about."""


class Milestones(Model):
    """`milestones.yaml`."""

    plan: Title
    issued: date
    milestones: dict[Key, Milestone]
