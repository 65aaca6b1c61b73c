"""The types of the network service."""

from __future__ import annotations

from collections.abc import Callable

from govcloud.deploy.drift.fields import Field, Thing, never, nought, same, tagged, within
from govcloud.deploy.drift.kind import Kind, quota

ROUTER_LEG = "network:router_interface"


def _addresses(thing: Thing) -> object:
    return [{"subnet": one["subnet_id"], "address": one["ip_address"]} for one in thing.get("fixed_ips") or ()]


def _state_addresses(key: str) -> Callable[[Thing], object]:
    return lambda outputs: [
        {"subnet": one.get("subnetId"), "address": one.get("ipAddress")} for one in outputs.get(key) or ()
    ]


def _pairs(address: str, mac: str, key: str) -> Callable[[Thing], object]:
    """Return how to read who else may speak through a port; without a hardware address it is the port's own."""
    return lambda one: [
        {"address": pair.get(address), "mac": pair.get(mac) or own}
        for own in (one.get("mac_address") or one.get("macAddress"),)
        for pair in one.get(key) or ()
    ]


def is_leg(thing: Thing) -> bool:
    """Return whether a port is a router's leg in a network."""
    return str(thing["device_owner"]).startswith(ROUTER_LEG)


NETWORK = {
    "networking/network:Network": Kind(
        listed="networks",
        fields=(
            *tagged(),
            *same("admin_state_up", "dns_domain", "mtu", "port_security_enabled", "qos_policy_id", "shared"),
            *same(**{"router:external": "external"}),
        ),
    ),
    "networking/subnet:Subnet": Kind(
        listed="subnets",
        fields=(
            *tagged(),
            *same("allocation_pools", "cidr", "dns_nameservers", "enable_dhcp", "gateway_ip", "service_types"),
            *never("host_routes"),
        ),
    ),
    "networking/subnetPool:SubnetPool": Kind(
        listed="subnet_pools",
        fields=(
            *tagged(),
            *same("prefixes", "default_prefixlen", "min_prefixlen", "max_prefixlen", "is_default", "shared"),
            *same("address_scope_id"),
            Field("default_quota", nought(within("defaultQuota")), nought(within("default_quota"))),
        ),
    ),
    "networking/router:Router": Kind(
        listed="routers",
        fields=(
            *tagged(),
            *same("admin_state_up"),
            *never("routes"),
            Field("gateway", within("externalNetworkId"), within("external_gateway_info", "network_id")),
            Field("enable_snat", within("enableSnat"), within("external_gateway_info", "enable_snat")),
            Field(
                "gateway addresses",
                _state_addresses("externalFixedIps"),
                lambda thing: _addresses(
                    {"fixed_ips": (thing.get("external_gateway_info") or {}).get("external_fixed_ips")}
                ),
            ),
        ),
    ),
    "networking/routerInterface:RouterInterface": Kind(
        listed="ports",
        chosen=is_leg,
        fields=(
            *same(device_id="routerId"),
            Field("subnets", lambda one: [one["subnetId"]], lambda one: [leg["subnet_id"] for leg in one["fixed_ips"]]),
        ),
    ),
    "networking/port:Port": Kind(
        listed="ports",
        fields=(
            *tagged(),
            *same("admin_state_up", "device_id", "dns_name", "mac_address", "port_security_enabled", "qos_policy_id"),
            *same(security_groups="allSecurityGroupIds"),
            Field("fixed_ips", _state_addresses("fixedIps"), _addresses),
            Field(
                "allowed_address_pairs",
                _pairs("ipAddress", "macAddress", "allowedAddressPairs"),
                _pairs("ip_address", "mac_address", "allowed_address_pairs"),
            ),
            *same(extra_dhcp_opts="extraDhcpOptions"),
        ),
    ),
    "networking/floatingIp:FloatingIp": Kind(
        listed="floating_addresses",
        fields=(
            *same("description", "port_id", floating_ip_address="address", fixed_ip_address="fixedIp", tags="allTags"),
            *never("qos_policy_id"),
        ),
    ),
    "networking/secGroup:SecGroup": Kind(
        listed="security_groups", fields=(*tagged(), *same("stateful"), *never("shared_with"))
    ),
    "networking/secGroupRule:SecGroupRule": Kind(
        listed="security_group_rules",
        fields=(
            *same("description", "direction", "ethertype", "protocol", "security_group_id", "remote_group_id"),
            *same("remote_ip_prefix", "remote_address_group_id"),
            Field("port_range_min", nought(within("portRangeMin")), nought(within("port_range_min"))),
            Field("port_range_max", nought(within("portRangeMax")), nought(within("port_range_max"))),
        ),
    ),
    "networking/quotaV2:QuotaV2": quota(
        "network_quotas",
        same("floatingip", "network", "port", "rbac_policy", "router", "security_group", "security_group_rule"),
        same("subnet", "subnetpool"),
    ),
}
