"""Each scenario of the function test against a cloud in memory: passes, fails, cannot look, does not apply."""

from __future__ import annotations

import pytest

from govcloud.core.errors import Exit
from govcloud.core.model.results import Verdict
from govcloud.verify.function.context import Foreign
from govcloud.verify.function.offer import choose
from govcloud.verify.function.steps import Step
from govcloud.verify.function.suite import SCENARIOS, status
from tests.verify.conftest import OPERATOR, OTHER, Try
from tests.verify.fake_cloud import ENDPOINTS

pytestmark = pytest.mark.slow

FOREIGN_KINDS = {
    "server": "server",
    "volume": "volume",
    "network": "network",
    "security_group": "security group",
    "loadbalancer": "load balancer",
    "secret": "secret",
}


def put_foreign(tried: Try) -> tuple[Foreign, ...]:
    """Give the other department one thing of each kind."""
    found = [
        Foreign(kind=kind, id=tried.cloud.add(stored, "bureau", name="theirs")["id"], witness=OTHER)
        for stored, kind in FOREIGN_KINDS.items()
    ]
    tried.cloud.add("container", "bureau", id="bureau/theirs", name="theirs", _objects={}, _mark="")
    return (*found, Foreign(kind="container", id="theirs", project="bureau", witness=OTHER))


def told(steps: dict[str, Step]) -> dict[str, str]:
    return {name: f"{one.verdict.value}: {one.said}" for name, one in steps.items() if one.verdict != Verdict.CONFORM}


def test_a_cloud_that_does_what_it_is_for_passes_and_is_left_as_it_was(tried: Try) -> None:
    before = {kind: tried.cloud.names(kind) for kind in ("image", "flavor")}
    foreign = put_foreign(tried)
    steps = tried.run(*SCENARIOS, operator=OPERATOR, foreign=foreign)
    assert told(steps) == {}
    assert status([*steps.values()]) == Exit.DONE
    assert all(one.seconds is not None for one in steps.values())
    assert tried.left() == []
    assert not any(tried.cloud.of(kind) for kind in ("port", "router", "subnet", "rule"))
    assert {kind: tried.cloud.names(kind) for kind in before} == before
    assert str(steps["server live-migrate"].said) == "compute-1 to compute-2"
    assert str(steps["quota servers"].said) == "11 servers at once: refused with 403"
    assert str(steps["quota volume"].said) == "a volume of 51 GiB: refused with 413"


FAULTS = [
    ("no host", "server create", "nonconform", "No valid host was found"),
    ("guest does not run", "server first boot", "nonconform", "the server tells of its first boot: not within 3 s"),
    ("silent console", "server first boot", "not_tested", "console log is empty"),
    ("no python", "server first boot", "not_tested", "has no Python"),
    ("resize fails", "server resize", "nonconform", "the server is in ERROR"),
    ("resize does nothing", "server resize", "nonconform", "has the flavor small, not medium"),
    ("one host", "server live-migrate", "nonconform", "No valid host was found"),
    ("moved cold", "server live-migrate", "nonconform", "started anew"),
    ("image fails", "server snapshot", "nonconform", "the image is killed"),
    ("other disk", "server restore", "nonconform", "disk is not the lost one's"),
    ("servers stay", "server restore", "nonconform", "the server is gone: not within 3 s"),
    ("servers stay", "server clean up", "nonconform", "stays in the cloud: server govcloud-verify-"),
    ("volume fails", "volume create", "nonconform", "the volume is error"),
    ("disk not seen", "volume write and read", "nonconform", "the server sees the volume in its size"),
    ("disk forgets", "volume write and read", "nonconform", "does not read from the volume what it wrote"),
    ("end not writable", "volume extend", "nonconform", "the volume's new end"),
    ("balancer fails", "balancer create", "nonconform", "the balancer is in ERROR"),
    ("wrong member", "balancer answers", "nonconform", "behind the address answered: -"),
    ("balances to one", "balancer answers", "nonconform", "behind the address answered: one"),
    ("no failover", "balancer back end killed", "nonconform", "answers again from the server that is left"),
    ("object shortened", "object read back", "nonconform", "4194303 bytes came back with another check sum"),
    ("secret changes", "secret read back", "nonconform", "another value came back"),
    ("secrets stay", "secret delete", "nonconform", "still there after it was deleted"),
    ("no creator", "secret store", "not_tested", "please review your user/project privileges"),
    ("quota not enforced", "quota servers", "nonconform", "11 servers at once: granted beyond the quota"),
    ("quota not enforced", "quota volume", "nonconform", "a volume of 51 GiB: granted beyond the quota"),
    ("no isolation", "isolation server", "nonconform", "of another department is shown"),
    ("no isolation", "isolation container", "nonconform", "theirs of another department is shown"),
]


