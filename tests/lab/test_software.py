"""The software of the city: applied by Ansible, judged by testinfra, answering through its load balancer."""

from __future__ import annotations

import json
import re
import secrets
import socket
import urllib.error
import urllib.request
from typing import Any

import pytest

from govcloud.core.workspace import Workspace
from govcloud.deploy import clouds_file
from tests.conftest import City
from tests.lab.guest_site import wait_for
from tests.sampling import OF_THE_LONG

pytestmark = pytest.mark.lab

PLAYBOOK = ["ansible-playbook", "-i", "inventory/hosts.py", "playbooks/site.yml"]
SYSTEM = "approval-elicence"


@pytest.fixture(scope="module")
def listed(city: City) -> dict[str, Any]:
    """Return the host list, as Ansible gets it."""
    found: dict[str, Any] = json.loads(city.run(["inventory/hosts.py", "--list"], check=True).stdout)
    return found


@pytest.fixture(scope="module")
def front(listed: dict[str, Any]) -> str:
    """Return where citizens find the system."""
    balancer = listed["system_elicence"]["vars"]["govcloud_system"]["load_balancers"]["front"]
    return f"http://{balancer['floating_address']}:{balancer['listeners']['http']}"


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 - the scheme is ours
        return json.load(answer)


def _on(city: City, host: str, command: str) -> tuple[int, str]:
    done = city.run(["ansible", host, "-i", "inventory/hosts.py", "-b", "-m", "command", "-a", command])
    return done.returncode, done.stdout


def _psql(query: str) -> str:
    return f"env --chdir=/ runuser -u postgres -- psql --no-psqlrc -tA -d licences -c '{query}'"


def _sql(city: City, host: str, query: str) -> str:
    status, output = _on(city, host, _psql(query))
    assert status == 0, output
    return output


def _floating_addresses(listed: dict[str, Any]) -> set[str]:
    """Return every address by which the internet side reaches anything."""
    balancers = listed["system_elicence"]["vars"]["govcloud_system"]["load_balancers"].values()
    servers = [one["govcloud"] for one in listed["_meta"]["hostvars"].values()]
    assert not [one for one in servers if one["tier"] == "database" and one["floating_address"]]
    return {one["floating_address"] for one in [*balancers, *servers] if one["floating_address"]}


def _address(listed: dict[str, Any], host: str) -> str:
    return str(listed["_meta"]["hostvars"][host]["govcloud"]["ipv4"])


def test_a_second_run_changes_nothing(city: City, listed: dict[str, Any]) -> None:
    done = city.run(PLAYBOOK)
    assert done.returncode == 0, done.stdout + done.stderr
    changes = dict(re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)", done.stdout, re.MULTILINE))
    assert changes == dict.fromkeys(listed["_meta"]["hostvars"], "0"), done.stdout


def test_every_host_conforms_to_the_base(city: City, listed: dict[str, Any]) -> None:
    done = city.run(
        ["pytest", "compliance/controls", "--hosts=ansible://all", "--ansible-inventory=inventory/hosts.py"]
    )
    assert done.returncode == 0, done.stdout + done.stderr
    judged = re.search(r"(\d+) passed", done.stdout)
    assert judged
    assert int(judged[1]) >= 16 * len(listed["_meta"]["hostvars"])


def test_a_licence_that_is_issued_is_found_by_citizens(city: City, listed: dict[str, Any], front: str) -> None:
    """It is issued on one application server and read through the balancer, whichever server answers."""
    issuer, holder = f"{SYSTEM}-application-1", f"示例单位 {secrets.token_hex(8)}"
    wanted = json.dumps({"kind": "营业执照", "holder": holder, "document": f"licence of {holder}"})
    url = f"http://{_address(listed, issuer)}:8080/licences"
    issue = ["-m", "uri", "-a", json.dumps({"url": url, "method": "POST", "body": wanted, "status_code": 201})]
    city.run(["ansible", issuer, "-i", "inventory/hosts.py", *issue], check=True)

    for _ in range(6):
        found = [licence for licence in _get(f"{front}/licences") if licence["holder"] == holder]
        assert len(found) == 1
    with urllib.request.urlopen(front + found[0]["document"], timeout=20) as document:  # noqa: S310 - ours
        assert document.read().decode() == f"licence of {holder}"

    assert _sql(city, f"{SYSTEM}-database-1", "select holder from licences").count(holder) == 1
    # The standby follows on its own time; until it has the first licence it may not even have the table.
    wait_for(
        "the licence on the standby",
        lambda: _on(city, f"{SYSTEM}-database-2", _psql("select holder from licences"))[1].count(holder) == 1,
        30,
    )


