"""What a provider gives where nobody of the city administers the cloud: projects, networks, flavors, volume types.

Nothing that needs an administrator is made there: there is no foundation, and what it would make is looked up by the
names that stand here.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from govcloud.core.model.base import DepartmentKey, Key, Model

Name = Annotated[str, Field(min_length=1, max_length=255)]


class GivenProject(Model):
    """A project that was made for a department."""

    project: Name
    networks: dict[Key, Name] = Field(default_factory=dict)
    """By zone, where they were made and joined by a router too; without any the department makes its own."""


class Tenancy(Model):
    """What is given, by its name in the cloud."""

    projects: Annotated[dict[DepartmentKey, GivenProject], Field(min_length=1)]
    """By department; who has none has nothing here."""
    flavors: dict[Key, Name] = Field(default_factory=dict)
    """By size; what is not listed has its standard name (SCS-0100)."""
    volume_types: dict[Key, Name] = Field(default_factory=dict)
    """By volume type; what is not listed has our name."""