@pytest.mark.parametrize("case", FAULTS, ids=[f"{one[0]}: {one[1]}" for one in FAULTS])
def test_a_fault_is_found_by_the_step_that_looks_for_it(
    tried: Try, monkeypatch: pytest.MonkeyPatch, case: tuple[str, str, str, str]
) -> None:
    fault, name, verdict, reason = case
    monkeypatch.setenv("GOVCLOUD_PATIENCE", "3")
    tried.cloud.faults.add(fault)
    scenario = name.partition(" ")[0]
    foreign = put_foreign(tried) if scenario == "isolation" else ()
    steps = tried.run(scenario, operator=OPERATOR, foreign=foreign)
    assert steps[name].verdict.value == verdict, told(steps)
    assert reason in str(steps[name].said)
    assert status([*steps.values()]) == (Exit.COULD_NOT_CHECK if verdict == "not_tested" else Exit.FINDINGS)
    if not fault.endswith(" stay"):
        assert tried.left() == []


def test_steps_that_build_on_a_failed_one_are_not_begun(tried: Try) -> None:
    tried.cloud.faults.add("volume fails")
    steps = tried.run("volume")
    later = [steps[f"volume {name}"] for name in ("server", "attach", "write and read", "extend", "detach", "delete")]
    assert {one.verdict for one in later} == {Verdict.NOT_TESTED}
    assert {str(one.said) for one in later} == {"not begun: create did not succeed"}
    assert {one.seconds for one in later} == {None}
    assert steps["volume clean up"].verdict == Verdict.CONFORM


@pytest.mark.parametrize(
    ("service", "scenario"),
    [
        ("key-manager", "secret"),
        ("object-store", "object"),
        ("load-balancer", "balancer"),
        ("volume", "volume"),
        ("compute", "server"),
        ("compute", "quota"),
    ],
)
def test_a_service_that_does_not_answer_could_not_be_looked_at(tried: Try, service: str, scenario: str) -> None:
    tried.cloud.down.add(service)
    steps = tried.run(scenario)
    verdicts = {one.verdict for name, one in steps.items() if not name.endswith("clean up")}
    assert Verdict.NOT_TESTED in verdicts
    assert Verdict.NONCONFORM not in verdicts
    assert status([*steps.values()]) == Exit.COULD_NOT_CHECK


def test_what_a_cloud_does_not_have_is_not_applicable(tried: Try) -> None:
    tried.cloud.services = set(ENDPOINTS) - {"key-manager", "object-store", "load-balancer", "block-storage"}
    steps = tried.run(*SCENARIOS)
    for name, one in steps.items():
        scenario = name.partition(" ")[0]
        if scenario in {"secret", "object", "balancer", "volume"} or name == "quota volume":
            assert one.verdict == Verdict.NOT_APPLICABLE, name
            assert "the cloud has no service" in str(one.said)
    assert steps["server restore"].verdict == Verdict.CONFORM
    assert status([*steps.values()]) == Exit.DONE


def test_nobody_moves_servers_without_an_operators_access(tried: Try) -> None:
    steps = tried.run("server")
    assert told(steps) == {
        "server live-migrate": "not_applicable: no operator's access was named (--operator)",
    }
    assert not any("os-migrateLive" in call for call in tried.cloud.calls)


def test_a_cloud_with_one_flavor_resizes_nothing(tried: Try) -> None:
    tried.cloud.things["flavor"] = {key: one for key, one in tried.cloud.of("flavor").items() if one["name"] == "small"}
    assert told(tried.run("server"))["server resize"] == "not_applicable: no larger flavor"


def test_a_cloud_without_image_or_flavor_has_no_servers_to_try(tried: Try) -> None:
    tried.cloud.of("image").clear()
    steps = tried.run("server", "balancer")
    tried_out = [one for name, one in steps.items() if not name.endswith("clean up")]
    assert {one.verdict for one in tried_out} == {Verdict.NOT_APPLICABLE}
    assert all("no public image" in str(one.said) for one in tried_out)
    tried.cloud.stock()
    tried.cloud.of("flavor").clear()
    assert "no flavor with a disk" in told(tried.run("volume", "server"))["server create"]


