"""The uplink: the border router between the zone that shares data with the province and the tunnel to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from govcloud.core.errors import GovcloudError
from govcloud.core.model.department import Department, Uplink
from govcloud.core.model.environment import UplinkAccess
from govcloud.core.model.rules import BORDER, BORDER_INSIDE, BORDER_TUNNEL, border_groups
from govcloud.core.model.units import department_of
from stacks.components.border import BorderServer, BorderServerArgs
from stacks.components.compute import Addresses, PortArgs, ServerNetwork
from stacks.components.security import SecurityGroups, SecurityGroupsArgs
from stacks.context import Context
from stacks.references import UnitReference


def build(context: Context) -> dict[str, pulumi.Input[object]]:
    """Make the router's groups, legs and server."""
    department = department_of(context.inventory, context.unit)
    uplink, access = department.uplink, context.environment.uplink
    if uplink is None or access is None:
        raise GovcloudError(f"{context.environment.key}: no uplink is described")
    return _Builder(context, department, uplink, access).build()


@dataclass(frozen=True)
class _Builder:
    context: Context
    department: Department
    uplink: Uplink
    access: UplinkAccess

    @property
    def name(self) -> str:
        return f"{self.context.unit.name}-{BORDER}"

    def build(self) -> dict[str, pulumi.Input[object]]:
        context, uplink = self.context, self.uplink
        zones = {BORDER_TUNNEL: uplink.zone, BORDER_INSIDE: uplink.inside}
        groups = SecurityGroups(
            f"{self.name}-groups",
            SecurityGroupsArgs(
                prefix=self.name,
                groups=border_groups(context.inventory, context.environment, self.department),
                labels={key: context.labels().at(tier=BORDER, zone=zone) for key, zone in zones.items()},
                others={},
            ),
        )
        shared = UnitReference(f"{context.environment.key}-{self.department.key}")
        of_zone = shared.text("networks", uplink.zone, "security_group_id")
        province = [str(uplink.province.ipv4), str(uplink.province.ipv6)]
        made = BorderServer(
            self.name,
            BorderServerArgs(
                flavor=context.flavor(uplink.size),
                image=context.environment.images[uplink.image],
                key_pair=shared.text("key_pair"),
                outside=self._leg(shared, uplink.zone, [of_zone, groups.ids[BORDER_TUNNEL]]),
                inside=self._leg(shared, uplink.inside, [groups.ids[BORDER_INSIDE]], province),
            ),
        )
        addresses = self._addresses(uplink.zone)
        server = {
            "id": made.server_id,
            "ipv4": addresses.ipv4,
            "ipv6": addresses.ipv6,
            "tier": BORDER,
            "zone": uplink.zone,
            "level": context.labels().level,
        }
        return {"servers": {self.name: server}, "border_router": self._told()}

    def _leg(
        self, shared: UnitReference, zone: str, groups: Sequence[pulumi.Input[str]], passes: Sequence[str] = ()
    ) -> PortArgs:
        return PortArgs(
            network=ServerNetwork.of(shared, zone),
            addresses=self._addresses(zone),
            security_group_ids=groups,
            labels=self.context.labels().at(tier=BORDER, zone=zone),
            passes=passes,
        )

    def _addresses(self, zone: str) -> Addresses:
        return Addresses.of(self.department.networks[zone], self.uplink.first_host)

    def _told(self) -> dict[str, object]:
        """Return what the router is told, of the shape `BorderRouter`."""
        uplink = self.uplink
        inner, tunnel = self.department.networks[uplink.inside], (uplink.tunnel.ipv4, uplink.tunnel.ipv6)
        inside, flows = self._addresses(uplink.inside), self.context.inventory.zones.zones[uplink.inside].flows
        return {
            "as_number": uplink.as_number,
            "neighbour_as": uplink.province.as_number,
            "addresses": [f"{one[1]}/{one.prefixlen}" for one in tunnel],
            "neighbours": [str(one[2]) for one in tunnel],
            "endpoint": self.access.endpoint,
            "shared": [str(inner.ipv4), str(inner.ipv6)],
            "inside": [inside.ipv4, inside.ipv6],
            "province": [str(uplink.province.ipv4), str(uplink.province.ipv6)],
            "ports": [port for flow in flows if flow.to == uplink.zone for port in flow.ports],
            "most_networks": uplink.province.most_networks,
            "key": self.access.key,
            "neighbour_key": self.access.neighbour_key,
        }
