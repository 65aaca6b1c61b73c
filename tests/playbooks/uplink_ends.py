"""Both ends of the uplink as they are tried: what the city's role is told, and a province that misbehaves.

The province announces more than it should, has a way to every zone of the city and lets everything through: what is
closed is closed by the city's router alone. Addresses of the city are the address plan's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.playbooks.harness import Applied
from tests.playbooks.routers import Host, link
from tests.sample import SAMPLE

PLAN = SAMPLE.plan.zones
EXCHANGE, DATA = PLAN["exchange"], PLAN["data"]
PROVINCE = {4: "10.32.0.0/16", 6: "fd00:1300::/32"}
# One host of each side, by version of IP.
SHARING = {4: str(EXCHANGE.ipv4[0x120]), 6: str(EXCHANGE.ipv6[0x120])}
RECORDS = {4: str(DATA.ipv4[0x120]), 6: str(DATA.ipv6[0x120])}
THERE = {4: "10.32.1.20", 6: "fd00:1300:1::20"}
ROUTER = {4: "10.21.255.1", 6: "fd00:1301:6:ff::1"}
NEIGHBOUR = {4: "10.21.255.2", 6: "fd00:1301:6:ff::2"}
BELIEVED = {4: "10.32.1.0/24", 6: "fd00:1300:1::/64"}
MOST = 4

PROVINCE_TUNNEL = """[Interface]
PrivateKey = {private}
ListenPort = 51820
Address = 10.21.255.2/30
Address = fd00:1301:6:ff::2/64
MTU = 1380
Table = off
[Peer]
PublicKey = {public}
Endpoint = 192.0.2.1:51820
AllowedIPs = 0.0.0.0/0, ::/0
"""
PROVINCE_ROUTES = """frr defaults traditional
ip forwarding
ipv6 forwarding
ip route 0.0.0.0/0 blackhole 250
ip route 192.168.0.0/16 blackhole
ip route 10.19.0.0/16 10.21.255.1
ipv6 route ::/0 blackhole 250
ipv6 route fd00:1301:4::/48 fd00:1301:6:ff::1
bfd
 profile uplink
  detect-multiplier 5
  transmit-interval 500
  receive-interval 500
 exit
exit
router bgp 64600
 bgp router-id 10.21.255.2
 no bgp ebgp-requires-policy
 no bgp network import-check
 no bgp default ipv4-unicast
 neighbor 10.21.255.1 remote-as 64512
 neighbor 10.21.255.1 timers 3 9
 neighbor 10.21.255.1 timers connect 5
 neighbor 10.21.255.1 bfd
 neighbor 10.21.255.1 bfd profile uplink
 neighbor fd00:1301:6:ff::1 remote-as 64512
 neighbor fd00:1301:6:ff::1 timers 3 9
 neighbor fd00:1301:6:ff::1 timers connect 5
 neighbor fd00:1301:6:ff::1 bfd
 neighbor fd00:1301:6:ff::1 bfd profile uplink
 address-family ipv4 unicast
  network 10.32.1.0/24
  network 0.0.0.0/0
  network 192.168.0.0/16
  network 10.19.0.0/16
  network 10.32.1.128/25
  neighbor 10.21.255.1 activate
 exit-address-family
 address-family ipv6 unicast
  network fd00:1300:1::/64
  network ::/0
  network fd00:1301:4::/48
  neighbor fd00:1301:6:ff::1 activate
 exit-address-family
exit
"""


def border_router(settings: Path, private: str, neighbours_key: str) -> Applied:
    """Return the role as it is applied to the city's end, bounded to a folder."""
    variables: dict[str, Any] = {
        "border_router_as": 64512,
        "border_router_id": ROUTER[4],
        "border_router_neighbour_as": 64600,
        "border_router_addresses": [f"{ROUTER[4]}/30", f"{ROUTER[6]}/64"],
        "border_router_neighbours": [NEIGHBOUR[4], NEIGHBOUR[6]],
        "border_router_endpoint": "192.0.2.2:51820",
        "border_router_neighbour_key": neighbours_key,
        "border_router_key": private,
        "border_router_shared": [str(EXCHANGE.ipv4), str(EXCHANGE.ipv6)],
        "border_router_inside": ["10.21.0.2", "fd00:1301:6::2"],
        "border_router_province": list(PROVINCE.values()),
        "border_router_most_prefixes": MOST,
        "border_router_packages": [],
        "border_router_tunnel_settings": str(settings / "etc/wireguard"),
        "border_router_routing_settings": str(settings / "etc/frr"),
        "border_router_filter": str(settings / "etc/nftables.conf"),
        "border_router_units": str(settings / "etc/systemd/system"),
        "border_router_program": str(settings / "usr/local/sbin/uplink-state"),
    }
    for name in ("etc/wireguard", "etc/frr", "etc/systemd/system", "usr/local/sbin"):
        (settings / name).mkdir(parents=True)
    return Applied("border_router", settings, variables, ("nft",), running=True)


def join(city: Host, inside: Host, province: Host, internet: Host) -> None:
    """Cable the four hosts, and give them their addresses and ways."""
    link(city, "inside", inside, "eth0")
    link(city, "outside", province, "eth0")
    link(city, "internet", internet, "eth0")
    city.shell(
        "ip address add 10.21.0.1/24 dev inside; ip -6 address add fd00:1301:6::1/64 dev inside nodad\n"
        "ip address add 192.0.2.1/30 dev outside\n"
        "ip address add 198.51.100.1/24 dev internet; ip -6 address add 2001:db8::1/64 dev internet nodad\n"
        "ip route add default via 198.51.100.2; ip -6 route add default via 2001:db8::2\n"
        # A route too many: the zone that must not be reached is not kept apart by the lack of one.
        f"ip route add {DATA.ipv4} via 10.21.0.2; ip -6 route add {DATA.ipv6} via fd00:1301:6::2\n"
    )
    inside.shell(
        "ip address add 10.21.0.2/24 dev eth0; ip -6 address add fd00:1301:6::2/64 dev eth0 nodad\n"
        f"ip address add {SHARING[4]}/32 dev lo; ip address add {RECORDS[4]}/32 dev lo\n"
        f"ip -6 address add {SHARING[6]}/128 dev lo nodad; ip -6 address add {RECORDS[6]}/128 dev lo nodad\n"
        "ip route add default via 10.21.0.1; ip -6 route add default via fd00:1301:6::1\n"
    )
    internet.shell("ip address add 198.51.100.2/24 dev eth0; ip -6 address add 2001:db8::2/64 dev eth0 nodad\n")
    province.shell(
        "ip address add 192.0.2.2/30 dev eth0\n"
        f"ip address add {THERE[4]}/32 dev lo; ip -6 address add {THERE[6]}/128 dev lo nodad\n"
    )
