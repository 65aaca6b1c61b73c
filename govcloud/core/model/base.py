"""What all models share: nothing unknown is accepted, nothing changes after loading, names fit every service.

A name of the inventory becomes part of host names, stack names and resource names, so it holds small letters, digits
and single hyphens only. A department's name holds no hyphen: `<department>-<system>` must have one reading.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class Model(BaseModel):
    """A part of the inventory."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


KEY = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
Key = Annotated[str, StringConstraints(pattern=KEY, max_length=24)]
DepartmentKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*$", max_length=16)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True)]
Reason = Annotated[str, StringConstraints(min_length=4, max_length=200)]
Clause = Annotated[str, StringConstraints(pattern=r"^8\.[12]\.[1-9][0-9]?\.[0-9]{1,2}( [a-z])?$")]
Role = Annotated[str, StringConstraints(min_length=2, max_length=30, pattern=r"^[^0-9@]+$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Level = Annotated[int, Field(ge=2, le=3)]
Flag = Annotated[bool, Field(strict=True)]
"""True or false; `no` is text, and text is refused."""
SizeGib = Annotated[int, Field(ge=1, le=65536)]


class Tier(StrEnum):
    """The tiers that a system's servers form."""

    WEB = "web"
    APPLICATION = "application"
    DATABASE = "database"


class Protocol(StrEnum):
    """What a flow may carry."""

    TCP = "tcp"
    UDP = "udp"


class Contacts(Model):
    """Who answers for it, as the plan asks (section 4.2). Role words only: a name or a number never stands in git."""

    leader: Role
    """The 主管领导."""
    staff: Annotated[tuple[Role, ...], Field(min_length=1, max_length=2)]
    """One or two members of staff."""
