"""A database as far as Pulumi goes: its servers, a volume of its own on each, the secret of its account.

The engine is Ansible's. The first server is the primary, the others follow it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pulumi

from stacks.components.compute import TierServers, TierServersArgs
from stacks.components.security import GeneratedSecret, GeneratedSecretArgs
from stacks.components.storage import TierVolumes, TierVolumesArgs


@dataclass(frozen=True, kw_only=True)
class DatabaseTierArgs:
    """Servers, one volume for each (`server_ids` is filled in here), and the secret."""

    servers: TierServersArgs
    volume: TierVolumesArgs
    secret_name: str
    secret: GeneratedSecretArgs
    engine: str
    version: str
    port: int


class DatabaseTier(pulumi.ComponentResource):
    """Servers that a database is to be installed on."""

    servers: TierServers
    attached: Mapping[str, Mapping[str, pulumi.Input[object]]]
    database: Mapping[str, pulumi.Input[object]]
    """Of the shape `Database`."""
    secret_ref: pulumi.Output[str]

    def __init__(self, name: str, args: DatabaseTierArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("govcloud:database:DatabaseTier", name, None, opts)
        ours = pulumi.ResourceOptions(parent=self)
        self.servers = TierServers(name, args.servers, ours)
        volume = replace(args.volume, server_ids=self.servers.ids)
        self.attached = TierVolumes(f"{name}-{volume.key}", volume, ours).attached
        self.secret_ref = GeneratedSecret(args.secret_name, args.secret, ours).secret_ref
        names = list(args.servers.servers)
        self.database = {
            "engine": args.engine,
            "version": args.version,
            "port": args.port,
            "primary": names[0],
            "standbys": names[1:],
            "secret_ref": self.secret_ref,
        }
        self.register_outputs({"secret_ref": self.secret_ref})
