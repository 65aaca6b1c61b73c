"""The city as a whole: who it is, its zones with the flows between them, its address plan."""

from __future__ import annotations

from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated

from pydantic import Field

from govcloud.core.model.base import (
    Clause,
    DepartmentKey,
    Flag,
    Key,
    Level,
    Model,
    Port,
    Protocol,
    Reason,
    SizeGib,
    Tier,
    Title,
)


class Size(Model):
    """What one server gets."""

    vcpus: Annotated[int, Field(ge=1, le=128)]
    memory_gib: Annotated[Decimal, Field(ge=Decimal("0.5"), le=2048, multiple_of=Decimal("0.5"))]
    disk_gib: SizeGib

    @property
    def flavor(self) -> str:
        """The flavor's name after SCS-0100: vCPUs, memory, root disk."""
        memory = f"{self.memory_gib:.1f}".removesuffix(".0")
        return f"SCS-{self.vcpus}V-{memory}-{self.disk_gib}"

    @property
    def memory_mib(self) -> int:
        """Memory as nova counts it."""
        return int(self.memory_gib * 1024)


class City(Model):
    """`city.yaml`: the platform and its common measures."""

    key: Key
    title: Title
    owner: DepartmentKey
    """The department that runs the platform and owns what is shared."""
    level: Level
    """The level of the platform itself; it carries no system above it (8.2.2.1 a)."""
    headroom_percent: Annotated[int, Field(ge=0, le=100)]
    """What a department's quota has beyond what its inventory needs."""
    sizes: dict[Key, Size]
    """Production sizes; an environment may give smaller ones under the same names."""


class ZoneFlow(Model):
    """One permission to pass from a zone to another."""

    to: Key
    protocol: Protocol = Protocol.TCP
    ports: Annotated[tuple[Port, ...], Field(min_length=1)]
    why: Reason
    clause: Clause


class Zone(Model):
    """A word of the dictionary of zones. Whatever its flows do not list is denied."""

    title: Title
    level: Level
    """The highest level of a system that may stand here."""
    tiers: tuple[Tier, ...] = ()
    """The tiers that may stand here."""
    public: Flag = False
    """Whether it may be reached from outside the city, through a load balancer only."""
    flows: tuple[ZoneFlow, ...] = ()


class Zones(Model):
    """`zones.yaml`."""

    zones: dict[Key, Zone]


class Block(Model):
    """One IPv4 and one IPv6 range."""

    ipv4: IPv4Network
    ipv6: IPv6Network

    def of(self, version: int) -> IPv4Network | IPv6Network:
        """Return the range of one version of IP."""
        return self.ipv4 if version == 4 else self.ipv6  # noqa: PLR2004 - the version's own number

    def holds(self, network: IPv4Network | IPv6Network) -> bool:
        """Tell whether a network lies in the range of its version."""
        if isinstance(network, IPv4Network):
            return network.subnet_of(self.ipv4)
        return network.subnet_of(self.ipv6)


class AddressPlan(Model):
    """`address_plan.yaml`: the city's ranges and what each zone has of them."""

    city: Block
    zones: dict[Key, Block]
