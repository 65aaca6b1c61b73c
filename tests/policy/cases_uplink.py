"""Rules about the border router: what it alone may do, and that nobody else does."""

from __future__ import annotations

from typing import Any

from compliance.policy.resource import Resource
from tests.policy.records import PORT, Case, but, conform, labels, made, nonconform, server, tags, way

UPLINK = "lab-uplink"
_PROVINCE = ("10.32.0.0/16", "fd00:1300::/32")


def _tags(zone: str, tier: str = "border") -> list[str]:
    return tags(unit="uplink", system="shared", tier=tier, zone=zone, owner="bureau")


def _group(zone: str, tier: str = "border") -> Resource:
    return made("networking.SecGroup", f"{zone}-{tier}", name=zone, deleteDefaultRules=True, tags=_tags(zone, tier))


def _pairs(*ranges: str) -> list[dict[str, str]]:
    return [{"ipAddress": one} for one in ranges]


def _here(case: Case) -> Case:
    return Case(**{**vars(case), "stack": UPLINK})


_INSIDE, _TUNNEL, _EXCHANGE = _group("exchange"), _group("uplink"), _group("exchange", "security")
_DATA = _group("data", "security")
_INNER = but(PORT, tags=_tags("exchange"), allowedAddressPairs=_pairs(*_PROVINCE))
_OUTER = but(PORT, tags=_tags("uplink"))
_OUT: dict[str, Any] = {"direction": "egress", "portRangeMin": 8443, "portRangeMax": 8443}
_TO_PROVINCE = [
    way(_EXCHANGE, **_OUT, remoteIpPrefix=one, ethertype=f"IPv{4 + 2 * n}") for n, one in enumerate(_PROVINCE)
]
_DIGGING: dict[str, Any] = {"direction": "egress", "protocol": "udp", "portRangeMin": 51820, "portRangeMax": 51820}
_TO_ITS_END = way(_TUNNEL, **_DIGGING, remoteIpPrefix="198.18.0.2/32")
_ROUTER = server(metadata=labels(unit="uplink", system="shared", tier="border", zone="uplink", owner="bureau"))

CASES = [
    _here(conform("port-address-pairs", _INNER)),
    _here(nonconform("port-address-pairs", but(_INNER, allowedAddressPairs=_pairs("10.0.0.0/8")))),
    _here(nonconform("port-address-pairs", but(_OUTER, allowedAddressPairs=_pairs(*_PROVINCE)))),
    # What calls itself a border router in another unit is none.
    nonconform("port-address-pairs", _INNER),
    _here(conform("zone-tier", _ROUTER)),
    nonconform("zone-tier", _ROUTER),
    _here(nonconform("zone-tier", but(_ROUTER, metadata={**labels(), "tier": "border", "zone": "data"}))),
    _here(conform("zone-flow", _TO_PROVINCE[0], _EXCHANGE)),
    _here(nonconform("zone-flow", but(_TO_PROVINCE[0], portRangeMin=22, portRangeMax=22), _EXCHANGE)),
    _here(nonconform("zone-flow", way(_DATA, **_OUT, remoteIpPrefix="10.32.1.0/24"), _DATA)),
    _here(conform("exposure-egress", _TO_PROVINCE[1], _EXCHANGE)),
    _here(conform("exposure-egress", _TO_ITS_END, _TUNNEL)),
    _here(nonconform("exposure-egress", but(_TO_ITS_END, portRangeMax=51821), _TUNNEL)),
    _here(nonconform("exposure-egress", but(_TO_ITS_END, remoteIpPrefix="198.18.0.0/15"), _TUNNEL)),
    nonconform("exposure-egress", _TO_ITS_END, _TUNNEL),
    _here(conform("ipv6-rules", _TUNNEL, _TO_ITS_END)),
    _here(nonconform("ipv6-rules", _EXCHANGE, _TO_PROVINCE[0])),
    _here(conform("ipv6-rules", _EXCHANGE, *_TO_PROVINCE)),
]
