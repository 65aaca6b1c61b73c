"""States and cloud held against each other, on pairs that were recorded in a lab: one of each type, alike.

`drift_samples.json` holds what a state and what the cloud said of the same thing.
"""

from __future__ import annotations

import copy
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.model.units import Kind, Unit
from govcloud.core.workspace import Workspace
from govcloud.deploy.drift.asking import Asking, Count, LookError, _next
from govcloud.deploy.drift.compare import Report, compare
from govcloud.deploy.drift.fields import plain
from govcloud.deploy.drift.kinds import KINDS
from govcloud.deploy.drift.look import Looker, Picture, _gather
from govcloud.deploy.drift.states import Resource, read
from govcloud.deploy.pulumi_cli import Pulumi
from tests.conftest import ROOT
from tests.sample import SAMPLE

SAMPLES: dict[str, Any] = json.loads((ROOT / "tests" / "data" / "drift_samples.json").read_text(encoding="utf-8"))
ENVIRONMENT = SAMPLE.environment("lab")
NAMES = sorted(SAMPLES["kinds"])


def resources() -> list[Resource]:
    """Return the recorded resources."""
    return [
        Resource(one["unit"], one["department"], kind, one["name"], one["id"], copy.deepcopy(one["outputs"]))
        for kind, one in SAMPLES["kinds"].items()
    ]


def picture() -> Picture:
    """Return the cloud that was recorded beside them."""
    made = Picture(departments={SAMPLES["project"]: "approval"})
    for kind, one in SAMPLES["kinds"].items():
        made.lists.setdefault(KINDS[kind].listed, []).append(copy.deepcopy(one["thing"]))
    return made


def held(known: list[Resource], cloud: Picture) -> Report:
    """Compare."""
    return compare(known, cloud, ENVIRONMENT)


def test_a_new_type_of_our_stacks_must_be_compared() -> None:
    urns = (ROOT / "tests" / "data" / "lab_urns.txt").read_text(encoding="utf-8").split()
    types = {urn.split("::")[-2].rpartition("$")[2] for urn in urns}
    assert {one for one in types if one.startswith("openstack:")} <= set(KINDS)
    assert set(NAMES) == set(KINDS)


def test_what_is_alike_is_no_drift() -> None:
    report = held(resources(), picture())
    assert (report.missing, report.changed, report.unmanaged, report.could_not_look) == ((), (), (), ())


@pytest.mark.parametrize("kind", NAMES)
def test_what_is_gone_is_missing(kind: str) -> None:
    cloud = picture()
    thing = SAMPLES["kinds"][kind]["thing"]
    cloud.lists[KINDS[kind].listed].remove(thing)
    report = held(resources(), cloud)
    assert [(one.kind, one.id) for one in report.missing] == [(kind.rpartition(":")[2], SAMPLES["kinds"][kind]["id"])]
    assert report.changed == ()


@pytest.mark.parametrize("kind", NAMES)
def test_what_no_state_knows_is_unmanaged(kind: str) -> None:
    ours = [one for one in resources() if one.kind != kind]
    told = {one.kind for one in held(ours, picture()).unmanaged}
    listed = KINDS[kind].listed
    # Quotas are their projects'; the role of what is offered to all is the administrator's.
    assert told == ({listed} if not listed.endswith("_quotas") else set())


FIELDS = [(kind, number) for kind in NAMES for number in range(len(KINDS[kind].fields))]


