"""The internet side: from where the city is asked as its operators and as the public see it.

This machine is one such place, as far as its addresses are operators'. Another can be named: a command that gives a
shell there, and the addresses that its probes come from.
"""

from __future__ import annotations

import shlex
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from govcloud.core.errors import GovcloudError
from govcloud.core.language import tr
from govcloud.verify.city import Endpoint, Kind
from govcloud.verify.demands import Demands
from govcloud.verify.lines import Place

HERE, OUTSIDE = "here", "outside"


@dataclass(frozen=True, kw_only=True)
class Standpoint:
    """A place outside."""

    end: Endpoint
    command: Sequence[str]
    """Gives a shell there, its command line comes last."""


def here(demands: Demands, doors: Iterable[str], inner: Iterable[str]) -> Standpoint | None:
    """Return this machine, with the addresses that it would come from; nothing is sent to find them.

    IPv6 networks of guests are asked for only from an operator's address: anywhere else they are somebody else's.
    """
    addresses: dict[int, str] = {}
    door, network = next(iter(doors), None), next(iter(inner), None)
    if door and (mine := own_address(door)):
        addresses[4] = mine
    if network and (mine := own_address(network)) and demands.is_operator(mine):
        addresses[6] = mine
    return _standpoint(HERE, addresses, ("sh", "-c")) if addresses else None


def elsewhere(command: str, addresses: Sequence[str]) -> Standpoint | None:
    """Return the place that a command leads to; None where none is named."""
    if not command and not addresses:
        return None
    if not command or not addresses:
        raise GovcloudError(tr("--outside needs --outside-address, and the other way round"))
    found: dict[int, str] = {}
    for text in addresses:
        try:
            found[ip_address(text).version] = text
        except ValueError:
            raise GovcloudError(tr("{text} is not an address", text=text)) from None
    return _standpoint(OUTSIDE, found, shlex.split(command))


def there(province: Endpoint | None, command: str) -> Standpoint | None:
    """Return the province's end, to which a command leads; None where none is named."""
    if not command:
        return None
    if province is None:
        raise GovcloudError(tr("--province needs a witness in the environment's `uplink`"))
    return Standpoint(end=province, command=shlex.split(command))


def _standpoint(name: str, addresses: dict[int, str], command: Sequence[str]) -> Standpoint:
    end = Endpoint(name=name, kind=Kind.OUTSIDE, addresses=addresses, place=Place("zones"))
    return Standpoint(end=end, command=command)


def own_address(other: str) -> str | None:
    """Return the address from which this machine would come to another one; None without a way there."""
    with socket.socket(socket.AF_INET6 if ":" in other else socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect((other, 9))
        except OSError:
            return None
        return str(asking.getsockname()[0])
