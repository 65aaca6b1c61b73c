"""What outlives a server: volumes attached to the servers of a tier, containers that keep every version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_openstack as openstack

from govcloud.core.model.environment import AdoptedVolume
from stacks.labels import Labels

_BYTES_OF_A_GIB = 1024**3


@dataclass(frozen=True, kw_only=True)
class TierVolumesArgs:
    """One volume for each server, by the server's name."""

    server_ids: Mapping[str, pulumi.Input[str]]
    key: str
    size_gib: int
    type: str
    mount: str
    labels: Labels
    adopted: Mapping[str, AdoptedVolume] = field(default_factory=dict)
    """What volumes that were there before are made as, by name."""


class TierVolumes(pulumi.ComponentResource):
    """The volumes of one purpose, attached."""

    attached: Mapping[str, Mapping[str, pulumi.Input[object]]]
    """By server, of the shape `AttachedVolume`."""

    def __init__(self, name: str, args: TierVolumesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("govcloud:storage:TierVolumes", name, None, opts)
        ours = pulumi.ResourceOptions(parent=self)
        self.attached = {}
        for server, server_id in args.server_ids.items():
            volume_name = f"{server}-{args.key}"
            before_us = args.adopted.get(volume_name, AdoptedVolume())
            size = before_us.size_gib or args.size_gib
            volume = openstack.blockstorage.Volume(
                volume_name,
                name=volume_name,
                size=size,
                volume_type=before_us.type or args.type,
                metadata=args.labels.as_metadata(),
                opts=ours,
            )
            attachment = openstack.compute.VolumeAttach(
                volume_name, instance_id=server_id, volume_id=volume.id, opts=ours
            )
            self.attached[server] = {
                "id": volume.id,
                "device": attachment.device,
                "size_gib": size,
                "mount": args.mount,
            }
        self.register_outputs({})


@dataclass(frozen=True, kw_only=True)
class DocumentStoreArgs:
    """A container that takes `quota_gib` and no more; `removable` lets it go with its contents.

    Swift refuses to remove a container while earlier versions of its objects are there, whatever is asked.
    """

    quota_gib: int
    versioned: bool
    removable: bool
    labels: Labels


class DocumentStore(pulumi.ComponentResource):
    """A container for documents that only its department reads."""

    container: pulumi.Output[str]

    def __init__(self, name: str, args: DocumentStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("govcloud:storage:DocumentStore", name, None, opts)
        made = openstack.objectstorage.Container(
            name,
            name=name,
            versioning=args.versioned,
            force_destroy=args.removable,
            metadata={**args.labels.as_metadata(), "quota-bytes": str(args.quota_gib * _BYTES_OF_A_GIB)},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.container = made.name
        self.register_outputs({"container": self.container})