def test_the_system_says_that_its_database_is_well(front: str, listed: dict[str, Any]) -> None:
    health = _get(f"{front}/healthz")
    assert health["database"] == _address(listed, f"{SYSTEM}-database-1")
    assert health["application"] in {f"{SYSTEM}-application-1", f"{SYSTEM}-application-2"}


def test_citizens_cannot_issue_licences(front: str) -> None:
    body = json.dumps({"kind": "营业执照", "holder": "nobody", "document": "forged"}).encode()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{front}/licences", body, timeout=20)  # noqa: S310 - the scheme is ours
    assert refused.value.code == 403


def test_the_database_is_reached_by_the_applications_and_by_nobody_else(city: City, listed: dict[str, Any]) -> None:
    server = f"{SYSTEM}-database-1"
    address = _address(listed, server)
    status, output = _on(city, server, f"ss -Hltn src {address}:5432")
    assert status == 0
    assert "LISTEN" in output
    assert _on(city, f"{SYSTEM}-application-1", f"nc -z -w 5 {address} 5432")[0] == 0
    assert _on(city, f"{SYSTEM}-web-1", f"nc -z -w 5 {address} 5432")[0] != 0
    assert _on(city, "approval-bastion", f"nc -z -w 5 {address} 5432")[0] != 0
    for floating in _floating_addresses(listed):
        with pytest.raises(OSError), socket.create_connection((floating, 5432), timeout=5):  # noqa: PT011 - any refusal
            pass
    # Alive before and after: else a denial would prove nothing.
    assert _on(city, f"{SYSTEM}-application-1", f"nc -z -w 5 {address} 5432")[0] == 0


def test_the_standby_follows(city: City) -> None:
    states = _sql(city, f"{SYSTEM}-database-1", "select state from pg_stat_replication")
    assert states.split()[-1] == "streaming"


def test_records_are_on_the_volume_and_survive_a_reboot(city: City, front: str) -> None:
    before = _get(f"{front}/healthz")["licences"]
    for server in (f"{SYSTEM}-database-1", f"{SYSTEM}-application-1"):
        mount = "/var/lib/postgresql" if "database" in server else "/srv/documents"
        city.run(["ansible", server, "-i", "inventory/hosts.py", "-b", "-m", "reboot"], check=True)
        status, output = _on(city, server, f"findmnt --noheadings --output FSTYPE --mountpoint {mount}")
        assert (status, output.split()[-1]) == (0, "ext4"), output
    assert _get(f"{front}/healthz")["licences"] == before


@OF_THE_LONG
def test_the_password_is_shown_nowhere(city: City, listed: dict[str, Any]) -> None:
    """The most talkative run of the plays that use it, and what the hosts and this machine keep of it."""
    reference = listed["system_elicence"]["vars"]["govcloud_system"]["secrets"]["database-password"]
    with clouds_file.connect(Workspace(city.root), "lab-approval") as department:
        manager: Any = department.key_manager
        password = str(manager.get_secret(reference.rsplit("/", 1)[-1]).payload)
    assert len(password) >= 16
    hosts = [f"{SYSTEM}-application-1", f"{SYSTEM}-database-1"]
    done = city.run([*PLAYBOOK, "-vvvv", "--limit", ",".join(hosts)])
    assert done.returncode == 0, done.stdout + done.stderr
    assert password not in done.stdout + done.stderr
    for host in hosts:
        status, journal = _on(city, host, "journalctl --no-pager --output=cat")
        assert status == 0
        assert password not in journal
