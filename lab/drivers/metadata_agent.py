"""Neutron's metadata agent, undisturbed by a kernel that is quicker.

The agent gives a link in a new namespace its addresses in one call, the link-local one of IPv6 among them. The kernel
makes that very address by itself as soon as the link is up. When it comes first the call fails, what was still to be
added is not, and servers of that network on that host have no metadata until something else of theirs changes.
"""

from contextlib import suppress

from neutron.agent.linux import ip_lib
from neutron.cmd.agents.ovn_metadata import main
from neutron.privileged.agent.linux.ip_lib import IpAddressAlreadyExists


def add_each(cidrs, device, namespace=None, scope="global", add_broadcast=True) -> None:  # noqa: ANN001 - neutron's own
    """Add addresses one by one; one that is there already is what was wanted."""
    for cidr in cidrs:
        with suppress(IpAddressAlreadyExists):
            ip_lib.add_ip_address(cidr, device, namespace, scope, add_broadcast)


ip_lib.add_ip_addresses = add_each
main()
