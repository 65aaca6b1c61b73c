"""Both sides of the bench get the same: the same resources with the same names, and the same provider."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pulumi
import pytest

from tests import bench_peer
from tests.peer import tools
from tests.peer.measuring import Cost, cost
from tests.peer.program import build, tokens
from tests.peer.topology import hcl, refs, topology
from toolchain.build import PROVIDER_MODULE


class Asked(pulumi.runtime.Mocks):
    """What the program asks for, as (kind, name)."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []
        self.names: list[str] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Note a resource."""
        if args.typ.startswith("openstack:"):
            self.found.append((args.typ, args.name))
            self.names += [args.inputs["name"]] if "name" in args.inputs else []
        return f"{args.name}-id", dict(args.inputs)

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:  # type: ignore[override]
        """Refuse: a question to the cloud would be one that the other side does not ask."""
        raise AssertionError(f"asks the cloud: {args.token}")


_tested: Any = pulumi.runtime.test


@pytest.fixture(scope="module")
def asked() -> Asked:
    mocks = Asked()
    pulumi.runtime.set_mocks(mocks, project="govcloud", stack="bench-peer")
    _tested(build)()
    return mocks


@pytest.fixture(scope="module")
def body() -> dict[str, dict[str, Any]]:
    written: dict[str, dict[str, Any]] = hcl(topology(), "a-cloud")["resource"]
    return written


@pytest.mark.slow
def test_both_forms_have_the_same_resources(asked: Asked, body: dict[str, dict[str, Any]]) -> None:
    names = tokens()
    in_hcl = [(names[kind], key) for kind, some in body.items() for key in some]
    assert Counter(asked.found) == Counter(in_hcl)
    assert 280 <= len(in_hcl) <= 320


@pytest.mark.slow
def test_both_forms_have_the_same_names(asked: Asked, body: dict[str, dict[str, Any]]) -> None:
    in_hcl = [one["name"] for some in body.values() for one in some.values() if "name" in one]
    assert Counter(asked.names) == Counter(in_hcl)


def test_keys_are_unique_and_stand_before_they_are_referred_to() -> None:
    seen: set[str] = set()
    for one in topology():
        assert one.key not in seen
        assert seen.issuperset(refs(one.inputs)), one.key
        seen.add(one.key)


@pytest.mark.slow
def test_a_reference_leads_to_its_resource(body: dict[str, dict[str, Any]]) -> None:
    said = re.findall(r"\$\{(\w+)\.([\w-]+)\.id\}", str(body))
    assert said
    assert all(key in body[kind] for kind, key in said)


def test_the_peer_has_the_provider_that_our_plugin_bridges() -> None:
    wanted = f"{tools.PROVIDER_MODULE} v{tools.PROVIDER_VERSION}"
    assert wanted in (PROVIDER_MODULE / "go.mod").read_text(encoding="utf-8")
    assert wanted in (tools.HERE / "provider" / "go.mod").read_text(encoding="utf-8")
    tofu = (tools.HERE / "opentofu" / "go.mod").read_text(encoding="utf-8")
    assert f"github.com/opentofu/opentofu v{tools.TOFU_VERSION}" in tofu


def test_a_ratio_is_of_medians() -> None:
    ours = [Cost(2.0, 1.0, 10), Cost(9.0, 1.0, 30), Cost(4.0, 1.0, 20)]
    told = bench_peer.summary({"up": {"ours": ours, "tofu": [Cost(8.0, 1.0, 5)] * 3}})
    assert told["up"]["ratio"] == 0.5
    assert told["up"]["goal"] == 1.0
    assert told["up"]["ours"]["peak_mib"] == 20
    assert "0.50" in bench_peer.table(told)


def test_what_a_command_costs_is_its_own() -> None:
    assert cost(lambda: None).processor_seconds < 0.5
