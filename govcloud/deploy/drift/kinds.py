"""Every type of resource that our stacks make, and how it compares."""

from __future__ import annotations

from collections.abc import Callable

from govcloud.deploy.drift.fields import UNASKED, Field, Thing, never, nought, same, within
from govcloud.deploy.drift.kind import Kind, in_department, quota
from govcloud.deploy.drift.network_kinds import NETWORK


def _unless(value: object, usual: object) -> object:
    return None if value == usual else value


def _acl(name: str) -> Callable[[Thing], object]:
    return lambda one: one["acl"]["read"].get(name) if "acl" in one else UNASKED


_BALANCING = {
    "loadbalancer/loadBalancer:LoadBalancer": Kind(
        listed="load_balancers",
        fields=(
            *same("name", "description", "admin_state_up", "tags", "vip_address", "vip_subnet_id", "vip_qos_policy_id"),
            *same(provider="loadbalancerProvider"),
        ),
    ),
    "loadbalancer/listener:Listener": Kind(
        listed="listeners",
        fields=(
            *same("name", "description", "admin_state_up", "tags", "protocol", "protocol_port", "connection_limit"),
            *same("default_pool_id", "allowed_cidrs", "insert_headers", "timeout_client_data"),
            *same("timeout_member_connect", "timeout_member_data", "timeout_tcp_inspect"),
            *same("default_tls_container_ref", "sni_container_refs", "client_authentication"),
            *never("l7policies"),
        ),
    ),
    "loadbalancer/pool:Pool": Kind(
        listed="pools",
        fields=(
            *same("name", "description", "admin_state_up", "tags", "protocol", "tls_enabled"),
            *same(lb_algorithm="lbMethod", session_persistence="persistence"),
        ),
    ),
    "loadbalancer/monitor:Monitor": Kind(
        listed="monitors",
        fields=(
            *same("name", "admin_state_up", "type", "delay", "timeout", "max_retries", "max_retries_down"),
            *same("http_method", "url_path", "expected_codes", "http_version", "domain_name"),
            *never("tags"),
        ),
    ),
    "loadbalancer/member:Member": Kind(
        listed="members",
        fields=(
            *same("name", "admin_state_up", "tags", "address", "protocol_port", "subnet_id", "weight", "backup"),
            *same("monitor_address"),
            Field("monitor_port", nought(within("monitorPort")), nought(within("monitor_port"))),
        ),
    ),
    "loadbalancer/quota:Quota": quota(
        "balancer_quotas",
        same("listener", "loadbalancer", "member", "pool", healthmonitor="healthMonitor"),
        same(l7policy="l7Policy", l7rule="l7Rule"),
    ),
}

_COMPUTE = {
    "compute/instance:Instance": Kind(
        listed="servers",
        fields=(
            *same("name", "key_name", metadata="allMetadata", tags="allTags", key_name="keyPair"),
            *never("accessIPv4", "accessIPv6"),
            # Nova gives a server its name for a description where none is asked for.
            Field("description", lambda _: None, lambda one: _unless(one.get("description"), one.get("name"))),
            Field("flavor", within("flavorName"), within("flavor", "original_name")),
            Field("image", within("imageId"), within("image", "id")),
            Field("host name", within("name"), within("OS-EXT-SRV-ATTR:hostname")),
            Field("state", within("powerState"), lambda one: str(one.get("status")).lower()),
            Field("locked", lambda _: False, lambda one: bool(one.get("locked"))),
        ),
    ),
    "compute/serverGroup:ServerGroup": Kind(listed="server_groups", fields=same("name", policy="policies")),
    "compute/keypair:Keypair": Kind(
        listed="key_pairs",
        identity=in_department,
        known=lambda resource: f"{resource.department}/{resource.id}",
        fields=(
            Field(
                "public_key",
                lambda one: str(one.get("publicKey")).strip(),
                lambda one: str(one.get("public_key")).strip(),
            ),
        ),
    ),
    "compute/volumeAttach:VolumeAttach": Kind(listed="attachments", fields=same("device")),
    "compute/flavor:Flavor": Kind(
        listed="flavors",
        fields=(
            *same("name", "ram", "vcpus", "disk", "swap", "description", "extra_specs", rxtx_factor="rxTxFactor"),
            *same(**{"OS-FLV-EXT-DATA:ephemeral": "ephemeral", "os-flavor-access:is_public": "isPublic"}),
        ),
    ),
    "compute/quotaSetV2:QuotaSetV2": quota(
        "compute_quotas",
        same("cores", "instances", "ram", "server_groups", "server_group_members", "metadata_items"),
        same(key_pairs="keyPairs"),
    ),
}

_OTHERS = {
    "blockstorage/volume:Volume": Kind(
        listed="volumes",
        fields=(
            *same("name", "description", "size", "volume_type", "metadata"),
            Field("bootable", lambda one: bool(one.get("imageId")), lambda one: one.get("bootable") == "true"),
        ),
    ),
    "blockstorage/volumeTypeV3:VolumeTypeV3": Kind(
        listed="volume_types", fields=same("name", "description", "is_public", "extra_specs")
    ),
    "blockstorage/quoteSetV3:QuoteSetV3": quota(
        "volume_quotas",
        same("backup_gigabytes", "backups", "gigabytes", "groups", "per_volume_gigabytes", "snapshots", "volumes"),
    ),
    "identity/project:Project": Kind(
        listed="projects", fields=same("name", "description", "enabled", "tags", "domain_id")
    ),
    "keymanager/secretV1:SecretV1": Kind(
        listed="secrets",
        fields=(
            *same("name", "status", "algorithm", "mode", "secret_type", "expiration", "content_types"),
            Field("bit_length", nought(within("bitLength")), nought(within("bit_length"))),
            *same(metadata="allMetadata"),
            Field("project may read", within("acl", "read", "projectAccess"), _acl("project-access")),
            Field("readers", within("acl", "read", "users"), _acl("users")),
        ),
    ),
    "objectstorage/container:Container": Kind(
        listed="containers",
        identity=in_department,
        known=lambda resource: f"{resource.department}/{resource.id}",
        fields=(
            *same("metadata", "container_read", "container_write", "container_sync_to", "container_sync_key"),
            Field("versioning", lambda one: bool(one.get("versioning")), within("versioning")),
        ),
    ),
}

KINDS = {f"openstack:{kind}": one for kind, one in {**NETWORK, **_BALANCING, **_COMPUTE, **_OTHERS}.items()}