def test_a_general_image_for_any_hypervisor_and_the_smallest_flavor_that_fits_are_chosen(tried: Try) -> None:
    tried.run("server")
    made = [call for call in tried.cloud.calls if call == "POST /compute/v2.1/servers"]
    assert len(made) == 2
    with tried.connect() as cloud:
        offer = choose(cloud)
        named = choose(cloud, image="debian-12-vm", flavor="medium")
    assert (offer.image.name, offer.flavor.name, offer.larger.name, offer.units) == ("debian-12", "small", "medium", 2)
    assert (named.image.name, named.flavor.name, named.larger) == ("debian-12-vm", "medium", None)


def test_scenarios_share_what_the_quota_has_left(tried: Try) -> None:
    tried.cloud.limits["instances"] = 3
    assert told(tried.run("balancer", "volume")) == {}
    tried.cloud.limits["instances"] = 2
    lacking = "not_tested: the quota has room for 2 servers of the smallest flavor, 3 are needed"
    steps = tried.run("balancer", "volume")
    assert told(steps)["balancer create"] == lacking
    assert steps["volume delete"].verdict == Verdict.CONFORM
    tried.cloud.limits["instances"] = 1
    assert "no room for the flavor medium" in told(tried.run("server"))["server resize"]
    assert tried.left() == []


def test_a_volume_that_cannot_grow_while_attached_is_taken_off_for_it(tried: Try) -> None:
    tried.cloud.faults.add("no online extension")
    steps = tried.run("volume")
    assert told(steps) == {}
    assert "taken off for it" in str(steps["volume extend"].said)


def test_a_cloud_that_confirms_a_resize_by_itself_is_not_asked_to(tried: Try) -> None:
    tried.cloud.faults.add("confirms by itself")
    steps = tried.run("server")
    assert steps["server resize"].verdict == Verdict.CONFORM
    assert steps["server restore"].verdict == Verdict.CONFORM


def test_a_project_that_may_make_no_network_lends_one_and_keeps_it(tried: Try) -> None:
    network = tried.cloud.add("network", "approval", name="given", **{"router:external": False})
    tried.cloud.add("subnet", "approval", name="given", network_id=network["id"], cidr="10.1.0.0/24", ip_version=4)
    tried.cloud.faults.add("no network")
    assert told(tried.run("volume", "balancer")) == {}
    assert tried.cloud.names("network") == ["given"]
    assert not any("routers" in call for call in tried.cloud.calls if call.startswith("POST"))


def test_without_ovn_the_clouds_own_balancer_is_tried(tried: Try) -> None:
    tried.cloud.faults.add("no ovn")
    steps = tried.run("balancer")
    assert told(steps) == {}
    assert str(steps["balancer create"].said) == "provider default"


@pytest.mark.parametrize(
    ("limit", "name", "reason"),
    [
        ({"instances": -1, "cores": -1, "ram": -1}, "quota servers", "the project has no limit to its servers"),
        ({"gigabytes": -1}, "quota volume", "the project has no limit to its volumes"),
    ],
)
def test_no_limit_is_a_finding_and_nothing_is_asked_for(
    tried: Try, limit: dict[str, int], name: str, reason: str
) -> None:
    tried.cloud.limits |= limit
    steps = tried.run("quota")
    assert told(steps) == {name: f"nonconform: {reason}"}
    path = "/compute/v2.1/servers" if name == "quota servers" else "/volume/v3/volumes"
    assert f"POST {path}" not in tried.cloud.calls


def test_a_limit_that_is_far_away_is_not_tried_by_a_thousand_servers(tried: Try) -> None:
    tried.cloud.limits |= {"instances": 1000, "cores": -1, "ram": -1}
    steps = tried.run("quota")
    assert "1001 servers would have to be asked for" in told(steps)["quota servers"]
    assert status([*steps.values()]) == Exit.DONE


def test_isolation_is_not_called_well_where_nobody_proves_that_there_is_something(tried: Try) -> None:
    gone = Foreign(kind="server", id="0000", witness=OTHER)
    unproven = Foreign(kind="volume", id=tried.cloud.add("volume", "bureau", name="theirs")["id"])
    steps = told(tried.run("isolation", foreign=(gone, unproven)))
    assert "lab-bureau does not see 0000 (404)" in steps["isolation server"]
    assert "nobody proves that" in steps["isolation volume"]
    assert steps["isolation network"] == ("not_tested: no id of another department's is known (--foreign KIND=ID)")


def test_the_id_of_a_balancer_is_asked_of_its_owner(tried: Try) -> None:
    asked = Foreign(kind="load balancer", id="", project="bureau", witness=OTHER)
    assert "no id" in told(tried.run("isolation", foreign=(asked,)))["isolation load balancer"]
    tried.cloud.add("loadbalancer", "bureau", name="theirs")
    assert "isolation load balancer" not in told(tried.run("isolation", foreign=(asked,)))
