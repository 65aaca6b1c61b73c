"""Every rule of the inventory, each broken once: the fault names the place, the clause and the way out."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from govcloud.core.errors import GovcloudError
from govcloud.core.model.inventory import examine, load
from govcloud.core.workspace import Workspace
from tests.inventory.conftest import Spoil

A = "departments/approval"
Case = tuple[str, str, str, str, str]
CASES: list[Case] = [
    # file, text, instead, subject, words of the message
    (A, "level: 3", "level: 4", "systems.elicence.level", "must be 3 or less, not 4"),
    (A, "level: 3", "level: three", "systems.elicence.level", "must be a whole number"),
    (A, "    level: 3\n", "", "systems.elicence.level", "is missing"),
    (A, "    level: 3\n", "    levle: 3\n", "systems.elicence.levle", "did you mean `level`?"),
    (A, "title: 市行政审批局", "title: 市行政审批局\ntitle: 又一个", "title", "is given twice, first in line 3"),
    (A, "leader: 主管领导, staff: [业务", "leader: 13800000000, staff: [业务", "contacts.leader", "must be text"),
    (A, "count: 2, size: small", "count: 1, size: small", "systems.elicence.compute.web.count", "8.1.2.1 e"),
    (
        A,
        "20, anti_affinity: true",
        "20, anti_affinity: false",
        "systems.elicence.compute.web.anti_affinity",
        "8.1.2.1 e",
    ),
    (A, "database: {zone: data", "database: {zone: internet", "systems.elicence.compute.database.zone", "8.1.2.1 d"),
    (A, "web: {zone: internet", "web: {zone: uplink", "systems.elicence.compute.web.zone", "no network in uplink"),
    (A, "size: medium", "size: huge", "systems.elicence.compute.application.size", "one of: small, medium, large"),
    (
        A,
        "{zone: extranet, count: 2, size: medium, image: hardened, first_host: 20",
        "{zone: extranet, count: 2, size: medium, image: hardened, first_host: 191",
        "systems.elicence.compute.application.first_host",
        "192 is in the part",
    ),
    (
        A,
        "front: {tier: web, first_host: 10",
        "front: {tier: web, first_host: 21",
        "systems.elicence.network.load_balancers.front.first_host",
        "21 to 21 overlaps 20 to 21",
    ),
    (
        A,
        "{from: application, to: database, ports: [5432]",
        "{from: web, to: database, ports: [5432]",
        "systems.elicence.security.access.2.ports",
        "from internet to data is not listed (8.1.3.2 a)",
    ),
    (
        A,
        "{from: web, to: application, ports: [8080]",
        "{from: web, to: application, ports: [8080, 9]",
        "systems.elicence.security.access.1.ports",
        "tcp 9 from internet to extranet",
    ),
    (
        A,
        "{from: public, to: web",
        "{from: public, to: application",
        "systems.elicence.security.access.0.from",
        "extranet is not reached from outside (8.1.3.1 a)",
    ),
    (
        A,
        "{from: web, to: application",
        "{from: cache, to: application",
        "systems.elicence.security.access.1.from",
        "has no cache tier",
    ),
    (
        A,
        "10.17.1.0/24",
        "10.18.1.0/24",
        "networks.extranet.ipv4",
        "10.18.1.0/24 is not inside 10.17.0.0/16 (8.1.2.1 c)",
    ),
    (A, "10.17.1.0/24", "10.17.1.1/24", "networks.extranet.ipv4", "must be an IPv4 network"),
    (A, '"fd00:1301:2:1::/64"', '"fd00:1301:2:1::/80"', "networks.extranet.ipv6", "is not a /64"),
    (A, "  extranet: {ipv4", "  elsewhere: {ipv4", "networks.elsewhere", "is not a zone"),
    (A, "bastion: {zone: management", "bastion: {zone: exchange", "bastion.zone", "no network in exchange"),
    (A, "bastion: {", "# bastion: {", "", "has systems but no bastion (8.1.5.4 b)"),
    (A, "volume: database, port", "volume: documents, port", "systems.elicence.database.volume", "has no such volume"),
    (
        A,
        "          backup: {recovery_point_hours: 1, recovery_time_hours: 4, keep_days: 180}\n",
        "",
        "systems.elicence.database.volume",
        "has no backup (8.1.4.9 a)",
    ),
    (
        A,
        "secret: database-password",
        "secret: other",
        "systems.elicence.database.secret",
        "is not a secret of the system",
    ),
    (
        "zones",
        "{to: exchange, ports: [8443], why: data of",
        "{to: market, ports: [8443], why: data of",
        "zones.extranet.flows.1.to",
        "market is not another zone",
    ),
    ("zones", "tiers: [web]", "tiers: [web, database]", "zones.internet.tiers", "8.1.2.1 d"),
    (
        "zones",
        "    level: 3\n    tiers: [database]",
        "    level: 2\n    tiers: [database]",
        "",
        "level 3 may not stand in data, which is fit for level 2 (8.2.2.1 a)",
    ),
    ("zones", "  uplink:\n", "  upward:\n", "zones.upward", "has no addresses"),
    ("address_plan", "10.17.0.0/16", "10.16.0.0/15", "zones.internet.ipv4", "overlaps"),
    ("address_plan", "10.21.0.0/16", "10.99.0.0/16", "zones.uplink.ipv4", "is not inside 10.16.0.0/12"),
    ("city", "owner: bureau", "owner: nobody", "owner", "has no file"),
    ("city", "level: 3", "level: 2", "", "above the platform's 2 (8.2.2.1 a)"),
    ("environments/lab", "hardened: debian-12-hardened, ", "", "images", "has no hardened"),
    ("environments/lab", "vcpus: 96", "vcpus: 8", "capacity.vcpus", "there are 8 (8.1.2.1 a)"),
    ("environments/lab", "  small:", "  tiny:", "sizes.tiny", "is not a size of the city"),
    ("environments/lab", "title: 实验环境", "title: 实验环境\nkey: lab", "key", "the file's name says it"),
]


def test_the_sample_has_no_fault() -> None:
    assert examine(Workspace.here().inventory)[1] == []


@pytest.mark.parametrize("case", CASES, ids=[f"{one[3]}-{one[4][:20]}" for one in CASES])
def test_a_fault_is_told(spoil: Spoil, case: Case) -> None:
    name, old, new, subject, words = case
    faults = spoil(name, old, new)
    told = [fault for fault in faults if words in str(fault) and (not subject or fault.subject == subject)]
    assert told, [str(fault) for fault in faults]


def test_the_place_is_that_of_the_value(spoil: Spoil) -> None:
    fault = spoil(A, "size: medium", "size: huge")[0]
    line = (Workspace.here().inventory / f"{A}.yaml").read_text(encoding="utf-8").splitlines()[fault.line - 1]
    assert line[fault.column - 1 :].startswith("medium")


def test_faults_of_all_files_are_told_at_once(spoil: Spoil, inventory: Path) -> None:
    spoil("zones", "tiers: [web]", "tiers: [web, database]")
    spoil("city", "owner: bureau", "owner: nobody")
    faults = spoil(A, "size: medium", "size: huge")
    assert {Path(fault.file).stem for fault in faults} == {"zones", "city", "approval"}
    with pytest.raises(GovcloudError) as caught:
        load(inventory)
    assert len(caught.value.messages) == len(faults)


def test_a_missing_file_is_a_fault(inventory: Path) -> None:
    (inventory / "zones.yaml").unlink()
    assert [str(fault) for fault in examine(inventory)[1]] == [
        "inventory/zones.yaml:1:1: cannot be read: No such file or directory"
    ]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(["city", "zones", "address_plan", A, "environments/lab"]), seed=st.integers(0, 2**32))
def test_no_mutation_of_a_file_raises(inventory: Path, name: str, seed: int) -> None:
    file = inventory / f"{name}.yaml"
    original = file.read_bytes()
    try:
        file.write_bytes(_mutated(original, random.Random(seed)))  # noqa: S311 - the seed makes a failure repeatable
        for fault in examine(inventory)[1]:
            assert re.match(r"inventory/[a-z_/]+\.yaml:\d+:\d+: ", str(fault))
    finally:
        file.write_bytes(original)


def _mutated(data: bytes, chance: random.Random) -> bytes:
    """Spoil a file as people and disks do: words swapped, cut, repeated, lines moved, bytes lost."""
    words = re.split(rb"(\s+|[{}\[\],:])", data)
    for _ in range(chance.randint(1, 4)):
        here, there = chance.randrange(len(words)), chance.randrange(len(words))
        match chance.randrange(6):
            case 0:
                words[here], words[there] = words[there], words[here]
            case 1:
                words[here] = chance.choice(
                    [b"", b"-1", b"null", b"[]", b"{}", b"0.5", b"true", b'"', b"&a", b"*a", b"\xff"]
                )
            case 2:
                words[here:here] = words[there : there + 8]
            case 3:
                del words[here : here + chance.randint(1, 12)]
            case 4:
                words[here] = words[there]
            case _:
                words[here] = bytes(chance.randrange(256) for _ in range(3))
    return b"".join(words)
