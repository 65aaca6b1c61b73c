"""A server for a moment, started from an image that is to be judged; whatever happens, nothing of it stays."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from openstack.connection import Connection

from govcloud.core.errors import Exit, GovcloudError

_SECONDS = 180
_BLOCK, _GATEWAY = "10.78.0.0/24", "10.78.0.1"


@contextmanager
def server(cloud: Connection, image: str, external: str, public_key: str) -> Iterator[str]:
    """Start a server from an image with a network of its own and give its address, reachable by SSH alone."""
    network: Any = cloud.network
    name = f"trial-{secrets.token_hex(3)}"
    outside = network.find_network(external)
    picture: Any = cloud.image.get_image(image)
    fit = [
        one
        for one in cloud.compute.flavors()
        if one.ram >= max(picture.min_ram or 0, 512) and one.disk >= max(picture.min_disk or 0, 2)
    ]
    if outside is None or not fit:
        lack = f"external network {external}" if outside is None else "flavor that the image fits into"
        raise GovcloudError(f"The cloud has no {lack}. Fix: govcloud deploy foundation", status=Exit.COULD_NOT_CHECK)
    with ExitStack() as left:
        net = network.create_network(name=name)
        left.callback(network.delete_network, net)
        subnet = network.create_subnet(network_id=net.id, name=name, ip_version=4, cidr=_BLOCK, gateway_ip=_GATEWAY)
        left.callback(network.delete_subnet, subnet)
        router = network.create_router(name=name, external_gateway_info={"network_id": outside.id})
        left.callback(network.delete_router, router)
        network.add_interface_to_router(router, subnet_id=subnet.id)
        left.callback(network.remove_interface_from_router, router, subnet_id=subnet.id)
        group = network.create_security_group(name=name)
        left.callback(network.delete_security_group, group)
        ssh = {"protocol": "tcp", "port_range_min": 22, "port_range_max": 22}
        network.create_security_group_rule(security_group_id=group.id, direction="ingress", ethertype="IPv4", **ssh)
        port = network.create_port(network_id=net.id, name=name, security_group_ids=[group.id])
        left.callback(network.delete_port, port)
        key = cloud.compute.create_keypair(name=name, public_key=public_key)
        left.callback(cloud.compute.delete_keypair, key)
        flavor = min(fit, key=lambda one: (one.ram, one.disk))
        made = cloud.compute.create_server(
            name=name, image_id=image, flavor_id=flavor.id, networks=[{"port": port.id}], key_name=name
        )
        left.callback(cloud.compute.wait_for_delete, made, interval=1, wait=_SECONDS)
        left.callback(cloud.compute.delete_server, made)
        cloud.compute.wait_for_server(made, interval=1, wait=_SECONDS)
        address = network.create_ip(floating_network_id=outside.id, port_id=port.id)
        left.callback(network.delete_ip, address)
        yield str(address.floating_ip_address)