def _other(value: object) -> object:
    """Return a value that is not the same."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, dict):
        return {**value, "by": "hand"}
    if isinstance(value, list):
        return [*value, {"by": "hand"}] if value and isinstance(value[0], dict) else [*value, "by-hand"]
    return "by-hand" if value is None or isinstance(value, str) else int(str(value).partition(".")[0]) + 1


@pytest.mark.parametrize(("kind", "number"), FIELDS)
def test_a_field_that_the_cloud_has_otherwise_is_told(kind: str, number: int) -> None:
    """Each by itself: the state is given another value than the one that was recorded, as if the cloud had changed."""
    one = KINDS[kind].fields[number]
    sample = SAMPLES["kinds"][kind]
    wanted = plain(one.state(sample["outputs"]))
    differing = replace(one, state=lambda _: _other(wanted))
    if one.name in {"project may read", "readers"}:
        sample = {**sample, "thing": {**sample["thing"], "acl": {"read": {"project-access": True, "users": []}}}}
    found = differing.differs(sample["outputs"], sample["thing"])
    assert found is not None
    assert found[0] != found[1]


def test_what_was_joined_later_is_no_drift_and_what_left_is() -> None:
    cloud = picture()
    ports = cloud.lists["ports"]
    cloud.lists["ports"] = [{**one, "device_id": ""} if one["device_owner"] == "compute:nova" else one for one in ports]
    assert [part.field for one in held(resources(), cloud).changed for part in one.fields] == ["device_id"]


def test_a_list_that_was_not_answered_makes_nothing_missing() -> None:
    cloud = picture()
    del cloud.lists["servers"]
    cloud.could_not_look.append("compute /servers: the cloud says: 503")
    report = held(resources(), cloud)
    assert (report.missing, report.changed) == ((), ())
    assert report.could_not_look == ("compute /servers: the cloud says: 503",)


def test_a_type_that_nobody_can_compare_is_said_and_not_passed_over() -> None:
    stranger = Resource("approval", "approval", "openstack:dns/zone:Zone", "zone", "1", {})
    report = held([*resources(), stranger], picture())
    assert len(report.could_not_look) == 1
    assert "openstack:dns/zone:Zone" in report.could_not_look[0]


@pytest.mark.parametrize(
    ("listed", "thing"),
    [
        ("ports", {"id": "1", "device_owner": "network:dhcp", "device_id": "d", "name": ""}),
        ("ports", {"id": "1", "device_owner": "network:router_gateway", "device_id": "r", "name": ""}),
        ("ports", {"id": "1", "device_owner": "ovn-lb-hm:distributed", "device_id": "ovn-lb-hm-1", "name": ""}),
        ("security_groups", {"id": "1", "name": "default", "tags": []}),
    ],
)
def test_what_the_platform_makes_by_itself_is_explained(listed: str, thing: dict[str, Any]) -> None:
    cloud = picture()
    cloud.lists[listed].append({**thing, "project_id": SAMPLES["project"]})
    assert held(resources(), cloud).unmanaged == ()


@pytest.mark.parametrize(
    ("listed", "thing"),
    [
        ("ports", {"id": "1", "device_owner": "network:router_interface", "device_id": "r", "fixed_ips": []}),
        ("ports", {"id": "1", "device_owner": "ovn-lb:vip", "device_id": "lb-nobody's", "name": ""}),
        ("users", {"id": "u", "name": "somebody", "domain_id": "default"}),
        ("users", {"id": "u", "name": "nobody-deployer", "domain_id": "default"}),
        ("users", {"id": "u", "name": "approval-deployer", "domain_id": "another"}),
        ("users", {"id": "u", "name": "nova", "domain_id": "another"}),
        ("projects", {"id": "p", "name": "shadow"}),
        (
            "security_group_rules",
            {
                "id": "r",
                "direction": "ingress",
                "protocol": None,
                "port_range_min": None,
                "remote_ip_prefix": None,
                "ethertype": "IPv4",
            },
        ),
    ],
)
def test_what_nobody_accounts_for_is_told(listed: str, thing: dict[str, Any]) -> None:
    cloud = picture()
    cloud.lists.setdefault(listed, []).append({"project_id": SAMPLES["project"], **thing})
    assert [one.kind for one in held(resources(), cloud).unmanaged] == [listed]


def test_what_belongs_to_others_is_theirs() -> None:
    cloud = picture()
    cloud.lists["servers"].append({"id": "s", "name": "theirs", "tenant_id": "another"})
    assert held(resources(), cloud).unmanaged == ()


APPROVAL = {"project": {"id": SAMPLES["project"], "name": "approval"}}
EVERYWHERE = {"domain": {"id": "default"}, "OS-INHERIT:inherited_to": "projects"}


def _assignment(user: str, role: str, scope: dict[str, Any]) -> dict[str, Any]:
    return {
        "user": {"id": user, "name": user, "domain": {"id": "default"}},
        "role": {"id": role, "name": role},
        "scope": scope,
        "links": {"assignment": f"http://cloud/v3/projects/p/users/{user}/roles/{role}"},
    }


@pytest.mark.parametrize(
    ("user", "role", "scope", "told"),
    [
        ("approval-deployer", "member", APPROVAL, False),
        ("nova", "admin", {"project": {"id": "s", "name": "service"}}, False),
        ("admin", "admin", {"system": {"all": True}}, False),
        ("approval-deployer", "admin", APPROVAL, True),
        ("approval-deployer", "member", {**APPROVAL, "OS-INHERIT:inherited_to": "projects"}, True),
        ("approval-deployer", "member", EVERYWHERE, True),
        ("police-deployer", "member", APPROVAL, True),
        ("somebody", "admin", {"project": {"id": "a", "name": "admin"}}, True),
        ("somebody", "reader", {"system": {"all": True}}, True),
    ],
)
def test_a_role_is_told_unless_its_holder_is_known_and_its_units_need_it(
    user: str, role: str, scope: dict[str, Any], *, told: bool
) -> None:
    cloud = picture()
    cloud.lists["role_assignments"] = [_assignment(user, role, scope)]
    assert [one.name for one in held(resources(), cloud).unmanaged] == ([f"{user}: {role}"] if told else [])


def test_a_role_of_a_group_is_told() -> None:
    cloud = picture()
    by_group = {**_assignment("somebody", "member", APPROVAL), "group": {"id": "g", "name": "friends"}}
    del by_group["user"]
    cloud.lists["role_assignments"] = [by_group]
    assert [one.name for one in held(resources(), cloud).unmanaged] == ["friends: member"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"id": "now", "name": "stacks-lab-approval-2", "expires_at": "2027-01-01"}, False),
        ({"id": "old", "name": "stacks-lab-approval-1", "expires_at": "2026-12-01"}, False),
        ({"id": "old", "name": "stacks-lab-approval-1", "expires_at": None}, True),
        ({"id": "x", "name": "mine", "expires_at": "2026-12-01"}, True),
    ],
)
def test_a_credential_is_told_unless_the_units_work_or_worked_with_it(given: dict[str, Any], *, told: bool) -> None:
    cloud = picture()
    cloud.minted = {"approval": "now"}
    cloud.lists["application_credentials"] = [given]
    assert bool(held(resources(), cloud).unmanaged) is told


@given(st.sets(st.sampled_from(NAMES)), st.sets(st.sampled_from(NAMES)))
def test_found_is_what_was_done_and_nothing_else(gone: set[str], unknown: set[str]) -> None:
    cloud = picture()
    for kind in gone:
        cloud.lists[KINDS[kind].listed].remove(SAMPLES["kinds"][kind]["thing"])
    report = held([one for one in resources() if one.kind not in unknown], cloud)
    assert {one.kind for one in report.missing} == {one.rpartition(":")[2] for one in gone - unknown}
    there = {KINDS[one].listed for one in unknown - gone}
    assert {one.kind for one in report.unmanaged} == {one for one in there if not one.endswith("_quotas")}


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(_VALUES)
def test_a_value_compares_with_itself_whatever_it_is(value: Any) -> None:
    assert plain(value) == plain(copy.deepcopy(value))
    assert plain(plain(value)) == plain(value)
    if isinstance(value, list):
        assert plain(value) == plain(value[::-1])


@pytest.mark.parametrize(
    ("answer", "following"),
    [
        ({"servers": [], "servers_links": [{"rel": "next", "href": "http://cloud/2"}]}, "http://cloud/2"),
        ({"secrets": [], "next": "http://cloud/3"}, "http://cloud/3"),
        ({"users": [], "links": {"next": None, "self": "http://cloud"}}, ""),
        ({"images": [], "next": "/v2/images?marker=1"}, "/v2/images?marker=1"),
    ],
)
def test_a_list_is_followed_to_its_end(answer: dict[str, Any], following: str) -> None:
    assert _next(answer, next(iter(answer))) == following


def test_questions_are_counted_and_what_failed_is_named() -> None:
    count, cloud = Count(), Picture()

    def fails() -> list[Any]:
        count.one_more()
        raise LookError("network /ports: 503")

    def answers() -> list[Any]:
        count.one_more()
        return [{"id": "1"}]

    asked = [("secrets", answers), ("secrets", fails), ("secrets", answers), ("servers", answers), ("servers", answers)]
    with ThreadPoolExecutor(2) as pool:
        _gather(cloud, pool, asked)
    assert (count.calls, cloud.could_not_look) == (len(asked), ["network /ports: 503"])
    # Of a list that is there in part nothing may count as gone.
    assert cloud.lists == {"servers": [{"id": "1"}, {"id": "1"}]}


class _Empty:
    """An access to a cloud that has nothing."""

    project_id = "another"

    def listed(self, _: str, path: str) -> list[Any]:
        return [{"name": "approval-deployer", "id": "u", "domain_id": "default"}] if path == "/users" else []

    def one(self, *_: str) -> Any:
        return {"quota_set": {}}


@pytest.mark.parametrize(
    ("accesses", "built", "told"),
    [
        # A project that was given and that nobody has built anything in.
        ({"lab-admin", "lab-approval"}, {"approval"}, False),
        ({"lab-admin"}, set(), False),
        # Something is there and nobody has the access to look.
        ({"lab-admin"}, {"approval"}, True),
    ],
)
def test_where_a_department_has_built_its_access_is_needed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, accesses: set[str], built: set[str], *, told: bool
) -> None:
    known = [one for one in resources() if one.department in {"", *built}]
    monkeypatch.setattr("govcloud.deploy.credentials.known", lambda _, cloud: cloud in accesses)
    monkeypatch.setattr(Looker, "_asking", lambda *_: _Empty())
    seen = Looker(Workspace(tmp_path), ENVIRONMENT, known).look()
    assert bool(seen.could_not_look) is told
    lost = {one.kind for one in held(known, seen).missing}
    assert "Project" in lost
    assert ("SecretV1" in lost) is (bool(built) and not told)


class _Answers:
    """A session that answers everything alike."""

    def __init__(self, text: str) -> None:
        self.text = text

    def get_token(self) -> str:
        return "token"

    def get_endpoint(self, **_: object) -> str:
        return "http://cloud/"

    def request(self, *_: object, **__: object) -> Any:
        return SimpleNamespace(json=lambda: json.loads(self.text))


@pytest.mark.parametrize("text", ['{"servers": ', "{}", "null", '"x"', '{"error": {"code": 500}}'])
def test_half_an_answer_is_no_answer(text: str) -> None:
    config = SimpleNamespace(get_interface=lambda: "public", region_name="here")
    connection: Any = SimpleNamespace(session=_Answers(text), config=config)
    with pytest.raises(LookError, match="compute /servers: the answer"):
        Asking(connection, Count()).listed("compute", "/servers")


def test_a_damaged_state_is_not_compared(tmp_path: Path) -> None:
    pulumi = Pulumi(Workspace(tmp_path))
    unit = Unit(name="approval", kind=Kind.DEPARTMENT, department="approval")
    assert read(pulumi, ENVIRONMENT, [unit])["approval"].resources == ()
    file = pulumi.state(unit.stack("lab"))
    file.parent.mkdir(parents=True)
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(GovcloudError, match="approval: its state is damaged") as raised:
        read(pulumi, ENVIRONMENT, [unit])
    assert raised.value.status == Exit.COULD_NOT_CHECK
