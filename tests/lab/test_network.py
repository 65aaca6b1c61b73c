"""The network over both chassis: load balancing, IPv6, metadata, an address that moves, the audit trail."""

from __future__ import annotations

import collections
import json
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conftest import City
from tests.lab.guest_site import Server, Site, wait_for

pytestmark = [pytest.mark.lab, pytest.mark.sample(3)]


@pytest.fixture(scope="module")
def pair(site: Site) -> Iterator[tuple[Server, Server]]:
    """Two web servers, one on each chassis; port 80 is open to the world, nothing else but SSH."""
    network = site.cloud.network
    group = next(iter(network.security_groups(name=site.prefix)))
    rule = network.create_security_group_rule(
        security_group_id=group.id,
        direction="ingress",
        ethertype="IPv4",
        protocol="tcp",
        port_range_min=80,
        port_range_max=80,
    )
    apart = site.cloud.compute.create_server_group(name="network-apart", policy="anti-affinity")
    servers = [site.start(f"web-{number}", scheduler_hints={"group": apart.id}) for number in (1, 2)]
    for server in servers:
        server.run("mkdir -p web && hostname > web/index.html")
        server.run(
            "sudo systemd-run --unit=web -p WorkingDirectory=/home/debian/web python3 -m http.server 80 --bind ::"
        )
    yield servers[0], servers[1]
    for server in servers:
        site.remove_server(server.id)
    site.cloud.compute.delete_server_group(apart.id)
    network.delete_security_group_rule(rule.id)


@pytest.fixture(scope="module")
def balancer(site: Site, pair: tuple[Server, Server]) -> Iterator[Any]:
    """Put a load balancer with a health monitor in front of both."""
    api, network = site.cloud.load_balancer, site.cloud.network
    subnet = next(one for one in network.subnets(name=site.prefix) if one.ip_version == 4)

    def settled(one: Any) -> Any:
        def look() -> Any:
            found = api.get_load_balancer(one)
            assert found.provisioning_status != "ERROR"
            return found if found.provisioning_status == "ACTIVE" else None

        return wait_for("load balancer ACTIVE", look)

    made = settled(api.create_load_balancer(name="network-test", vip_subnet_id=subnet.id, provider="ovn").id)
    listener = api.create_listener(name="http", load_balancer_id=made.id, protocol="TCP", protocol_port=80)
    settled(made.id)
    pool = api.create_pool(name="web", listener_id=listener.id, protocol="TCP", lb_algorithm="SOURCE_IP_PORT")
    settled(made.id)
    for server in pair:
        port = next(iter(network.ports(device_id=server.id)))
        address = next(one["ip_address"] for one in port.fixed_ips if ":" not in one["ip_address"])
        api.create_member(pool.id, address=address, protocol_port=80, subnet_id=subnet.id, name=server.id)
        settled(made.id)
    api.create_health_monitor(pool_id=pool.id, type="TCP", delay=3, timeout=2, max_retries=2, max_retries_down=2)
    settled(made.id)
    outside = network.find_network("internet")
    address = network.create_ip(floating_network_id=outside.id, port_id=made.vip_port_id)
    made.pool, made.address = pool.id, address.floating_ip_address
    yield made
    network.delete_ip(address.id)
    api.delete_load_balancer(made.id, cascade=True)
    wait_for("load balancer gone", lambda: api.find_load_balancer(made.id) is None)


def answers(address: str, count: int = 20) -> collections.Counter[str]:
    """Ask several times and count who answered."""
    found: collections.Counter[str] = collections.Counter()
    for _ in range(count):
        done = subprocess.run(
            ["curl", "--silent", "--max-time", "3", f"http://{address}/"], capture_output=True, text=True, check=False
        )
        found[done.stdout.strip() or "nobody"] += 1
    return found


def test_ipv6_reaches_across_chassis_and_only_where_allowed(pair: tuple[Server, Server]) -> None:
    first, second = pair
    address = second.run("ip -6 -brief address show scope global | awk '{print $3}' | cut -d/ -f1")
    assert address.startswith("fd77:")
    wait_for("ping over IPv6", lambda: first.attempt(f"ping -6 -c 2 -W 2 {address}").returncode == 0)
    first.run(f"nc -6 -z -w 3 {address} 22")
    # The listener is alive on IPv6; the open port 80 is open on IPv4 only.
    assert second.attempt("curl -6 -s -o /dev/null -m 3 'http://[::1]/'").returncode == 0
    assert first.attempt(f"curl -6 -s -o /dev/null -m 3 'http://[{address}]/'").returncode == 28


def test_metadata_answers_on_both_chassis(pair: tuple[Server, Server]) -> None:
    for server in pair:
        query = "curl -s -m 10 http://169.254.169.254/openstack/latest/meta_data.json"
        told = wait_for("metadata", lambda server=server, query=query: server.attempt(query).stdout, 60)
        assert json.loads(told)["uuid"] == server.id


