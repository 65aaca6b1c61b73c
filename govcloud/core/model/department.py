"""A department with its networks and systems, and a system with its five tiers of service.

Every server's address is known before anything is made: `first_host` is the number of a group's first server in the
department's network of that zone, for IPv4 and IPv6 alike. The upper quarter of a network is left to the cloud's own
ports.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Literal

from pydantic import Field

from govcloud.core.model.base import (
    Contacts,
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
from govcloud.core.model.city import Block

HostNumber = Annotated[int, Field(ge=4, le=4095)]
AsNumber = Annotated[int, Field(ge=1, le=4294967294)]
PUBLIC = "public"


class DepartmentNetwork(Block):
    """What a department has of a zone: one network, IPv4 and IPv6."""

    def ipv4_of(self, host: int) -> IPv4Address:
        """Return the address of a host number."""
        return self.ipv4[host]

    def ipv6_of(self, host: int) -> IPv6Address:
        """Return the address of a host number."""
        return self.ipv6[host]

    @property
    def first_dynamic(self) -> int:
        """The first number that the cloud gives to ports of its own."""
        return self.ipv4.num_addresses * 3 // 4


class Bastion(Model):
    """The one way in for operators."""

    zone: Key
    size: Key
    image: Key
    first_host: HostNumber


class Province(Block):
    """The province's side of the uplink: the networks of which it may announce itself or parts."""

    as_number: AsNumber
    most_networks: Annotated[int, Field(ge=1, le=10000)]
    """A session that brings more of them is ended, and stays so until somebody looks."""


class Uplink(Model):
    """The way to the province's cloud (对上连接): a router with one leg in a zone of the city's, behind a tunnel."""

    zone: Key
    """Where the router stands, and where its tunnel goes out."""
    inside: Key
    """The one zone that it joins with the province."""
    size: Key
    image: Key
    first_host: HostNumber
    """Its number in both networks."""
    as_number: AsNumber
    tunnel: Block
    """The network in the tunnel: its first address is the city's, its second the province's."""
    province: Province


class ComputeGroup(Model):
    """Servers of one tier: alike, interchangeable, kept on different machines."""

    zone: Key
    count: Annotated[int, Field(ge=1, le=64)]
    size: Key
    image: Key
    first_host: HostNumber
    anti_affinity: Flag
    quorum: Flag = False
    """Whether its servers decide by majority: an odd number, of which no environment keeps fewer than three."""


class Backup(Model):
    """What may be lost and for how long it may be away."""

    recovery_point_hours: Annotated[int, Field(ge=1, le=168)]
    recovery_time_hours: Annotated[int, Field(ge=1, le=168)]
    keep_days: Annotated[int, Field(ge=1, le=3650)]


class DataVolume(Model):
    """A volume on each server of a tier."""

    tier: Tier
    size_gib: SizeGib
    type: Key
    mount: Annotated[str, Field(pattern=r"^/[a-z0-9/_-]+$")]
    backup: Backup | None = None


class ObjectContainer(Model):
    """A container for documents.

    Its quota counts objects as they are, not their earlier versions. It keeps a department from filling the store by
    mistake: the department itself may change it, and `govcloud drift` tells of it.
    """

    why: Reason
    quota_gib: Annotated[int, Field(ge=1, le=1024 * 1024)]
    versioned: Flag = True


class Storage(Model):
    """Volumes and containers."""

    volumes: dict[Key, DataVolume] = Field(default_factory=dict)
    containers: dict[Key, ObjectContainer] = Field(default_factory=dict)


class Database(Model):
    """A database that Ansible installs on the servers of a tier; the first is the primary, others are standbys."""

    engine: Literal["postgresql"]
    version: Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?$")]
    tier: Tier
    volume: Key
    port: Port
    secret: Key


class LoadBalancer(Model):
    """A load balancer in front of a tier; passes TCP through and asks each server for its health."""

    tier: Tier
    first_host: HostNumber
    listeners: Annotated[dict[Key, Port], Field(min_length=1)]
    floating_address: Flag = False


class Access(Model):
    """Who may reach a tier. Whatever is not listed is denied."""

    source: Annotated[str, Field(alias="from", pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*(\.[a-z]+)?$", max_length=40)]
    """A tier of the same system, `public`, or `<system>.<tier>` of another one."""
    to: Tier
    protocol: Protocol = Protocol.TCP
    ports: Annotated[tuple[Port, ...], Field(min_length=1)]
    why: Reason

    @property
    def source_system(self) -> str:
        """The other system that it comes from; empty when it is the same, or the public."""
        return self.source.rpartition(".")[0]

    @property
    def source_tier(self) -> str:
        """The tier that it comes from."""
        return self.source.rpartition(".")[2]


class Secret(Model):
    """A secret that is generated, kept in the key manager, and never written down."""

    why: Reason
    length: Annotated[int, Field(ge=24, le=128)] = 32


class Security(Model):
    """Who may reach what, and which secrets there are."""

    access: tuple[Access, ...] = ()
    secrets: dict[Key, Secret] = Field(default_factory=dict)


class Network(Model):
    """What stands in front of the servers."""

    load_balancers: dict[Key, LoadBalancer] = Field(default_factory=dict)


class System(Model):
    """One information system, classified as a whole; `platforms/<key>.yaml` holds one that the city's owner runs."""

    title: Title
    level: Level
    xinchuang: Flag
    """Whether it stands on the domestic stack (信创)."""
    data_classes: Annotated[tuple[Literal["public", "internal", "personal", "certificate"], ...], Field(min_length=1)]
    contacts: Contacts
    compute: Annotated[dict[Tier, ComputeGroup], Field(min_length=1)]
    storage: Storage = Storage()
    database: Database | None = None
    network: Network = Network()
    security: Security = Security()


class Department(Model):
    """`departments/<key>.yaml`; the file's name is the key."""

    key: DepartmentKey
    title: Title
    contacts: Contacts
    networks: dict[Key, DepartmentNetwork] = Field(default_factory=dict)
    """By zone."""
    bastion: Bastion | None = None
    uplink: Uplink | None = None
    systems: dict[Key, System] = Field(default_factory=dict)
