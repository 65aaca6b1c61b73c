"""What an environment makes of a tier: fewer servers where the city is only rehearsed, never fewer than it needs."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from govcloud.core.model.base import Tier
from tests.sample import SAMPLE


class Row(NamedTuple):
    """A tier of production, the machines of a rehearsal, and what comes of it."""

    count: int
    kind: str
    hosts: int | None
    servers: int
    policy: str


@pytest.mark.parametrize(
    "row",
    [
        Row(4, "plain", 2, 1, ""),
        Row(1, "plain", 2, 1, ""),
        Row(4, "apart", 2, 2, "anti-affinity"),
        Row(2, "apart", 1, 2, "soft-anti-affinity"),
        Row(3, "quorum", 2, 3, "soft-anti-affinity"),
        Row(5, "quorum", 3, 3, "anti-affinity"),
        Row(5, "quorum", None, 3, "anti-affinity"),
    ],
)
def test_a_rehearsed_tier_keeps_what_it_needs(row: Row) -> None:
    sample = SAMPLE.departments["approval"].systems["elicence"].compute[Tier.WEB]
    group = sample.model_copy(
        update={"count": row.count, "anti_affinity": row.kind != "plain", "quorum": row.kind == "quorum"}
    )
    lab = SAMPLE.environments["lab"].model_copy(update={"compute_hosts": row.hosts})
    assert (lab.servers(group), lab.apart(group)) == (row.servers, row.policy)
    production = lab.model_copy(update={"fewest_servers": False, "compute_hosts": None})
    assert production.servers(group) == row.count
