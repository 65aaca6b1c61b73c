"""A server's life in the lab: every action of the API ends in what it says, seen from inside the guest."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator

import pytest

from tests.lab.guest_site import IMAGE, Server, Site, wait_for

pytestmark = [pytest.mark.lab, pytest.mark.sample(6)]


@pytest.fixture(scope="module")
def server(site: Site) -> Iterator[Server]:
    made = site.start("life")
    yield made
    site.remove_server(made.id)


@pytest.fixture(scope="module")
def large(site: Site) -> str:
    """Return a larger flavor than the server was made with."""
    return str(site.flavor("guests-large", memory_mib=1024, cpus=2).id)


def figure(what: str, start: float) -> None:
    print(f"{what}: {time.monotonic() - start:.1f} s")


def test_a_server_is_a_debian_host_of_its_own(site: Site) -> None:
    start = time.monotonic()
    made = site.start("create")
    figure("create until ACTIVE, with floating address", start)
    answer = made.run("hostname; systemctl is-system-running --wait; cat /etc/machine-id; cat /proc/1/comm")
    figure("create until SSH", start)
    name, state, machine_id, first = answer.splitlines()
    assert (name, state, first) == ("guests-create", "running", "systemd")
    assert machine_id == made.id.replace("-", "")
    addresses = made.run("ip -brief address show dev eth0")
    assert "10.77.0." in addresses
    assert "fd77:" in addresses
    start = time.monotonic()
    site.remove_server(made.id)
    figure("delete", start)


def test_console_log_is_the_real_boot(server: Server) -> None:
    output = server.cloud.compute.get_server_console_output(server.id)["output"]
    assert "Welcome to" in output
    assert "Reached target" in output


def test_user_data_is_carried_out_by_cloud_init(site: Site) -> None:
    script = "#cloud-config\nwrite_files:\n- {path: /etc/from_user_data, content: yes it is}\n"
    made = site.start("data", user_data=base64.b64encode(script.encode()).decode())
    made.run("cloud-init status --wait")
    assert made.run("cat /etc/from_user_data") == "yes it is"
    site.remove_server(made.id)


def test_metadata_service_answers(server: Server) -> None:
    # A host's agent begins to serve a network when the first server of it is there: that server may be the quicker one.
    query = "curl -s --max-time 20 http://169.254.169.254/latest/meta-data/hostname"
    name = wait_for("metadata", lambda: server.attempt(query).stdout)
    assert name.startswith("guests-life")


@pytest.mark.parametrize("kind", ["SOFT", "HARD"])
def test_reboot(server: Server, kind: str) -> None:
    before = server.boot_id()
    start = time.monotonic()
    server.cloud.compute.reboot_server(server.id, kind)
    wait_for("another boot", lambda: server.boot_id() != before)
    figure(f"reboot {kind}", start)
    server.becomes("ACTIVE")


def test_reboot_from_inside(server: Server) -> None:
    before = server.boot_id()
    start = time.monotonic()
    server.tell("sudo systemctl reboot")
    wait_for("another boot", lambda: server.boot_id() != before)
    figure("reboot from inside", start)


def test_stop_and_start(server: Server) -> None:
    server.run("echo kept | sudo tee /etc/kept; sync")
    start = time.monotonic()
    server.cloud.compute.stop_server(server.id)
    server.becomes("SHUTOFF")
    figure("stop", start)
    start = time.monotonic()
    server.cloud.compute.start_server(server.id)
    server.becomes("ACTIVE")
    assert server.run("cat /etc/kept") == "kept"
    figure("start until SSH", start)


def test_power_off_from_inside_is_noticed(server: Server) -> None:
    server.tell("sudo systemctl poweroff")
    print(f"poweroff until SHUTOFF: {server.becomes('SHUTOFF'):.1f} s")
    server.cloud.compute.start_server(server.id)
    server.becomes("ACTIVE")
    server.run("true")


def test_a_unit_that_never_stops_does_not_hold_a_power_off(server: Server) -> None:
    server.run("sudo systemd-run -p TimeoutStopSec=infinity -p 'ExecStop=sleep infinity' sleep infinity")
    server.tell("sudo systemctl poweroff")
    waited = server.becomes("SHUTOFF")
    print(f"poweroff with a unit that never stops: {waited:.1f} s")
    # The limit and not the unit ended it: 30 s for the whole, of which asking has taken a few.
    assert waited > 20
    server.cloud.compute.start_server(server.id)
    server.becomes("ACTIVE")
    server.run("true")


def test_pause_freezes_the_guest(server: Server) -> None:
    server.cloud.compute.pause_server(server.id)
    server.becomes("PAUSED")
    assert server.attempt("true", seconds=4).returncode == 255
    server.cloud.compute.unpause_server(server.id)
    server.becomes("ACTIVE")
    server.run("true")


def test_resize_can_be_reverted(server: Server, large: str) -> None:
    before = server.look().flavor.name
    server.cloud.compute.resize_server(server.id, large)
    server.becomes("VERIFY_RESIZE")
    server.cloud.compute.revert_server_resize(server.id)
    server.becomes("ACTIVE")
    assert server.look().flavor.name == before
    server.run("true")


def test_resize_changes_the_limits(server: Server, large: str) -> None:
    start = time.monotonic()
    server.cloud.compute.resize_server(server.id, large)
    server.becomes("VERIFY_RESIZE")
    server.cloud.compute.confirm_server_resize(server.id)
    server.becomes("ACTIVE")
    server.run("true")
    figure("resize and confirm", start)
    # 700 MiB did not fit the old flavor.
    server.run("python3 -c 'print(len(bytearray(700 << 20)))'")


def test_memory_of_the_flavor_is_the_limit(server: Server) -> None:
    # Killed, and the shell that it ran in lives: 128 + 9.
    assert server.run("python3 -c 'print(len(bytearray(1500 << 20)))'; echo $?") == "137"


def test_interface_comes_and_goes(site: Site, server: Server) -> None:
    network = site.cloud.network.create_network(name="guests-second")
    site.cloud.network.create_subnet(network_id=network.id, name="second", ip_version=4, cidr="10.78.0.0/24")
    start = time.monotonic()
    added = site.cloud.compute.create_server_interface(server.id, net_id=network.id)
    wait_for("address", lambda: "10.78.0." in server.run("ip -4 -brief address show dev eth1 || true"))
    figure("attach interface until it has its address", start)
    site.cloud.compute.delete_server_interface(added, server=server.id)
    wait_for("no eth1", lambda: "eth1" not in server.run("ip -brief link"))
    wait_for("no port", lambda: not list(site.cloud.network.ports(network_id=network.id, device_id=server.id)))
    site.cloud.network.delete_network(network.id)


def test_snapshot_becomes_a_server_and_rebuild_wipes(site: Site, server: Server) -> None:
    server.run("echo golden | sudo tee /etc/golden; sync")
    start = time.monotonic()
    image = site.cloud.compute.create_server_image(server.id, "guests-golden", wait=True, timeout=120)
    figure("snapshot", start)
    copy = site.start("copy", image_id=image.id)
    assert copy.run("hostname; cat /etc/golden").split() == ["guests-copy", "golden"]
    assert copy.run("cat /etc/machine-id") != server.run("cat /etc/machine-id")
    site.remove_server(copy.id)
    site.cloud.image.delete_image(image.id)
    start = time.monotonic()
    site.cloud.compute.rebuild_server(server.id, site.cloud.image.find_image(IMAGE).id)
    wait_for("rebuilding", lambda: server.look().task_state or server.look().status == "REBUILD", 20)
    server.becomes("ACTIVE")
    assert server.attempt("cat /etc/golden").returncode == 1
    figure("rebuild until SSH", start)


def test_hardened_image_boots_and_is_hardened(site: Site) -> None:
    made = site.start("hard", image_id=site.cloud.image.find_image("debian-12-hardened").id)
    assert made.run("systemctl is-system-running --wait") == "running"
    settings = made.run("sudo sshd -T").splitlines()
    assert {"permitrootlogin no", "passwordauthentication no", "x11forwarding no"} <= set(settings)
    assert "pam_faillock.so" in made.run("cat /etc/pam.d/common-auth")
    assert made.run("umask; ls -d /var/log/journal").split() == ["0027", "/var/log/journal"]
    site.remove_server(made.id)


def test_an_image_that_is_no_root_file_system_is_refused(site: Site) -> None:
    image = site.cloud.image.create_image(
        name="guests-other", data=b"\0" * 65536, disk_format="raw", container_format="bare"
    )
    made = site.create("refused", image_id=image.id)
    wait_for("refused", lambda: site.cloud.compute.get_server(made.id).status == "ERROR")
    assert "not the root file system of a container" in site.cloud.compute.get_server(made.id).fault["message"]
    site.remove_server(made.id)
    site.cloud.image.delete_image(image.id)
