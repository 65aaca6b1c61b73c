"""Who a lab is on its machine: names and addresses derived from the checkout's path.

198.18.0.0/15 is set aside for tests of networks (RFC 2544) and appears on no real one. A lab takes a number: its link
to the machine is 198.18.<number>.0/30, its floating addresses are 198.19.<number>.0/24; IPv6 the same way below
unique-local prefixes.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import asdict, dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from govcloud.core.cache import locked
from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.files import write_atomically
from govcloud.core.workspace import Workspace, user_cache

NUMBERS = 254
# Inside a lab only, so the same in every one: a host of the network that the environment names for shared services.
MIRROR = "10.20.0.2"
# Likewise: the province's edge and the provider's end of the line to it. No lab has this number;
# 198.18.254.0/23 is the function test's.
PROVINCE_GATEWAY, PROVINCE = "198.18.0.1", "198.18.0.2"


@dataclass(frozen=True)
class Identity:
    """Names and addresses of one lab."""

    lab_id: str
    number: int

    @property
    def link(self) -> str:
        """Name of the machine's end of the one link between machine and lab."""
        return self.lab_id

    @property
    def machine_address(self) -> str:
        """The machine's address on the link."""
        return f"198.18.{self.number}.1"

    @property
    def lab_address(self) -> str:
        """The lab's address on the link: every API listens here."""
        return f"198.18.{self.number}.2"

    @property
    def machine_address6(self) -> str:
        """The machine's IPv6 address on the link."""
        return f"fd18:{self.number:x}::1"

    @property
    def lab_address6(self) -> str:
        """The lab's IPv6 address on the link."""
        return f"fd18:{self.number:x}::2"

    @property
    def floating(self) -> IPv4Network:
        """The external network: routers' gateways and floating addresses."""
        return IPv4Network(f"198.19.{self.number}.0/24")

    @property
    def floating6(self) -> IPv6Network:
        """The external network's IPv6 block."""
        return IPv6Network(f"fd19:{self.number:x}:1::/64")

    @property
    def floating_gateway(self) -> str:
        """The provider's router on the external network: the lab's own end."""
        return str(self.floating[1])

    @property
    def floating6_gateway(self) -> str:
        """The provider's IPv6 router on the external network."""
        return str(self.floating6[1])

    @property
    def mirror_address(self) -> str:
        """The city's package mirror, in the management zone like every service that the platform gives to all."""
        return MIRROR


def load(workspace: Workspace) -> Identity | None:
    """Return the identity this checkout has, or None when it never had a lab."""
    file = _file(workspace)
    return Identity(**json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None


def establish(workspace: Workspace) -> Identity:
    """Return this checkout's identity, choosing a free number the first time.

    Labs of the machine choose one after another, so that two started together do not take the same number.
    """
    known = load(workspace)
    if known:
        return known
    seed = hashlib.sha256(str(workspace.root).encode()).digest()
    with locked(user_cache() / "lab-numbers.lock"):
        taken = _taken_numbers()
        wanted = int.from_bytes(seed[:4], "big")
        free = (number for step in range(NUMBERS) if (number := 1 + (wanted + step) % NUMBERS) not in taken)
        number = next(free, 0)
        if not number:
            message = "198.18.0.0/16: every lab number is in use. Fix: run `make clean` in checkouts no longer needed"
            raise GovcloudError(message, status=Exit.SAFETY_RULE)
        identity = Identity(f"gc{seed.hex()[:6]}", number)
        write_atomically(_file(workspace), json.dumps(asdict(identity)))
        _claim(number, workspace)
    return identity


def _file(workspace: Workspace) -> Path:
    return workspace.lab / "identity.json"


def _claims() -> Path:
    return user_cache() / "lab-numbers.json"


def _claim(number: int, workspace: Workspace) -> None:
    claims = json.loads(_claims().read_text(encoding="utf-8")) if _claims().is_file() else {}
    write_atomically(_claims(), json.dumps({**claims, str(number): str(workspace.root)}))


def _taken_numbers() -> set[int]:
    """Numbers of checkouts that still have their lab, and of any link on the machine, whoever made it."""
    claims = json.loads(_claims().read_text(encoding="utf-8")) if _claims().is_file() else {}
    taken = {int(number) for number, root in claims.items() if (Path(root) / ".lab" / "identity.json").is_file()}
    routes = subprocess.run(["ip", "-json", "-4", "route", "show", "table", "all"], capture_output=True, check=True)
    for route in json.loads(routes.stdout or b"[]"):
        octets = str(route.get("dst", "")).partition("/")[0].split(".")
        if len(octets) == 4 and octets[0] == "198" and octets[1] in {"18", "19"}:  # noqa: PLR2004 - an address
            taken.add(int(octets[2]))
    return taken
