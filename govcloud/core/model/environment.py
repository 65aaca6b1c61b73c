"""One place where the city is built: which cloud, how large, what it already offers (`environments/<key>.yaml`)."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, IPvAnyNetwork
from pydantic_core import PydanticCustomError

from govcloud.core.model.base import DepartmentKey, Flag, Key, Model, Port, Protocol, Reason, SizeGib, Title
from govcloud.core.model.city import Size
from govcloud.core.model.department import ComputeGroup
from govcloud.core.model.tenancy import Tenancy

# One of three may fail, and two still are more than half; a half of any number decides nothing.
_DECIDING = 3


class VolumeType(Model):
    """A kind of volume, made by the foundation after SCS-0114."""

    title: Title
    extra_specs: dict[str, str] = Field(default_factory=dict)


def _split(endpoint: str) -> tuple[IPv4Address | IPv6Address, int]:
    """Read an address and a port; raise ValueError where there are none."""
    address, _, port = endpoint.rpartition(":")
    bracketed = address.startswith("[") and address.endswith("]")
    found = IPv6Address(address[1:-1]) if bracketed else IPv4Address(address)
    if not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise ValueError(endpoint)
    return found, int(port)


def _address_and_port(text: str) -> str:
    try:
        _split(text)
    except ValueError:
        raise PydanticCustomError("endpoint", "not an address with a port") from None
    return text


class Capacity(Model):
    """What the cloud can give to all departments together."""

    vcpus: Annotated[int, Field(ge=1)]
    memory_gib: Annotated[int, Field(ge=1)]
    volume_gib: Annotated[int, Field(ge=1)]


class Witness(Model):
    """A service of the province's that answers everybody who is let through: by it a way there is proven."""

    ipv4: IPv4Address
    ipv6: IPv6Address
    port: Port


class UplinkAccess(Model):
    """What the city and the province agreed on for their tunnel here."""

    endpoint: Annotated[str, AfterValidator(_address_and_port)]
    """Where the province's end of the tunnel is reached."""
    neighbour_key: str
    """File with the public key of the province's end, from the root of the checkout."""
    key: str
    """File with the private key of the city's end, likewise."""
    witness: Witness | None = None

    @property
    def address(self) -> IPv4Address | IPv6Address:
        """The address of the province's end."""
        return _split(self.endpoint)[0]

    @property
    def port(self) -> int:
        """The UDP port of the province's end."""
        return _split(self.endpoint)[1]


class Whitelist(Model):
    """What stands in the cloud beside the states and is meant to; of everything else `govcloud drift` tells."""

    projects: tuple[str, ...] = ()
    """Projects of whoever runs the cloud."""
    users: tuple[str, ...] = ()
    """Users of whoever runs the cloud, its services' own among them; any role of theirs is all right."""


class SharedService(Model):
    """Something that every server may reach: packages, time, logs, names."""

    networks: Annotated[tuple[IPvAnyNetwork, ...], Field(min_length=1)]
    protocol: Protocol
    ports: Annotated[tuple[Port, ...], Field(min_length=1)]
    why: Reason


_OPTION = r"(sslmode|sslrootcert|table|connect_timeout)=[^&@\s]+"
_BACKEND = re.compile(rf"postgres://([a-z0-9_.-]+@)?[A-Za-z0-9_.:\[\]-]+/[a-z0-9_-]+(\?{_OPTION}(&{_OPTION})*)?")


def _without_password(address: str) -> str:
    if not _BACKEND.fullmatch(address):
        raise PydanticCustomError("state_backend", "not an address of a database")
    return address


StateBackend = Annotated[str, AfterValidator(_without_password)]


class AdoptedServer(Model):
    """What a server was made of before it was ours, where that cannot be changed in place."""

    image: str | None = None
    flavor: str | None = None
    key_pair: str | None = None


class AdoptedVolume(Model):
    """What a volume was made as before it was ours."""

    size_gib: SizeGib | None = None
    type: str | None = None


class Adopted(Model):
    """What stood in the cloud before, by our names; `govcloud adopt` writes it."""

    networks: dict[str, str] = Field(default_factory=dict)
    """The names that networks keep: nova goes on telling a server's network by the name that it had."""
    servers: dict[str, AdoptedServer] = Field(default_factory=dict)
    volumes: dict[str, AdoptedVolume] = Field(default_factory=dict)


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
    state_backend: StateBackend | None = None
    """PostgreSQL database that keeps the stacks' states, without a password; if absent, a folder of the checkout."""
    access: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    """The operator's own access in clouds.yaml, if it is not `<environment>-admin`; `--cloud` names another."""
    whitelist: Whitelist = Whitelist()
    uplink: UplinkAccess | None = None
    """The way to the province's cloud; without it no border router is built."""
    audit_logs: tuple[str, ...] = ()
    """Files with the services' audit records (CADF), as patterns from the root of the checkout."""
    tenancy: Tenancy | None = None
    """What the provider gives, where nobody of the city administers the cloud."""
    adopted: Adopted = Adopted()

    def cloud(self, holder: str) -> str:
        """Return the name in clouds.yaml of the operator's own (`admin`) or a department's access."""
        return self.access if holder == "admin" and self.access else f"{self.key}-{holder}"

    def has(self, department: str) -> bool:
        """Tell whether a department has a project here: everybody, where they are made, else who was given one."""
        return self.tenancy is None or department in self.tenancy.projects

    def flavor(self, key: str, size: Size) -> str:
        """Return the cloud's name for a size: its standard name, unless the provider calls it otherwise."""
        return self.tenancy.flavors.get(key, size.flavor) if self.tenancy else size.flavor

    def volume_type(self, key: str) -> str:
        """Return the cloud's name for a volume type: our own, unless the provider calls it otherwise."""
        return self.tenancy.volume_types.get(key, key) if self.tenancy else key

    def volume_type_called(self, name: str) -> VolumeType | None:
        """Return the volume type that the cloud knows by a name."""
        return next((kind for key, kind in self.volume_types.items() if self.volume_type(key) == name), None)

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
