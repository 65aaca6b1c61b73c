"""One place where the city is built: which cloud, how large, what it already offers (`environments/<key>.yaml`)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, IPvAnyNetwork

from govcloud.core.model.base import DepartmentKey, Flag, Key, Model, Port, Protocol, Reason, SizeGib, Title
from govcloud.core.model.city import Size
from govcloud.core.model.department import ComputeGroup

# One of three may fail, and two still are more than half; a half of any number decides nothing.
_DECIDING = 3


class VolumeType(Model):
    """A kind of volume, made by the foundation after SCS-0114."""

    title: Title
    extra_specs: dict[str, str] = Field(default_factory=dict)


class Capacity(Model):
    """What the cloud can give to all departments together."""

    vcpus: Annotated[int, Field(ge=1)]
    memory_gib: Annotated[int, Field(ge=1)]
    volume_gib: Annotated[int, Field(ge=1)]


class SharedService(Model):
    """Something that every server may reach: packages, time, logs, names."""

    networks: Annotated[tuple[IPvAnyNetwork, ...], Field(min_length=1)]
    protocol: Protocol
    ports: Annotated[tuple[Port, ...], Field(min_length=1)]
    why: Reason


class Environment(Model):
    """`environments/<key>.yaml`; the file's name is the key."""

    key: DepartmentKey
    title: Title
    disposable: Flag
    """Whether everything may be destroyed at will; elsewhere what holds data is protected."""
    region: str
    external_network: str
    """Name of the network that routers and floating addresses use."""
    operator_public_key: str
    """File with the operator's public key, from the root of the checkout."""
    operator_networks: Annotated[tuple[IPvAnyNetwork, ...], Field(min_length=1)]
    """From where the bastions may be reached."""
    images: dict[Key, str]
    """The cloud's name for each image of the inventory."""
    sizes: dict[Key, Size] = Field(default_factory=dict)
    """Instead of the city's production sizes."""
    left_out: tuple[Key, ...] = ()
    """Systems that are not built here, or not yet; a department whose systems are all left out has nothing here."""
    largest_volume_gib: SizeGib | None = None
    """A limit to every volume, where the city is only rehearsed."""
    fewest_servers: Flag = False
    """Whether tiers shrink where the city is only rehearsed; none is left out."""
    compute_hosts: Annotated[int, Field(ge=1, le=64)] | None = None
    """How many machines servers stand on where the city is only rehearsed; elsewhere there are enough of them."""
    volume_types: dict[Key, VolumeType]
    shared_services: dict[Key, SharedService] = Field(default_factory=dict)
    capacity: Capacity

    def cloud(self, holder: str) -> str:
        """Return the name in clouds.yaml of the administrator's (`admin`) or a department's access."""
        return f"{self.key}-{holder}"

    def servers(self, group: ComputeGroup) -> int:
        """Return how many servers a tier has here: at the fewest three that decide, two that stand apart, or one."""
        fewest = _DECIDING if group.quorum else 2 if group.anti_affinity else 1
        return min(group.count, fewest) if self.fewest_servers else group.count

    def apart(self, group: ComputeGroup) -> Literal["", "anti-affinity", "soft-anti-affinity"]:
        """Return how a tier's servers are kept apart here: as well as it goes where machines are fewer than servers."""
        if not group.anti_affinity:
            return ""
        enough = self.compute_hosts is None or self.servers(group) <= self.compute_hosts
        return "anti-affinity" if enough else "soft-anti-affinity"

    def volume_gib(self, wanted: int) -> int:
        """Return the size that a volume has here."""
        return min(wanted, self.largest_volume_gib or wanted)
