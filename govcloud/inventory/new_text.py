"""The text of a new department and of a new system: commented, with addresses out of what is free.

Sizes, numbers of servers and ports are what most have; whoever asked for the file changes what is different with them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from govcloud.core.errors import GovcloudError
from govcloud.core.language import tr
from govcloud.core.model.access_checks import EXCHANGE
from govcloud.core.model.address_space import FIRST_NUMBER, Claim, first_free, free_number, taken_of
from govcloud.core.model.base import Tier
from govcloud.core.model.department import Department
from govcloud.core.model.inventory import Inventory

_MANAGEMENT = "management"
_REDUNDANT_FROM_LEVEL = 3
# A tier begins at a round number, so that it can grow.
_ROOM = 10
_PORTS = {Tier.WEB: 80, Tier.APPLICATION: 8080, Tier.DATABASE: 5432}
_NEEDED_BY = {Tier.WEB: Tier.APPLICATION, Tier.APPLICATION: Tier.DATABASE}


def department(inventory: Inventory, title: str, zones: Sequence[str]) -> str:
    """Return the file of a new department with a network in each of the zones."""
    lines = [
        "# yaml-language-server: $schema=../schemas/department.schema.json",
        "# Contacts are roles; names and numbers are kept elsewhere.",
        f"title: {_quoted(title)}",
        "contacts: {leader: 主管领导, staff: [业务经办人, 技术经办人]}",
        "# One network of each zone that the department uses, out of the ranges of address_plan.yaml.",
        "networks:",
    ]
    for zone in dict.fromkeys((*zones, _MANAGEMENT)):
        block = inventory.plan.zones.get(zone)
        if block is None:
            raise GovcloudError(tr("{zone} is not a zone; fix: one of: {known}", zone=zone, known=_zones(inventory)))
        ipv4 = first_free(block.ipv4, taken_of(inventory, zone, 4))
        ipv6 = first_free(block.ipv6, taken_of(inventory, zone, 6))
        if ipv4 is None or ipv6 is None:
            message = tr("{zone} has no free network; fix: give it a larger range in address_plan.yaml", zone=zone)
            raise GovcloudError(message)
        lines.append(f'  {zone}: {{ipv4: {ipv4}, ipv6: "{ipv6}"}}')
    size, image = next(iter(inventory.city.sizes)), _image(inventory)
    lines += [
        "# The one way in for operators. Systems follow: govcloud inventory add system.",
        f"bastion: {{zone: {_MANAGEMENT}, size: {size}, image: {image}, first_host: {FIRST_NUMBER}}}",
    ]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, kw_only=True)
class SystemWish:
    """What somebody wants."""

    key: str
    title: str
    level: int
    tiers: Sequence[Tier]


class NewSystem:
    """One system with tiers of the usual shape."""

    def __init__(self, inventory: Inventory, owner: Department, wish: SystemWish) -> None:
        self.inventory, self.owner, self.title, self.level = inventory, owner, wish.title, wish.level
        self.tiers = [tier for tier in Tier if tier in wish.tiers]
        self.apart = wish.level >= _REDUNDANT_FROM_LEVEL
        self.count = 2 if self.apart else 1
        self.claimed: list[Claim] = []

    def lines(self) -> list[str]:
        """Return its lines, without indentation."""
        made = [
            f"title: {_quoted(self.title)}",
            f"level: {self.level}",
            "# Whether it stands on the domestic stack (信创).",
            "xinchuang: false",
            "# public, internal, personal, certificate: whatever it keeps.",
            "data_classes: [internal]",
            "contacts: {leader: 主管领导, staff: [系统负责人]}",
            "# `first_host` is the number of the first server in the department's network of that zone.",
            "compute:",
            *(self._group(tier) for tier in self.tiers),
        ]
        if Tier.DATABASE in self.tiers:
            made += self._database()
        if Tier.WEB in self.tiers:
            number = self._number(self._zone(Tier.WEB), 1)
            front = f"{{tier: web, first_host: {number}, listeners: {{http: 80}}, floating_address: true}}"
            made += ["# The public comes through the load balancer only.", "network:", "  load_balancers:"]
            made.append(f"    front: {front}")
        return made + self._security()

    def _group(self, tier: Tier) -> str:
        zone = self._zone(tier)
        size = list(self.inventory.city.sizes)[min(list(Tier).index(tier), len(self.inventory.city.sizes) - 1)]
        rest = f"image: {_image(self.inventory)}, first_host: {self._number(zone, self.count, step=_ROOM)}"
        apart = str(self.apart).lower()
        return f"  {tier.value}: {{zone: {zone}, count: {self.count}, size: {size}, {rest}, anti_affinity: {apart}}}"

    def _database(self) -> list[str]:
        parts = f"tier: database, volume: database, port: {_PORTS[Tier.DATABASE]}, secret: database"
        kind = next(iter(next(iter(self.inventory.environments.values())).volume_types))
        return [
            "storage:",
            "  volumes:",
            "    database:",
            "      tier: database",
            "      size_gib: 100",
            f"      type: {kind}",
            "      mount: /var/lib/postgresql",
            "      # What may be lost, how long it may be away, how long copies are kept.",
            "      backup: {recovery_point_hours: 4, recovery_time_hours: 8, keep_days: 180}",
            f'database: {{engine: postgresql, version: "15", {parts}}}',
        ]

    def _security(self) -> list[str]:
        access = []
        if Tier.WEB in self.tiers:
            access.append("{from: public, to: web, ports: [80], why: citizens and companies use it}")
        for tier, needed in _NEEDED_BY.items():
            if tier in self.tiers and needed in self.tiers:
                pair = f"from: {tier.value}, to: {needed.value}, ports: [{_PORTS[needed]}]"
                access.append(f"{{{pair}, why: the {tier.value} tier works with it}}")
        if Tier.DATABASE in self.tiers and self.count > 1:
            access.append("{from: database, to: database, ports: [5432], why: the standby follows the primary}")
        made = ["  access:", *(f"    - {one}" for one in access)] if access else []
        if Tier.DATABASE in self.tiers:
            made += ["  secrets:", "    database: {why: the application signs in to the database}"]
        return ["# Who may reach what; whatever is not listed is denied.", "security:", *made] if made else []

    def _zone(self, tier: Tier) -> str:
        """Return where a tier stands: web servers in a public zone, the rest not, and nothing in the exchange."""
        zones = self.inventory.zones.zones
        fit = [
            key
            for key, zone in zones.items()
            if tier in zone.tiers and zone.level >= self.level and zone.public is (tier is Tier.WEB) and key != EXCHANGE
        ]
        found = next((key for key in fit if key in self.owner.networks), None)
        if found is None:
            values = {"tier": tier.value, "zones": ", ".join(fit)}
            raise GovcloudError(tr("the {tier} tier needs a network in one of: {zones}; fix: add it", **values))
        return found

    def _number(self, zone: str, count: int, *, step: int = 1) -> int:
        number = free_number(self.owner, zone, count, step=step, besides=self.claimed)
        if number is None:
            message = tr("the department's network in {zone} is full; fix: give it a larger one", zone=zone)
            raise GovcloudError(message)
        self.claimed.append(Claim(zone=zone, first=number, end=number + count, where=()))
        return number


def _quoted(text: str) -> str:
    """Return a text as YAML reads it; most need no quotes."""
    return text if re.fullmatch(r"[^\W\d_][\w（）、·—]*", text) else json.dumps(text, ensure_ascii=False)


def _zones(inventory: Inventory) -> str:
    return ", ".join(inventory.zones.zones)


def _image(inventory: Inventory) -> str:
    """Return the image that bastions use: it is fit for every level."""
    used = [one.bastion.image for one in inventory.departments.values() if one.bastion]
    known = [name for one in inventory.environments.values() for name in one.images]
    return (used or known)[0]
