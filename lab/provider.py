"""What a cloud's operator sets up before the first tenant: hosts in their cell, the external network, images."""

from __future__ import annotations

from openstack.connection import Connection

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.workspace import Workspace
from lab.identity import Identity
from lab.images import build, publish
from lab.namespace import run_inside
from lab.services import HOSTS, NOVA_WITH_DATABASE

EXTERNAL = "internet"
IMAGES = ("debian-12", "debian-12-hardened")


def map_hosts(workspace: Workspace, cloud: Connection) -> None:
    """Give every compute host its place in the cell; the scheduler knows only those."""
    wanted = {host.name for host in HOSTS}
    if wanted <= {one.name for one in cloud.compute.hypervisors()}:
        return
    done = run_inside(workspace, ["nova-manage", *NOVA_WITH_DATABASE.split(), "cell_v2", "discover_hosts"])
    if done.returncode:
        raise GovcloudError(f"nova-manage discover_hosts failed:\n{done.stderr[-1000:]}", status=Exit.COULD_NOT_CHECK)


def external_network(cloud: Connection, identity: Identity) -> None:
    """Make the external network with its IPv4 and IPv6 subnets."""
    network = cloud.network.find_network(EXTERNAL) or cloud.network.create_network(
        name=EXTERNAL,
        is_router_external=True,
        provider_network_type="flat",
        provider_physical_network=EXTERNAL,
    )
    block, block6 = identity.floating, identity.floating6
    subnets = {
        f"{EXTERNAL}-v4": (4, block, identity.floating_gateway, (str(block[10]), str(block[250]))),
        f"{EXTERNAL}-v6": (6, block6, identity.floating6_gateway, (str(block6[0x10]), str(block6[0xFFF]))),
    }
    known = {subnet.name for subnet in cloud.network.subnets(network_id=network.id)}
    for name, (version, cidr, gateway, (start, end)) in subnets.items():
        if name not in known:
            cloud.network.create_subnet(
                network_id=network.id,
                name=name,
                ip_version=version,
                cidr=str(cidr),
                gateway_ip=gateway,
                is_dhcp_enabled=False,
                allocation_pools=[{"start": start, "end": end}],
            )


def images(cloud: Connection) -> None:
    """Publish the images that the cache holds; one that is there unchanged is left alone."""
    for name in IMAGES:
        publish.publish(cloud, name, build.ensure(name))


def routes(workspace: Workspace, cloud: Connection) -> None:
    """Route IPv6 networks to their routers at the provider's edge: IPv6 has no floating addresses.

    Inside the lab only: the departments' prefixes are the same in every lab of the machine, so the machine routes none.
    """
    lines = []
    for router in cloud.network.routers():
        gateway = router.external_gateway_info or {}
        addresses = [one["ip_address"] for one in gateway.get("external_fixed_ips", ()) if ":" in one["ip_address"]]
        served = _attached_ipv6(cloud, router.id) if addresses else []
        lines += [f"ip -6 route replace {cidr} via {addresses[0]} dev external" for cidr in served]
    if lines:
        done = run_inside(workspace, ["/bin/sh", "-euc", "\n".join(lines)])
        if done.returncode:
            raise GovcloudError(f"routes to IPv6 networks: {done.stderr.strip()}", status=Exit.COULD_NOT_CHECK)


def _attached_ipv6(cloud: Connection, router: str) -> list[str]:
    """Return the IPv6 networks that a router serves."""
    ports = cloud.network.ports(device_id=router)
    subnets = {fixed["subnet_id"] for port in ports if "interface" in port.device_owner for fixed in port.fixed_ips}
    found = (cloud.network.get_subnet(subnet) for subnet in sorted(subnets))
    return [str(subnet.cidr) for subnet in found if subnet.ip_version == 6]  # noqa: PLR2004 - a version of IP
