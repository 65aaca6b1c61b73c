"""Whatever the cloud answers and whenever a command is killed: nothing is made twice, and running it again is enough.

The cloud is the tests' city; its answers come through a proxy that spoils some. A seed says which and how. And one kind
of answer that nothing spoils: to a unit that reaches for what is another department's.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from queue import SimpleQueue

import openstack.connection
import pytest

from tests.conftest import TEST_CITY, City
from tests.deploy.fault_proxy import Call, Fault, Plan
from tests.deploy.kills import kill_at
from tests.deploy.yard import CONTENT, Yard, yard
from tests.sampling import SEED

pytestmark = pytest.mark.lab

BATCH = 10
BATCHES = 20
# Much of a spoiled run is waiting for what never answers.
AT_ONCE = 5
# A first run makes this many calls, and of those that change something.
CALLS = 36
MUTATING = 12
STOPPED = 3
# Nothing is asked for more often, tokens and lists included.
AGAIN = 12
FAULTS = (
    *(Fault(name=f"answers {status}", status=status) for status in (401, 403, 404, 409, 413, 429, 500, 503)),
    Fault(name="never answers", hang=True),
    Fault(name="carries it out and never answers", hang=True, commit=True),
    Fault(name="carries it out and sends half an answer", commit=True, keep=0.5),
    Fault(name="carries it out and sends no answer", commit=True),
    Fault(name="hangs up"),
)
# A resource and what was done to it; what was looked for or removed; a call; what was under way when it was stopped.
NAMED = (
    r"\w+\.\w+ {unit}\S*: .*|(looking for|removing) \w+.*: the cloud says|the cloud says: .*http://|nothing was heard"
)
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
KILLS = [(number, when) for number in range(1, MUTATING + 1) for when in ("before", "after")]


@pytest.fixture(scope="module")
def yards(city: City) -> Iterator[SimpleQueue[Yard]]:
    """Give checkouts with a cheap unit each, so that some runs go side by side."""
    free: SimpleQueue[Yard] = SimpleQueue()
    with ExitStack() as stack:

        def begin(number: int) -> Yard:
            root = TEST_CITY.parent / f"yard-{number}"
            return stack.enter_context(yard(city.root, root, f"drill{chr(96 + number)}", f"127.66.0.{number}"))

        with ThreadPoolExecutor(AT_ONCE) as pool:
            for ground in pool.map(begin, range(1, AT_ONCE + 1)):
                free.put(ground)
        yield free


def _spoiling(seed: int) -> Plan:
    """Spoil one call for sure and others now and then; which does not depend on the order that they come in."""
    seeded = random.Random(seed)  # noqa: S311 - a sample
    # Two of three times one that changes something, for those are fewer and tell more.
    among, sure = (MUTATING, seeded.randrange(MUTATING)) if seeded.randrange(3) else (CALLS, seeded.randrange(CALLS))
    counted = itertools.count()

    def before(call: Call) -> Fault | None:
        hit = (among == CALLS or call.mutates) and next(counted) == sure
        own = random.Random(f"{seed} {call.method} {call.port} {_ID.sub('', call.path)} {call.nth}")  # noqa: S311 - a sample
        return own.choice(FAULTS) if hit or own.random() < 0.04 else None

    return Plan(before=before)


@pytest.mark.sample(1)
@pytest.mark.parametrize("batch", range(BATCHES))
def test_whatever_a_cloud_answers_nothing_is_made_twice(yards: SimpleQueue[Yard], batch: int) -> None:
    seeds = range(SEED + batch * BATCH, SEED + (batch + 1) * BATCH)
    print(f"GOVCLOUD_SEED={SEED}, here {seeds}")

    def one(seed: int) -> str:
        ground = yards.get()
        plan = _spoiling(seed)
        try:
            status = _spoiled_run(ground, plan)
            print(f"seed {seed}: ended with {status} after {plan.spoiled}")
        except AssertionError as error:
            return f"seed {seed}: {error}\nspoiled: {plan.spoiled}"
        finally:
            ground.wipe()
            yards.put(ground)
        return ""

    with ThreadPoolExecutor(AT_ONCE) as pool:
        wrong = [said for said in pool.map(one, seeds) if said]
    assert wrong == [], "\n\n".join(wrong)


def _spoiled_run(ground: Yard, plan: Plan) -> int:
    done = replace(ground, patience=15).run("deploy", ground.unit, "--apply", plan=plan)
    assert "Traceback" not in done.told
    assert done.status in {0, STOPPED}, done.told
    if done.status:
        assert re.search(NAMED.format(unit=ground.unit), done.told), f"names neither resource nor call:\n{done.told}"
    assert max((call.nth for call in plan.calls), default=0) <= AGAIN, plan.calls
    ground.converges()
    return done.status


@pytest.mark.sample(2)
@pytest.mark.parametrize(("number", "when"), KILLS)
def test_killed_around_a_call_leaves_nothing_that_is_not_found(
    yards: SimpleQueue[Yard], number: int, when: str
) -> None:
    ground = yards.get()
    try:
        kill_at(ground, number, when)
        found = ground.run("deploy", ground.unit, "--reconcile")
        assert found.status == 0, found.told
        assert ground.orphans() == [], found.told
        assert all(count <= CONTENT[kind] for kind, count in ground.counted().items())
        ground.converges()
    finally:
        ground.wipe()
        yards.put(ground)


# What a unit may write into its program to reach for what is another department's, and what that is.
REACHES = {
    "networks": "networking.Port('reach', name='reach', network_id='{id}')",
    "security_groups": "networking.SecGroupRule("
    "'reach', security_group_id='{id}', direction='ingress', ethertype='IPv4')",
    "subnets": "networking.RouterInterface('reach', router_id=openstack.networking.Router('own', name='own').id,"
    " subnet_id='{id}')",
}


@pytest.mark.sample(1)
@pytest.mark.parametrize("kind", REACHES)
def test_a_unit_that_reaches_for_anothers_resource_fails(
    yards: SimpleQueue[Yard], cloud: openstack.connection.Connection, kind: str
) -> None:
    """By plain `pulumi`: our own command refuses such a program by its rules, before the cloud is asked."""
    ground, network = yards.get(), cloud.network
    approval = cloud.identity.find_project("approval", ignore_missing=False).id
    theirs = next(one for one in getattr(network, kind)(project_id=approval) if one.name != "default")
    before = _of_the_other(cloud, approval)
    program = ground.root / "stacks" / "units" / "department.py"
    whole = program.read_text(encoding="utf-8")
    try:
        ground.converges()
        reach = "openstack." + REACHES[kind].format(id=theirs.id)
        program.write_text(whole.replace("    return {", f"    {reach}\n    return {{"), encoding="utf-8")
        done = ground.pulumi("up", "--yes", "--skip-preview")
        assert done.status != 0, done.told
        assert re.search(r"reach\b.*(403|404|not found|not be found)", done.told, re.IGNORECASE | re.DOTALL), done.told
        assert _of_the_other(cloud, approval) == before
        program.write_text(whole, encoding="utf-8")
        ground.converges()
    finally:
        program.write_text(whole, encoding="utf-8")
        ground.wipe()
        yards.put(ground)


def _of_the_other(cloud: openstack.connection.Connection, project: str) -> dict[str, set[str]]:
    """Return what a project has of what could have been reached for; a port counts by its network."""
    network = cloud.network
    networks = {one.id for one in network.networks(project_id=project)}
    return {
        "ports": {port.id for port in network.ports() if port.network_id in networks},
        "rules": {
            rule["id"] for one in network.security_groups(project_id=project) for rule in one.security_group_rules
        },
    }
