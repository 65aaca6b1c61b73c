"""A system's unit: its five tiers of service, made with the department's own access."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from govcloud.core.model.base import Tier
from govcloud.core.model.department import ComputeGroup, Department, System
from govcloud.core.model.rules import system_groups
from govcloud.core.model.units import department_of, system_of
from stacks.components.compute import Addresses, ServerNetwork, TierServers, TierServersArgs
from stacks.components.database import DatabaseTier, DatabaseTierArgs
from stacks.components.load_balancer import LoadBalancerArgs, TierLoadBalancer
from stacks.components.security import GeneratedSecret, GeneratedSecretArgs, SecurityGroups, SecurityGroupsArgs
from stacks.components.storage import DocumentStore, DocumentStoreArgs, TierVolumes, TierVolumesArgs
from stacks.context import Context
from stacks.labels import Labels
from stacks.references import UnitReference

Attached = Mapping[str, Mapping[str, pulumi.Input[object]]]


def build(context: Context) -> dict[str, pulumi.Input[object]]:
    """Make all of a system and return its servers, balancers, databases, containers and secrets."""
    return _Builder(context).build()


class _Builder:
    """One run over a system; what is made is gathered in the export."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.department: Department = department_of(context.inventory, context.unit)
        self.system: System = system_of(context.inventory, context.unit)
        self.key = context.unit.system or ""
        self.name = context.unit.name
        self.labels = context.labels()
        self.shared = UnitReference(f"{context.environment.key}-{self.department.key}")
        self.secrets = pulumi.Config("govcloud")
        self.secret_refs: dict[str, pulumi.Output[str]] = {}
        self.servers: dict[str, Any] = {}
        self.ports: dict[str, pulumi.Output[str]] = {}
        self.databases: dict[str, Any] = {}

    def build(self) -> dict[str, pulumi.Input[object]]:
        rules = system_groups(self.context.inventory, self.department, self.key)
        groups = SecurityGroups(
            f"{self.name}-groups",
            SecurityGroupsArgs(
                prefix=self.name,
                groups={tier.value: found for tier, found in rules.items()},
                labels={tier.value: self._labels(tier) for tier in rules},
                others={},
            ),
        )
        for tier, group in self.system.compute.items():
            self._tier(tier, group, groups.ids[tier.value])
        for key in self.system.security.secrets:
            if key not in self.secret_refs:
                self.secret_refs[key] = GeneratedSecret(f"{self.name}-{key}", self._secret(key)).secret_ref
        return {
            "servers": self.servers,
            "databases": self.databases,
            "secrets": dict(self.secret_refs),
            "containers": self._containers(),
            "load_balancers": self._load_balancers(),
        }

    def _tier(self, tier: Tier, group: ComputeGroup, group_id: pulumi.Output[str]) -> None:
        args = self._servers_args(tier, group, group_id)
        database = self.system.database
        if database and database.tier is tier:
            made = DatabaseTier(
                f"{self.name}-{tier}",
                DatabaseTierArgs(
                    servers=args,
                    volume=self._volume_args(database.volume, {}),
                    secret_name=f"{self.name}-{database.secret}",
                    secret=self._secret(database.secret),
                    engine=database.engine,
                    version=database.version,
                    port=database.port,
                ),
                self.context.holds_data(),
            )
            self.secret_refs[database.secret] = made.secret_ref
            self.databases[tier.value] = dict(made.database)
            attached, made_servers = {database.volume: made.attached}, made.servers
        else:
            attached, made_servers = {}, TierServers(f"{self.name}-{tier}", args)
        ids = made_servers.ids
        self.ports.update(made_servers.port_ids)
        for key, volume in self.system.storage.volumes.items():
            if volume.tier is tier and key not in attached:
                volume_args = self._volume_args(key, ids)
                made_volumes = TierVolumes(f"{self.name}-{tier}-{key}", volume_args, self.context.holds_data())
                attached[key] = made_volumes.attached
        self._export_servers(tier, group, args.servers, ids, attached)

    def _export_servers(
        self,
        tier: Tier,
        group: ComputeGroup,
        servers: Mapping[str, Addresses],
        ids: Mapping[str, pulumi.Output[str]],
        attached: Mapping[str, Attached],
    ) -> None:
        for server, addresses in servers.items():
            self.servers[server] = {
                "id": ids[server],
                "ipv4": addresses.ipv4,
                "ipv6": addresses.ipv6,
                "system": self.context.unit.system,
                "tier": tier.value,
                "zone": group.zone,
                "level": self.system.level,
                "volumes": {key: dict(by_server[server]) for key, by_server in attached.items()},
            }

    def _servers_args(self, tier: Tier, group: ComputeGroup, group_id: pulumi.Output[str]) -> TierServersArgs:
        zone = group.zone
        return TierServersArgs(
            servers=self._addresses(tier, group),
            flavor=self.context.flavor(group.size),
            image=self.context.environment.images[group.image],
            key_pair=self.shared.text("key_pair"),
            network=ServerNetwork.of(self.shared, zone),
            security_group_ids=[self.shared.text("networks", zone, "security_group_id"), group_id],
            apart=self.context.environment.apart(group),
            labels=self._labels(tier),
            adopted=self.context.environment.adopted.servers,
        )

    def _addresses(self, tier: Tier, group: ComputeGroup) -> dict[str, Addresses]:
        network = self.department.networks[group.zone]
        return {
            f"{self.name}-{tier}-{number + 1}": Addresses.of(network, group.first_host + number)
            for number in range(self.context.environment.servers(group))
        }

    def _volume_args(self, key: str, server_ids: Mapping[str, pulumi.Output[str]]) -> TierVolumesArgs:
        volume = self.system.storage.volumes[key]
        return TierVolumesArgs(
            server_ids=server_ids,
            key=key,
            size_gib=self.context.environment.volume_gib(volume.size_gib),
            type=self.context.environment.volume_type(volume.type),
            mount=volume.mount,
            labels=self._labels(volume.tier),
            adopted=self.context.environment.adopted.volumes,
        )

    def _containers(self) -> dict[str, pulumi.Output[str]]:
        return {
            key: DocumentStore(
                f"{self.name}-{key}",
                DocumentStoreArgs(
                    quota_gib=container.quota_gib,
                    versioned=container.versioned,
                    removable=self.context.environment.disposable,
                    labels=self.labels.at(tier="storage"),
                ),
                self.context.holds_data(),
            ).container
            for key, container in self.system.storage.containers.items()
        }

    def _load_balancers(self) -> dict[str, Any]:
        exported = {}
        for key, wanted in self.system.network.load_balancers.items():
            group = self.system.compute[wanted.tier]
            made = TierLoadBalancer(
                f"{self.name}-{key}",
                LoadBalancerArgs(
                    listeners=wanted.listeners,
                    members=self._members(wanted.tier, group),
                    subnet_id=self.shared.text("networks", group.zone, "ipv4_subnet_id"),
                    address=str(self.department.networks[group.zone].ipv4_of(wanted.first_host)),
                    external_network=self.context.environment.external_network if wanted.floating_address else None,
                    labels=self._labels(wanted.tier),
                ),
            )
            exported[key] = {
                "address": made.address,
                "floating_address": made.floating_address,
                "listeners": dict(wanted.listeners),
            }
        return exported

    def _members(self, tier: Tier, group: ComputeGroup) -> dict[str, pulumi.Output[str]]:
        # Not before their ports: OVN's balancer looks for each member's port once, when the member is made, and never
        # watches the health of one that it did not find.
        return {
            name: pulumi.Output.all(self.ports[name], one.ipv4).apply(lambda both: str(both[1]))
            for name, one in self._addresses(tier, group).items()
        }

    def _secret(self, key: str) -> GeneratedSecretArgs:
        return GeneratedSecretArgs(value=self.secrets.require_secret(key), labels=self.labels.at(tier="security"))

    def _labels(self, tier: Tier) -> Labels:
        return self.labels.at(tier=tier.value, zone=self.system.compute[tier].zone)
