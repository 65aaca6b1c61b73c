"""All rules, by theme. Importing this package registers them."""

from compliance.policy.rules import (
    balancers,
    data,
    exposure,
    groups,
    identity,
    kinds,
    labels,
    levels,
    operation,
    servers,
    zones,
)

__all__ = [
    "balancers",
    "data",
    "exposure",
    "groups",
    "identity",
    "kinds",
    "labels",
    "levels",
    "operation",
    "servers",
    "zones",
]
