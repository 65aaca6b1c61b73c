"""What a server of the cloud in memory would tell: made up from its settings and from what the cloud has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.verify.fake_cloud import FakeCloud

GIB = 1 << 30


@dataclass
class Guest:
    """One server's inside."""

    settings: dict[str, Any]
    mark: str
    boots: int = 1
    beats: int = 0
    asked: dict[str, Any] = field(default_factory=lambda: {"total": 0, "failed": 0, "by": {}})
    disks: dict[str, dict[str, Any]] = field(default_factory=dict)

    def state(self, cloud: FakeCloud, server: dict[str, Any]) -> dict[str, Any]:
        """Return the next state."""
        self.beats += 1
        self._use(cloud, server)
        if self.settings.get("ask"):
            for _ in range(4):
                self._ask(cloud)
        return {"mark": self.mark, "boots": self.boots, "beats": self.beats, "disks": self.disks, "asked": self.asked}

    def _use(self, cloud: FakeCloud, server: dict[str, Any]) -> None:
        for volume in cloud.of("volume").values():
            if volume.get("_server") != server["id"] or volume["size"] * GIB not in self.settings["disk_bytes"]:
                continue
            if "disk not seen" in cloud.faults:
                continue
            grown = volume["size"] * GIB != self.settings["disk_bytes"][0]
            seen: dict[str, Any] = {"bytes": volume["size"] * GIB, "kept": "disk forgets" not in cloud.faults}
            if grown:
                seen["end"] = "end not writable" not in cloud.faults
            self.disks["/dev/vdb"] = seen

    def _ask(self, cloud: FakeCloud) -> None:
        """Ask the members behind the address in turn."""
        address = self.settings["ask"]["address"]
        members = [
            one
            for one in cloud.of("member").values()
            if cloud.of("loadbalancer")[one["_balancer"]]["vip_address"] == address
        ]
        self.asked["total"] += 1
        if not members:
            self.asked["failed"] += 1
            return
        turn = 0 if "balances to one" in cloud.faults else self.asked["total"]
        member = members[turn % len(members)]
        alive = [one for one in members if self._name(cloud, one)]
        if not self._name(cloud, member) and alive and "no failover" not in cloud.faults:
            member = alive[0]
        name = self._name(cloud, member)
        if name:
            self.asked["by"][name] = self.asked["by"].get(name, 0) + 1
        else:
            self.asked["failed"] += 1

    @staticmethod
    def _name(cloud: FakeCloud, member: dict[str, Any]) -> str:
        """Return what answers at a member's address, if anything does."""
        if member["protocol_port"] != 8080 or "wrong member" in cloud.faults:
            return ""
        for server in cloud.of("server").values():
            if server.get("_address") == member["address"]:
                return str((server["_guest"].settings.get("serve") or {}).get("name", ""))
        return ""