def test_a_shared_address_moves_with_its_keeper(site: Site, pair: tuple[Server, Server]) -> None:
    network = site.cloud.network
    group = next(iter(network.security_groups(name=site.prefix)))
    rule = network.create_security_group_rule(
        security_group_id=group.id, direction="ingress", ethertype="IPv4", protocol="112", remote_group_id=group.id
    )
    shared = network.create_port(
        name="shared", network_id=network.find_network(site.prefix).id, security_group_ids=[group.id]
    )
    address = next(one["ip_address"] for one in shared.fixed_ips if ":" not in one["ip_address"])
    with ThreadPoolExecutor() as both:
        list(both.map(install_keepalived, pair))
    for priority, server in zip((150, 100), pair, strict=True):
        port = next(iter(network.ports(device_id=server.id)))
        network.update_port(port, allowed_address_pairs=[{"ip_address": address}])
        keep_address(server, address, priority)
    outside = network.create_ip(floating_network_id=network.find_network("internet").id, port_id=shared.id)
    first, second = (server.run("hostname") for server in pair)
    wait_for("the first keeper", lambda: set(answers(outside.floating_ip_address, 1)) == {first}, 60)
    pair[0].run("sudo systemctl stop keepalived")
    stopped = time.monotonic()
    wait_for("the second keeper", lambda: set(answers(outside.floating_ip_address, 1)) == {second}, 60)
    print(f"shared address moved in {time.monotonic() - stopped:.1f} s")
    network.delete_ip(outside.id)
    for server in pair:
        server.run("sudo systemctl stop keepalived")
    network.delete_port(shared.id)
    network.delete_security_group_rule(rule.id)


def install_keepalived(server: Server) -> None:
    """Install it from the city's mirror, without what only recommends itself: a mail server and more."""
    apt = "sudo DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=60"
    server.run(f"{apt} update && {apt} install -y --no-install-recommends keepalived", 240)


def keep_address(server: Server, address: str, priority: int) -> None:
    """Let keepalived hold the address."""
    settings = (
        "vrrp_instance shared {\n state BACKUP\n interface eth0\n virtual_router_id 51\n"
        f" priority {priority}\n advert_int 1\n virtual_ipaddress {{\n {address}/24\n }}\n}}\n"
    )
    server.run(f"printf '%s' '{settings}' | sudo tee /etc/keepalived/keepalived.conf >/dev/null")
    server.run("sudo systemctl restart keepalived && systemctl is-active keepalived")


def test_balancer_spreads_over_both_chassis_and_leaves_a_dead_member_out(
    site: Site,
    pair: tuple[Server, Server],
    balancer: Any,
) -> None:
    names = {server.run("hostname") for server in pair}
    wait_for("both members ONLINE", lambda: member_states(site, balancer) == {"ONLINE"}, 90)
    wait_for("an answer", lambda: answers(balancer.address, 1)["nobody"] == 0)
    seen = answers(balancer.address, 30)
    assert set(seen) == names, seen
    pair[0].run("sudo systemctl stop web")
    stopped = time.monotonic()
    wait_for("the dead member in ERROR", lambda: member_states(site, balancer) == {"ONLINE", "ERROR"}, 90)
    print(f"member ERROR {time.monotonic() - stopped:.1f} s after it died")
    assert set(answers(balancer.address, 10)) == {pair[1].run("hostname")}
    pair[0].run("cd web && sudo systemd-run --unit=web -p WorkingDirectory=$PWD python3 -m http.server 80 --bind ::")
    wait_for("both members ONLINE again", lambda: member_states(site, balancer) == {"ONLINE"}, 90)


def member_states(site: Site, balancer: Any) -> set[str]:
    return {member.operating_status for member in site.cloud.load_balancer.members(balancer.pool)}


def test_every_change_by_the_interface_leaves_an_audit_record(city: City, site: Site) -> None:
    network = site.cloud.network.create_network(name="audited")
    site.cloud.network.delete_network(network.id)

    def recorded() -> list[dict[str, Any]]:
        text = "".join(path.read_text(errors="replace") for path in (city.root / ".lab/state/log").glob("*.log"))
        lines = (line for line in text.splitlines() if f"/v2.0/networks/{network.id}" in line and "audit.http" in line)
        return [json.loads(line[line.index("{") :])["payload"] for line in lines]

    found = wait_for("the record of the deletion", lambda: [one for one in recorded() if "reason" in one], 20)
    assert {(one["action"], one["outcome"], one["initiator"]["name"]) for one in found} == {
        ("delete", "success", "admin")
    }
    assert {one["reason"]["reasonCode"] for one in found} == {"204"}
