"""What the stacks tell everyone else: addresses, names and ids, never a secret. Nothing else leaves the Pulumi program.

Each stack has one export, `govcloud`, of the shape `UnitOutputs`; `govcloud deploy` gathers them into
`build/<environment>/stack_outputs.json`, of the shape `StackOutputs`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.files import write_atomically
from govcloud.core.language import tr
from govcloud.core.model.base import Model

EXPORT = "govcloud"
FILE_NAME = "stack_outputs.json"


class AttachedVolume(Model):
    """A volume as its server sees it."""

    id: str
    device: str
    size_gib: int
    mount: str


class Server(Model):
    """One server that answers SSH."""

    id: str
    ipv4: str
    ipv6: str
    tier: str
    zone: str
    level: int
    system: str | None = None
    floating_address: str | None = None
    volumes: dict[str, AttachedVolume] = Field(default_factory=dict)


class LoadBalancer(Model):
    """Where a tier is reached."""

    address: str
    floating_address: str | None = None
    listeners: dict[str, int]


class Database(Model):
    """Where a database is to be installed, and which secret its password is."""

    engine: str
    version: str
    port: int
    primary: str
    standbys: tuple[str, ...]
    secret_ref: str


class NetworkIds(Model):
    """A department's network of one zone."""

    network_id: str
    ipv4_subnet_id: str
    ipv6_subnet_id: str
    security_group_id: str


class PoolIds(Model):
    """A zone's subnet pools."""

    ipv4: str
    ipv6: str


class BorderRouter(Model):
    """What the border router has to be told; each list holds IPv4 and IPv6."""

    as_number: int
    neighbour_as: int
    addresses: tuple[str, ...]
    """Its own in the tunnel, with their length."""
    neighbours: tuple[str, ...]
    endpoint: str
    shared: tuple[str, ...]
    """The city's networks that the province may reach."""
    inside: tuple[str, ...]
    """Its own addresses in them: the way of their servers to the province."""
    province: tuple[str, ...]
    ports: tuple[int, ...]
    most_networks: int
    key: str
    """File with the private key, from the root of the checkout."""
    neighbour_key: str


class UnitOutputs(Model):
    """The one export of a stack."""

    version: Literal[1] = 1
    unit: str
    kind: str
    department: str | None = None
    system: str | None = None
    servers: dict[str, Server] = Field(default_factory=dict)
    bastion: str | None = None
    key_pair: str | None = None
    load_balancers: dict[str, LoadBalancer] = Field(default_factory=dict)
    databases: dict[str, Database] = Field(default_factory=dict)
    containers: dict[str, str] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict)
    networks: dict[str, NetworkIds] = Field(default_factory=dict)
    projects: dict[str, str] = Field(default_factory=dict)
    subnet_pools: dict[str, PoolIds] = Field(default_factory=dict)
    border_router: BorderRouter | None = None


class StackOutputs(Model):
    """All units of one environment."""

    version: Literal[1] = 1
    environment: str
    units: dict[str, UnitOutputs]

    def write(self, folder: Path) -> None:
        """Write the file, whole or not at all."""
        text = json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False, sort_keys=True)
        write_atomically(folder / FILE_NAME, text + "\n")


def read(folder: Path) -> StackOutputs:
    """Read the file that `govcloud deploy --apply` wrote."""
    file = folder / FILE_NAME
    try:
        return StackOutputs.model_validate_json(file.read_text(encoding="utf-8"))
    except OSError:
        message = tr("{file} is not there. Fix: govcloud deploy --apply", file=file)
        raise GovcloudError(message, status=Exit.COULD_NOT_CHECK) from None
    except ValidationError as error:
        message = tr(
            "{file} is not what this version writes ({number} faults). Fix: govcloud deploy --apply",
            file=file,
            number=error.error_count(),
        )
        raise GovcloudError(message) from None
