"""Which kinds of resources a plan may hold at all: what no rule knows is not let through unseen."""

from __future__ import annotations

from collections.abc import Iterator

from compliance.policy.city import City
from compliance.policy.resource import NotApplicable, Resource
from compliance.policy.rule import EVERY_KIND, RULES, rule
from govcloud.core.language import mark, tr

# Reviewed: they open nothing, hold nothing, and say nothing about servers by themselves.
_HARMLESS = frozenset(
    {
        "blockstorage.QosAssociationV3",
        "blockstorage.QosV3",
        "blockstorage.VolumeTypeAccessV3",
        "blockstorage.VolumeTypeV3",
        "compute.Flavor",
        "compute.FlavorAccess",
        "compute.ServerGroup",
        "compute.VolumeAttach",
        "dns.RecordSet",
        "dns.Zone",
        "identity.GroupV3",
        "identity.Role",
        "loadbalancer.Member",
        "loadbalancer.Monitor",
        "networking.AddressScope",
        "networking.QosBandwidthLimitRule",
        "networking.QosDscpMarkingRule",
        "networking.QosMinimumBandwidthRule",
        "networking.QosPolicy",
        "networking.RouterInterface",
        "providers.pulumi",
    }
)


@rule(
    "kind-known",
    mark("A plan holds kinds of resources that have been reviewed"),
    "8.1.10.8 a",
    EVERY_KIND,
    place="",
    fix=mark("take it out, or add the kind to compliance/policy/rules with what must hold for it"),
    alone=True,
)
def known(one: Resource, _: City) -> Iterator[str]:
    """Refuse another provider's resources, and kinds that no rule looks at."""
    if one.type.startswith(("pulumi:pulumi:", "govcloud:")):
        raise NotApplicable(tr("makes nothing in a cloud"))
    looked_at = {kind for each in RULES.values() for kind in each.on}
    if one.kind not in looked_at | _HARMLESS:
        yield tr("is a {kind}, which no rule knows", kind=one.kind)
