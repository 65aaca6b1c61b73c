"""A department is one file away; commands that are stopped or killed in the middle converge; what goes leaves nothing.

The department is the tests' own, so that the city's real one keeps its data.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openstack.connection
import pytest

from govcloud.core.model.inventory import load
from govcloud.core.workspace import Workspace
from govcloud.deploy import clouds_file
from tests.conftest import City
from tests.deploy.fault_proxy import Fault, Plan
from tests.deploy.yard import assert_none_outlives, led_through
from tests.sampling import OF_THE_LONG

pytestmark = [pytest.mark.lab, pytest.mark.usefixtures("drill")]

UP = ("up", "--yes", "--skip-preview", "--non-interactive", "--color", "never")


@pytest.fixture(scope="module")
def drill(city: City) -> Iterator[None]:
    """Add the department's file, and afterwards take away all that came of it."""
    file = city.root / "inventory" / "departments" / "drill.yaml"
    shutil.copy(Path(__file__).with_name("drill.yaml"), file)
    offers = {path: path.read_text(encoding="utf-8") for path in (_sizes(city), _volume_types(city))}
    yield
    for path, text in offers.items():
        path.write_text(text, encoding="utf-8")
    for stack in ("lab-drill-box", "lab-drill"):
        city.run(["pulumi", "destroy", "-s", stack, "--yes", "--skip-preview", "--non-interactive"])
        city.run(["pulumi", "stack", "rm", stack, "--yes", "--force"])
    city.run(["govcloud", "credentials", "drill", "--withdraw"])
    file.unlink()
    # The foundation without it; which also gathers what is there for the host list.
    city.run(["govcloud", "deploy", "foundation", "--apply"], check=True)


def _sizes(city: City) -> Path:
    return city.root / "inventory" / "city.yaml"


def _volume_types(city: City) -> Path:
    return city.root / "inventory" / "environments" / "lab.yaml"


