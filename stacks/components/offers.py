"""What the platform offers to all: flavors (SCS-0100, SCS-0103), volume types (SCS-0114), address pools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

import pulumi
import pulumi_openstack as openstack

from govcloud.core.model.city import Block, Size
from govcloud.core.model.environment import VolumeType
from stacks.labels import Labels


@dataclass(frozen=True, kw_only=True)
class OffersArgs:
    """Sizes and volume types by the inventory's words."""

    sizes: Mapping[str, Size]
    volume_types: Mapping[str, VolumeType]


class Offers(pulumi.ComponentResource):
    """Flavors and volume types."""

    def __init__(self, name: str, args: OffersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("govcloud:tenancy:Offers", name, None, opts)
        ours = pulumi.ResourceOptions(parent=self)
        # Two sizes may come down to one flavor where the city is only rehearsed.
        for flavor, size in {size.flavor: size for size in args.sizes.values()}.items():
            openstack.compute.Flavor(
                flavor,
                name=flavor,
                vcpus=size.vcpus,
                ram=size.memory_mib,
                disk=size.disk_gib,
                is_public=True,
                extra_specs=_flavor_specs(flavor),
                opts=ours,
            )
        for key, kind in args.volume_types.items():
            openstack.blockstorage.VolumeTypeV3(
                key,
                name=key,
                description=_volume_description(kind),
                is_public=True,
                extra_specs=kind.extra_specs,
                opts=ours,
            )
        self.register_outputs({})


def _flavor_specs(flavor: str) -> dict[str, str]:
    """Return the names of a flavor under both versions of the standard; its vCPUs are shared."""
    kind, cpus, *rest = flavor.split("-")
    return {
        "scs:name-v1": ":".join((f"{kind}-{cpus}", *rest)),
        "scs:name-v2": flavor,
        "scs:cpu-type": "shared-core",
    }


def _volume_description(kind: VolumeType) -> str:
    """Return a volume type's description, which begins with what the type fulfils, as SCS-0114 has it."""
    aspects = ", ".join(key for key, value in sorted(kind.extra_specs.items()) if key[:4] == "scs:" and value == "true")
    return f"[{aspects}] {kind.title}" if aspects else kind.title


@dataclass(frozen=True, kw_only=True)
class ZonePoolsArgs:
    """Blocks by zone."""

    blocks: Mapping[str, Block]
    labels: Labels


class ZonePools(pulumi.ComponentResource):
    """The address plan inside neutron, which then refuses what lies outside of it or overlaps."""

    ids: Mapping[str, Mapping[str, pulumi.Output[str]]]

    def __init__(self, name: str, args: ZonePoolsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("govcloud:network:ZonePools", name, None, opts)
        self._ours = pulumi.ResourceOptions(parent=self)
        self.ids = {
            zone: {
                "ipv4": self._pool(f"{zone}-ipv4", block.ipv4, 24, args.labels.at(tier="network", zone=zone)),
                "ipv6": self._pool(f"{zone}-ipv6", block.ipv6, 64, args.labels.at(tier="network", zone=zone)),
            }
            for zone, block in args.blocks.items()
        }
        self.register_outputs({})

    def _pool(self, name: str, block: IPv4Network | IPv6Network, usual: int, labels: Labels) -> pulumi.Output[str]:
        return openstack.networking.SubnetPool(
            name,
            name=name,
            prefixes=[str(block)],
            default_prefixlen=usual,
            min_prefixlen=block.prefixlen,
            max_prefixlen=28 if block.version == 4 else 64,  # noqa: PLR2004 - the family's own number
            shared=True,
            tags=labels.as_tags(),
            opts=self._ours,
        ).id
