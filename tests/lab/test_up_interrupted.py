"""`make up` on a running lab, stopped while it applies units or software: the next one goes on from there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import openstack.connection
import pytest

from tests.conftest import City, begin

pytestmark = pytest.mark.lab

GROUP = "approval-elicence-database"
# What is printed while a unit is applied, and when all servers have been through the first of the software's plays.
UNITS, SOFTWARE = "… approval-elicence", "PLAY [Serve the licences"


@pytest.mark.sample(1)
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("moment", [UNITS, SOFTWARE])
def test_what_was_stopped_in_the_middle_goes_on(
    city: City, cloud: openstack.connection.Connection, moment: str, how: signal.Signals
) -> None:
    digest = city.root / ".lab" / "software.digest"
    before = digest.read_bytes()
    rules = _rules(cloud)
    # Work for both: a rule is gone, and nobody knows any more whether the servers have their software.
    digest.unlink()
    cloud.network.delete_security_group_rule(next(cloud.network.security_group_rules(security_group_id=_group(cloud))))
    with _make_up(city, how) as printed:
        assert any(moment in line for line in printed), "it ended before it could be stopped"
    assert not digest.exists()
    city.run(["make", "up"], check=True)
    assert digest.read_bytes() == before
    assert _rules(cloud) == rules
    shown = json.loads(city.run(["govcloud", "deploy", "--json"], check=True).stdout)
    assert sum(unit["changes"] for unit in shown["units"]) == 0


@contextmanager
def _make_up(city: City, how: signal.Signals) -> Iterator[Iterator[str]]:
    """Give the lines of `make up` as they come; stop it, and all it started, when the caller has seen enough."""
    process = begin(city.root, ["make", "up"], subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield iter(process.stdout)
    finally:
        _signal(process, how)
        try:
            ended = process.wait(60)
        finally:
            _signal(process, signal.SIGKILL)
            process.stdout.close()
    assert ended != 0


def _signal(process: subprocess.Popen[str], how: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, how)


def _group(cloud: openstack.connection.Connection) -> str:
    return str(cloud.network.find_security_group(GROUP, ignore_missing=False).id)


def _rules(cloud: openstack.connection.Connection) -> set[tuple[object, ...]]:
    return {
        (rule.direction, rule.ether_type, rule.port_range_min, rule.remote_group_id, rule.remote_ip_prefix)
        for rule in cloud.network.security_group_rules(security_group_id=_group(cloud))
    }