def _add(file: Path, after: str, line: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert after in text
    file.write_text(text.replace(after, f"{after}\n  {line}"), encoding="utf-8")


@contextmanager
def _losing_answers(
    city: City, administrator: openstack.connection.Connection, ends: tuple[str, ...]
) -> Iterator[Plan]:
    """Lose the first answer to each of some of the administrator's requests."""
    lost = Fault(name="carries it out and sends no answer", commit=True)
    plan = Plan(
        before=lambda call: lost if (call.method, call.nth) == ("POST", 1) and call.path.endswith(ends) else None
    )
    with led_through(Workspace(city.root), "lab-admin", administrator, "127.66.0.9") as stands:
        stands.use(plan)
        yield plan


def _changes(city: City, *units: str) -> dict[str, int]:
    done = city.run(["govcloud", "deploy", *units, "--json"])
    assert done.returncode in {0, 1}, done.stderr
    return {one["unit"]: one["changes"] for one in json.loads(done.stdout)["units"]}


def _state(city: City, stack: str) -> dict[str, list[object]]:
    file = city.root / ".lab" / "pulumi" / ".pulumi" / "stacks" / "govcloud" / f"{stack}.json"
    try:
        latest = json.loads(file.read_text(encoding="utf-8"))["checkpoint"]["latest"] or {}
    except (OSError, ValueError):
        return {}
    return {key: latest.get(key) or [] for key in ("resources", "pending_operations")}


def _start(city: City, stack: str, ready: Callable[[dict[str, list[object]]], bool]) -> subprocess.Popen[bytes]:
    """Start an update and return when its state says that it is in the middle."""
    process = subprocess.Popen(
        ["pulumi", *UP, "-s", stack],
        cwd=city.root,
        env=dict(city.env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 180
    while process.poll() is None and time.monotonic() < deadline:
        if ready(_state(city, stack)):
            return process
        time.sleep(0.1)
    process.kill()
    raise AssertionError(f"{stack} was never seen in the middle of its update")


def test_a_department_is_planned_from_its_file_before_anything_of_it_exists(city: City) -> None:
    changes = _changes(city, "foundation", "drill", "drill-box")
    assert changes["foundation"] == 6, "a component, its project and four quotas"
    assert changes["drill"] > 30
    assert changes["drill-box"] > 10


@OF_THE_LONG
def test_what_is_made_for_all_is_made_once_though_the_answers_are_lost(
    city: City, cloud: openstack.connection.Connection
) -> None:
    _add(_sizes(city), "sizes:", "drill: {vcpus: 3, memory_gib: 3, disk_gib: 3}")
    _add(_volume_types(city), "volume_types:", "drill: {title: 演练云硬盘}")
    inventory = load(city.root / "inventory")
    flavor = inventory.sizes(inventory.environment("lab"))["drill"].flavor
    ended: list[int] = []
    with _losing_answers(city, cloud, ("/projects", "/flavors", "/types")) as plan:
        # An update goes on with nothing new after its first failure: the next one loses what this one did not ask for.
        while 0 not in ended and len(ended) < 4:
            ended.append(city.run(["govcloud", "deploy", "foundation", "--apply"]).returncode)
    assert len(plan.spoiled) == 3, plan.spoiled
    assert (ended[0], ended[-1]) == (3, 0), ended
    named = {
        "drill": [*cloud.identity.projects(), *cloud.block_storage.types()],
        flavor: [*cloud.compute.flavors()],
    }
    assert {name: sum(one.name == name for one in listed) for name, listed in named.items()} == {"drill": 2, flavor: 1}
    assert _changes(city, "foundation") == {"foundation": 0}


def test_stopping_by_hand_leaves_a_state_that_goes_on(city: City) -> None:
    city.run(["govcloud", "deploy", "foundation", "--apply"], check=True)
    city.run(["govcloud", "credentials", "drill"], check=True)
    process = _start(city, "lab-drill", lambda state: len(state.get("resources", ())) > 15)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=120) != 0
    assert_none_outlives(city.root)
    city.run(["pulumi", *UP, "-s", "lab-drill"], check=True)
    assert _changes(city, "drill") == {"drill": 0}


def test_a_killed_update_converges_without_doubles(city: City, cloud: openstack.connection.Connection) -> None:
    def asks_for_a_server(state: dict[str, list[object]]) -> bool:
        return any("Instance::drill-box-web-1" in str(one) for one in state.get("pending_operations", ()))

    process = _start(city, "lab-drill-box", asks_for_a_server)
    time.sleep(1)  # the request goes out
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=10)
    assert_none_outlives(city.root)
    done = city.run(["govcloud", "deploy", "drill-box", "--apply"])
    assert done.returncode == 0, done.stderr
    assert _changes(city, "drill-box") == {"drill-box": 0}
    assert _things(cloud)["server drill-box-web-1"] == 1
    assert {name: count for name, count in _things(cloud).items() if count > 1} == {}


def test_a_damaged_state_is_put_back_and_nothing_is_made_twice(
    city: City, cloud: openstack.connection.Connection
) -> None:
    before = _things(cloud)
    file = city.root / ".lab" / "pulumi" / ".pulumi" / "stacks" / "govcloud" / "lab-drill-box.json"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    done = city.run(["govcloud", "deploy", "drill-box", "--json"])
    assert "is put back from" in done.stderr
    assert [one["changes"] for one in json.loads(done.stdout)["units"]] == [0]
    file.write_bytes(file.read_bytes()[:1000])
    assert _changes(city, "drill-box") == {"drill-box": 0}
    assert _things(cloud) == before


def test_what_is_destroyed_leaves_nothing(city: City, cloud: openstack.connection.Connection) -> None:
    assert any("drill-box" in name for name in _things(cloud))
    with clouds_file.connect(Workspace(city.root), "lab-drill") as department:
        store: Any = department.object_store
        for text in (b"first", b"second"):
            store.put("/drill-box-papers/kept", data=text).raise_for_status()
    assert city.run(["govcloud", "deploy", "drill", "--destroy"]).returncode == 4, "a system of it is there"
    assert city.run(["govcloud", "deploy", "drill-box", "--destroy", "--approve", "0" * 16]).returncode == 4
    for unit in ("drill-box", "drill"):
        said = city.run(["govcloud", "deploy", unit, "--destroy"])
        assert said.returncode == 1
        city.run(["govcloud", "deploy", unit, "--destroy", "--approve", said.stderr.split()[-1]], check=True)
    records = (city.root / "build" / "lab" / "removals.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["unit"] for line in records] == ["drill-box", "drill"]
    project = cloud.identity.find_project("drill", ignore_missing=False)
    # First of all: asked for by project, neutron makes the default group anew.
    assert [one for one in cloud.network.security_groups() if one.project_id == project.id] == []
    assert [name for name in _things(cloud) if "drill" in name] == []
    ports = [port.device_owner for port in cloud.network.ports(project_id=project.id)]
    assert ports == []
    assert cloud.identity.find_user("drill-deployer") is None
    assert "lab-drill" not in (city.root / ".lab" / "clouds.yaml").read_text(encoding="utf-8")


def _things(cloud: openstack.connection.Connection) -> Counter[str]:
    """Count what the tests' department has, by kind and name."""
    project = cloud.identity.find_project("drill", ignore_missing=False).id
    listed = {
        "server": (one for one in cloud.compute.servers(all_projects=True) if one.project_id == project),
        "volume": (one for one in cloud.block_storage.volumes(all_projects=True) if one.project_id == project),
        "network": cloud.network.networks(project_id=project),
        "subnet": cloud.network.subnets(project_id=project),
        "router": cloud.network.routers(project_id=project),
        "port": (one for one in cloud.network.ports(project_id=project) if one.name),
        "address": cloud.network.ips(project_id=project),
        "group": (one for one in cloud.network.security_groups(project_id=project) if one.name != "default"),
    }
    return Counter(f"{kind} {one.name}" for kind, found in listed.items() for one in found)
